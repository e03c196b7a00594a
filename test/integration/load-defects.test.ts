/**
 * Goal: the laws of load drivers can be broken. Each planted driver is the builtin one with one defect, and the law that it breaks says so;
 * the driver without a defect keeps that law beside it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RequestRow } from '../../harness/model/recording.ts';
import { builtinDriver } from '../../harness/run/load/builtin.ts';
import type { LoadContext, LoadDriver, RunningLoad } from '../../harness/run/load/contract.ts';
import { json, serve } from './load-rig.ts';
import { LAWS } from '../contracts/load-laws.ts';

const PROMPT_MS = 1500;

let sentinel: Awaited<ReturnType<typeof serve>>;
const strays: ChildProcess[] = [];
beforeAll(async () => {
  sentinel = await serve(json({}));
});
afterAll(async () => {
  for (const stray of strays) stray.kill('SIGKILL');
  await sentinel[Symbol.asyncDispose]();
});

const rowsThrough = (change: (row: RequestRow) => readonly RequestRow[]): LoadDriver => ({
  ...builtinDriver,
  start: (context) => builtinDriver.start({ ...context, onRequests: (rows) => context.onRequests(rows.flatMap(change)) }),
});
const startedWith = (change: (context: LoadContext) => LoadContext): LoadDriver => ({
  ...builtinDriver,
  start: (context) => builtinDriver.start(change(context)),
});
const runningAs = (change: (running: RunningLoad, context: LoadContext) => RunningLoad): LoadDriver => ({
  ...builtinDriver,
  start: async (context) => change(await builtinDriver.start(context), context),
});

const OUTCOMES = 'every answer has the one outcome that fits, and what it was asked for';
const STOP = 'stop ends it soon; every arrival has its row, and disposal leaves no process';

type Defect = readonly [defect: string, breaks: string, driver: LoadDriver];

/** Each shows in what the driver told. */
const TOLD: readonly Defect[] = [
  ['loses a row', OUTCOMES, rowsThrough((row) => (row.id === 3 ? [] : [row]))],
  ['tells a row twice', OUTCOMES, rowsThrough((row) => (row.id === 3 ? [row, row] : [row]))],
  ['calls a reset a refusal', OUTCOMES, rowsThrough((row) => [row.outcome === 'reset' ? { ...row, outcome: 'refused' } : row])],
  ['reads no body', OUTCOMES, rowsThrough((row) => [{ ...row, observed: null }])],
  ['counts from when it got round to it', OUTCOMES, rowsThrough((row) => [{ ...row, intendedUs: row.startedUs ?? row.intendedUs }])],
  [
    'knows no duration of what failed',
    'the moments of a request are in order, and what took long took long',
    rowsThrough((row) => [row.status === 0 ? { ...row, endedUs: row.startedUs ?? 0 } : row]),
  ],
  [
    'takes a missing name for a refusal',
    'a server that is not there refuses, a name that nobody has is dns: no start fails for it',
    rowsThrough((row) => [row.outcome === 'dns' ? { ...row, outcome: 'refused' } : row]),
  ],
  [
    'records a trace of its own making',
    'one seed gives the same requests and trace ids whatever sends them',
    rowsThrough((row) => [{ ...row, traceId: row.traceId.split('').toReversed().join('') }]),
  ],
  [
    'has a seed of its own',
    'one seed gives the same requests and trace ids whatever sends them',
    startedWith((context) => ({ ...context, plan: { ...context.plan, seed: context.plan.seed + 1 } })),
  ],
  [
    'sends what is another driver’s',
    'sends those arrivals that are its own, and tells of its health',
    startedWith((context) => ({ ...context, ordinals: Uint32Array.from(context.plan.schedule.request.keys()) })),
  ],
  [
    'keeps its health to itself',
    'sends those arrivals that are its own, and tells of its health',
    startedWith((context) => ({ ...context, onHealth: () => undefined })),
  ],
];

/** Each shows in processes: nothing else may start or end one meanwhile. */
const PROCESSES: readonly Defect[] = [
  [
    'does not stop',
    STOP,
    runningAs((running) => ({ ...running, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](), stop: () => undefined })),
  ],
  [
    'leaves a process',
    STOP,
    runningAs((running, { runId }) => {
      strays.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env: { HALFOPEN_RUN: runId }, stdio: 'ignore' }));
      return running;
    }),
  ],
  [
    'starts what was aborted',
    'an aborted signal lets nothing start, and one that aborts meanwhile leaves nothing',
    startedWith((context) => ({ ...context, signal: new AbortController().signal })),
  ],
];

function holdTo(name: string, driver: LoadDriver): Promise<void> {
  const law = LAWS[name];
  if (law === undefined) throw new Error(`there is no law called ${name}`);
  return law({ driver, limits: [], sentinel, promptMs: PROMPT_MS });
}

// They wait for time-outs and drains most of the time, and so wait together.
describe.concurrent('a driver that tells what is not so', { timeout: 60_000 }, () => {
  test.each([...new Set(TOLD.map(([, name]) => name))])('the driver without a defect keeps the law: %s', async (name) => {
    await expect(holdTo(name, builtinDriver)).resolves.toBeUndefined();
  });
  test.each(TOLD)('a driver that %s breaks the law: %s', async (_, name, driver) => {
    await expect(holdTo(name, driver)).rejects.toThrow();
  });
});

test.each(PROCESSES)('a driver that %s breaks the law: %s', { timeout: 60_000 }, async (_, name, driver) => {
  await expect(holdTo(name, driver)).rejects.toThrow();
});
