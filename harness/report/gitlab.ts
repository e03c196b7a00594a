import type { Outcome } from '../model/outcome.ts';
import { clipped } from './bounded.ts';
import type { Reporter, Surroundings } from './contract.ts';
import { gitlabMetrics } from './gitlab-metrics.ts';
import { runSlug } from './html/payload.ts';
import { plainText } from './plain-text.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { countsText, scenarioRuns, worstFirst } from './scenario-runs.ts';

const LABEL_MAX = 200;
/** Links to single scenarios, so that the job's page stays one. */
const LINKS_MAX = 20;

/** For GitLab: `artifacts:reports:metrics`, which merge requests show beside the target branch's, and links for `annotations`. */
export const gitlab: Reporter<RunNote> = {
  kind: 'gitlab',
  file: 'gitlab-metrics.txt',
  digest: noteOf,
  render: gitlabMetrics,
  beside: [{ file: 'gitlab-annotations.json', render: gitlabAnnotations }],
};

/** Links from the job's page to the report; none where nobody knows its address. */
function gitlabAnnotations(outcome: Outcome, _notes: readonly RunNote[], { reportUrl }: Surroundings = {}): string {
  const links = reportUrl === undefined ? [] : linksTo(outcome, reportUrl);
  return `${JSON.stringify({ halfopen: links.map((link) => ({ external_link: link })) }, null, 2)}\n`;
}

function linksTo(outcome: Outcome, reportUrl: string): readonly { readonly label: string; readonly url: string }[] {
  const counts = countsText(outcome.scenarios.map(({ verdict }) => verdict));
  const scenarios = worstFirst(scenarioRuns(outcome)).filter(({ verdict }) => verdict !== 'pass');
  return [
    { label: `halfopen report: ${counts}`, url: reportUrl },
    ...scenarios.slice(0, LINKS_MAX).map(({ name, verdict, runs }) => {
      const worst = runs.find(({ scenario }) => scenario.verdict === verdict) ?? runs[0];
      const label = clipped(plainText(`${verdict}: ${name}`).replace(/\s+/g, ' '), LABEL_MAX);
      return { label, url: `${reportUrl}#/s/${encodeURIComponent(runSlug(outcome, worst.index))}` };
    }),
  ];
}
