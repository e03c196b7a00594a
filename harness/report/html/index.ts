import type { Outcome } from '../../model/outcome.ts';
import type { Reporter } from '../contract.ts';
import { digestRun, type RunDigest } from './digest.ts';
import { pack } from './pack.ts';
import { escapeHtml, pageTitle, summaryHtml } from './page.ts';
import { embed, PICTURES_MAX_BYTES } from './pictures.ts';
import { PAYLOAD_VERSION, type SuitePayload } from './payload.ts';
import { viewerPage } from './viewer.generated.ts';

/** One file that opens from disk: verdicts in plain HTML, everything else drawn by the viewer from packed data. */
export const html: Reporter<RunDigest> = {
  kind: 'html',
  file: 'report.html',
  digest: digestRun,
  async render(outcome, digests) {
    const parts: Readonly<Record<string, string>> = {
      TITLE: escapeHtml(pageTitle(outcome)),
      SUMMARY: summaryHtml(outcome),
      DATA: await dataBlocks(outcome, digests),
    };
    // One pass: what is inserted is not searched again, and a function's result knows no `$&`.
    return viewerPage.replace(/%%(TITLE|SUMMARY|DATA)%%/g, (marker, name: string) => parts[name] ?? marker);
  },
};

/** The suite's data in one block and each run's in its own, so that a page decodes only what it shows. */
async function dataBlocks(outcome: Outcome, digests: readonly RunDigest[]): Promise<string> {
  const suite: SuitePayload = { version: PAYLOAD_VERSION, outcome: withoutEvidence(outcome), runs: digests.map(({ summary }) => summary) };
  const blocks = [`<script type="application/octet-stream" id="halfopen-suite">${await pack(suite)}</script>`];
  const embedded = embed(
    digests.map(({ pictures }) => pictures),
    PICTURES_MAX_BYTES,
  );
  for (const [place, { summary, detail }] of digests.entries()) {
    const { lines = [], views = [], files = detail.pictureFiles } = embedded[place] ?? {};
    const whole = { ...detail, pictures: views, pictureFiles: files };
    blocks.push(`<script type="application/octet-stream" id="halfopen-run-${summary.index}">${await pack(whole)}</script>`);
    // Pictures are as small as they get: packed once more they would only grow.
    if (lines.length > 0)
      blocks.push(`<script type="application/octet-stream" id="halfopen-pictures-${summary.index}">${lines.join('\n')}</script>`);
  }
  return blocks.join('\n');
}

/** Each run's data holds the evidence that it links; a finding that cites every request would weigh more than all charts. */
function withoutEvidence(outcome: Outcome): Outcome {
  return {
    ...outcome,
    scenarios: outcome.scenarios.map((scenario) => ({
      ...scenario,
      findings: scenario.findings.map((finding) => ({ ...finding, evidence: [] })),
    })),
  };
}
