import { statSync } from 'node:fs';
import { join } from 'node:path';
import paymentsOutage from '../../scenarios/payments-outage.chaos.ts';
import { defineConfig, planScenario } from '../../harness/index.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { redactorOf } from '../../harness/model/redact.ts';
import { createRecorder, createStore } from '../../harness/recording/index.ts';
import { inventRecording } from './analysis-recording.ts';
import type { ReadJob, ReadTimes } from './analysis-reader.ts';
import { startChild } from './child.ts';
import { ratio, table } from './markdown.ts';
import { summarised } from './measure.ts';
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
  for (let round = 0; round < rounds; round++) {
    // A fresh process each time: no round reads with the heap of another.
    await using reader = startChild<ReadJob, ReadTimes>('./analysis-reader.ts');
    const read = await reader.ask({ path, htmlPath });
    say(`load ${seconds(read.loadMs)}, judge ${seconds(read.judgeMs)}, report ${seconds(read.reportMs)}: ${read.verdict}`);
    times.push(read);
  }
  const [first] = times;
  if (first === undefined || first.verdict !== 'pass')
    throw new Error(`Cannot measure the analysis as the invented run must pass: it is ${first?.verdict}. ${first?.sentence}`);
  const opened = await openTimes(htmlPath, folder, { hash: '#/s/payments-outage', rounds: isQuick ? 1 : 3 });
  const median = (key: 'loadMs' | 'plainReadMs' | 'judgeMs' | 'sortMs' | 'reportMs' | 'peakBytes'): number =>
    summarised(
      key,
      times.map((entry) => entry[key]),
    ).median;
  const openedMs = (name: string): number => opened?.find((entry) => entry.name === name)?.median ?? Number.NaN;
  const storeBytes = statSync(path).size;
  const rows = [
    ['write', seconds(writeMs), '–', '–', `${Math.round((first.requests + first.exchanges) / (writeMs / 1000) / 1000)} k rows/s`],
    [
      'load',
      seconds(median('loadMs')),
      `plain SELECT * ${seconds(median('plainReadMs'))}`,
      ratio(median('loadMs'), median('plainReadMs')),
      '≤ 4 s',
    ],
    [
      'judge',
      seconds(median('judgeMs')),
      `one sort of all latencies ${seconds(median('sortMs'))}`,
      ratio(median('judgeMs'), median('sortMs')),
      '≤ 3 s',
    ],
    [
      'HTML report, made',
      seconds(median('reportMs')),
      `load ${seconds(median('loadMs'))}`,
      ratio(median('reportMs'), median('loadMs')),
      '–',
    ],
    [
      'HTML report, size',
      megabytes(first.reportBytes),
      `recording ${megabytes(storeBytes)}`,
      ratio(first.reportBytes, storeBytes),
      '≤ 5 MB',
    ],
  ];
  if (opened !== null) {
    for (const [title, name] of [
      ['HTML report, opened', 'overview'],
      ["HTML report, the run's page opened", 'run'],
    ] as const) {
      rows.push([
        title,
        seconds(openedMs(name)),
        `empty page ${seconds(openedMs('empty page'))}`,
        ratio(openedMs(name), openedMs('empty page')),
        '≤ 2 s',
      ]);
    }
  }
  return [
    table(['what', 'halfopen', 'beside', 'ratio', 'goal'], rows),
    '',
    `An invented run of \`payments-outage\` with ${first.requests} requests and ${first.exchanges} exchanges, written through the real recorder, read and judged by a fresh`,
    `process (${rounds} round${rounds === 1 ? '' : 's'}, peak ${megabytes(median('peakBytes'))}). Verdict: ${first.verdict}.${opened === null ? ' No Chromium here: not opened.' : ''}`,
  ].join('\n');
}

function planFor(arrivals: number): Plan {
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
  using recorder = createRecorder({ store: createStore(path), redactor: redactorOf(), limits: plan.limits, onFailure: fail });
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
