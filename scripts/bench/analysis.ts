import { statSync } from 'node:fs';
import { join } from 'node:path';
import paymentsOutage from '../../scenarios/payments-outage.chaos.ts';
import { defineConfig, planScenario } from '../../harness/index.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { redactorOf } from '../../harness/model/redact.ts';
import { createRecorder, createStore } from '../../harness/recording/index.ts';
import { inventedRun, inventRecording } from './analysis-recording.ts';
import type { ReadQuestion, ReadTimes } from './analysis-reader.ts';
import { startChild } from './child.ts';
import { ratio, table } from './markdown.ts';
import { summarised, type Measured } from './measure.ts';
import { openTimes } from './open-report.ts';
import type { BenchOptions, BenchPart } from './part.ts';

export const analysisBench: BenchPart = { name: 'analysis', title: 'Analysis and report of a large run', run };

const TIMELINE_MS = 60_000;

async function run({ isQuick, folder, say }: BenchOptions): Promise<string> {
  const [arrivals, rounds] = isQuick ? [200_000, 1] : [1_000_000, 3];
  const path = join(folder, 'recording.sqlite');
  const htmlPath = join(folder, 'report.html');
  const writeMs = write(planFor(arrivals), path);
  say(`${arrivals} arrivals written in ${seconds(writeMs)}`);
  const times: ReadTimes[] = [];
  const plainReadsMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const read = await ask<ReadTimes>({ kind: 'halfopen', path, htmlPath });
    plainReadsMs.push(await ask<number>({ kind: 'plain', path }));
    say(`load ${seconds(read.loadMs)}, judge ${seconds(read.judgeMs)}, report ${seconds(read.reportMs)}: ${read.verdict}`);
    if (read.verdict !== 'pass')
      throw new Error(`Cannot measure the analysis as the invented run must pass: ${read.verdict}. ${read.sentence}`);
    times.push(read);
  }
  const opened = await openTimes(htmlPath, folder, { hash: '#/s/payments-outage', rounds });
  return describe({ times, plainReadMs: summarised('plain read', plainReadsMs).median, writeMs, storeBytes: statSync(path).size, opened });
}

/** A fresh process each time: nothing is read with the heap of another. */
async function ask<R>(question: ReadQuestion): Promise<R> {
  await using reader = startChild<ReadQuestion, R>('./analysis-reader.ts');
  return await reader.ask(question);
}

interface Results {
  readonly times: readonly ReadTimes[];
  readonly plainReadMs: number;
  readonly writeMs: number;
  readonly storeBytes: number;
  readonly opened: readonly Measured[] | null;
}

type TimeKey = 'loadMs' | 'judgeMs' | 'sortMs' | 'reportMs' | 'peakBytes';

function describe({ times, plainReadMs, writeMs, storeBytes, opened }: Results): string {
  const median = (key: TimeKey): number =>
    summarised(
      key,
      times.map((entry) => entry[key]),
    ).median;
  const [{ requests, exchanges, reportBytes } = { requests: 0, exchanges: 0, reportBytes: 0 }] = times;
  const beside = (title: string, ownMs: number, rival: string, rivalMs: number, goal: string): string[] => [
    title,
    seconds(ownMs),
    `${rival} ${seconds(rivalMs)}`,
    ratio(ownMs, rivalMs),
    goal,
  ];
  const openedMs = (name: string): number => opened?.find((entry) => entry.name === name)?.median ?? Number.NaN;
  const rowsPerSecond = Math.round((requests + exchanges) / writeMs);
  const rows = [
    ['write', seconds(writeMs), '–', '–', `(${rowsPerSecond} k rows/s)`],
    beside('load', median('loadMs'), 'plain SELECT *', plainReadMs, '≤ 4 s'),
    beside('judge', median('judgeMs'), 'one sort of all latencies', median('sortMs'), '≤ 3 s'),
    beside('HTML report, made', median('reportMs'), 'load', median('loadMs'), '–'),
    [
      'HTML report, size',
      megabytes(reportBytes),
      `recording ${megabytes(storeBytes)}`,
      `1/${Math.round(storeBytes / reportBytes)}`,
      '≤ 5 MB',
    ],
  ];
  if (opened !== null) {
    rows.push(beside('HTML report, opened', openedMs('overview'), 'empty page', openedMs('empty page'), '≤ 2 s'));
    rows.push(beside("HTML report, run's page opened", openedMs('run'), 'empty page', openedMs('empty page'), '≤ 2 s'));
  }
  return [
    table(['what', 'halfopen', 'beside', 'ratio', 'goal'], rows),
    '',
    `An invented run of \`payments-outage\` with ${requests} requests and ${exchanges} exchanges, written through the real recorder, read and judged by a fresh`,
    `process each round (${times.length}; peak ${megabytes(median('peakBytes'))}). Verdict: pass.${opened === null ? ' No Chromium here: not opened.' : ''}`,
  ].join('\n');
}

/** The plan of `payments-outage` with so many arrivals in a minute. */
export function planFor(arrivals: number): Plan {
  const scenario = {
    ...paymentsOutage,
    name: 'payments-outage',
    load: { ...paymentsOutage.load, arrivals: { kind: 'constant', ratePerSecond: arrivals / (TIMELINE_MS / 1000) } as const },
  };
  const plan = (recoveryMs: number): Plan =>
    planScenario(
      { ...scenario, timeline: { ...scenario.timeline, recoveryMs } },
      { config: defineConfig({}), environment: 'embedded', seed: 7, pace: 'full', overrides: {} },
    );
  const restMs = (plan(scenario.timeline.recoveryMs).phases.at(-1)?.fromUs ?? 0) / 1000;
  return plan(TIMELINE_MS - restMs);
}

function write(plan: Plan, path: string): number {
  const beganMs = performance.now();
  const fail = (error: Error): never => {
    throw error;
  };
  using recorder = createRecorder({
    store: createStore(path, inventedRun(plan)),
    redactor: redactorOf(),
    limits: plan.limits,
    onFailure: fail,
  });
  inventRecording(plan, recorder.append);
  recorder.flush();
  return performance.now() - beganMs;
}

function seconds(lengthMs: number): string {
  return `${(lengthMs / 1000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
