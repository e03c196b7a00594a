/** Reads a recording back in a process of its own, with a heap of its own: load, judge, report, and what each is compared with. */
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { analyze } from '../../harness/analysis/analyze.ts';
import { responseMs } from '../../harness/analysis/series.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { html } from '../../harness/report/html/index.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { answerQuestions } from './child.ts';

export interface ReadJob {
  readonly path: string;
  readonly htmlPath: string;
}

/** What is to be timed: halfopen, or the rival's plain read, which must not leave its garbage in the other's heap. */
export type ReadQuestion = ({ readonly kind: 'halfopen' } & ReadJob) | { readonly kind: 'plain'; readonly path: string };

export interface ReadTimes {
  readonly requests: number;
  readonly exchanges: number;
  readonly loadMs: number;
  readonly judgeMs: number;
  readonly sortMs: number;
  readonly reportMs: number;
  readonly reportBytes: number;
  readonly peakBytes: number;
  readonly verdict: string;
  readonly sentence: string;
}

answerQuestions<ReadQuestion, ReadTimes | number>((question) =>
  question.kind === 'plain' ? timed(() => readPlainly(question.path)) : readBack(question),
);

async function readBack({ path, htmlPath }: ReadJob): Promise<ReadTimes> {
  const [recording, loadMs] = await timedResult(() => loadRecording(path));
  const [verdict, judgeMs] = await timedResult(() => judge(analyze(recording, recording.run.plan.expectations)));
  const sortMs = await timed(() => Float64Array.from(recording.requests, responseMs).sort());
  const { name, title } = recording.run.plan.scenario;
  const outcome: Outcome = {
    schemaVersion: 1,
    verdict: verdict.verdict,
    scenarios: [
      {
        name,
        title,
        verdict: verdict.verdict,
        sentence: verdict.sentence,
        seed: recording.run.plan.seed,
        runId: recording.run.runId,
        folder: `${name}/${recording.run.runId}`,
        durationMs: (recording.run.plan.phases.at(-1)?.toUs ?? 0) / 1000,
        replay: `npx halfopen run ${name}`,
        findings: verdict.findings,
      },
    ],
  };
  const [page, reportMs] = await timedResult(async () => html.render(outcome, [html.digest({ recording, verdict, index: 0 })]));
  writeFileSync(htmlPath, page);
  return {
    requests: recording.requests.length,
    exchanges: recording.exchanges.length,
    loadMs,
    judgeMs,
    sortMs,
    reportMs,
    reportBytes: Buffer.byteLength(page),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    verdict: verdict.verdict,
    sentence: verdict.sentence,
  };
}

/** What `node:sqlite` itself takes to bring the same rows as plain objects. */
function readPlainly(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  for (const name of ['requests', 'exchanges', 'effects']) database.prepare(`SELECT * FROM ${name}`).all();
  database.close();
}

async function timedResult<T>(act: () => T | Promise<T>): Promise<readonly [T, number]> {
  const beganMs = performance.now();
  const result = await act();
  return [result, performance.now() - beganMs];
}

async function timed(act: () => unknown): Promise<number> {
  return (await timedResult(act))[1];
}
