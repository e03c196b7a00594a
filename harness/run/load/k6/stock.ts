import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LIMITS } from '../../../model/limits.ts';
import { HarnessError } from '../../../model/problem.ts';
import { withLines, type K6Exit } from './exit.ts';
import type { GenericShare } from './generic-load.ts';
import { startHere } from './here.ts';
import type { K6Start, StartedK6 } from './in-container.ts';
import { openK6Log, type K6Log } from './log.ts';
import type { K6Invocation, K6Launch, K6Process } from './process.ts';
import { makePrivateFolder } from './private-folder.ts';
import { K6_PROTOCOL, type End, type Hello } from './protocol.ts';
import { runnerPlanOf } from './runner-plan.ts';
import { readWallClock, relayPoints } from './stock-output.ts';
import type { StockArrival, StockPlan } from './stock-plan.ts';
import { stockRunnerScript } from './stock-runner.generated.ts';

/** From SIGTERM to SIGKILL, in milliseconds. */
const PATIENCE_MS = 2000;
const VERSION_WITHIN_MS = 5000;

/** What the evidence of a k6 without the extension lacks; told in every run that rests on it. */
const STOCK_LIMITS: readonly string[] = [
  "k6 has no extension k6/x/halfopen: calls are told by k6's own JSON output, about 4 kB each, which costs k6 about twice the processor time",
  'a call begins when the script makes it: it is a little earlier than on the wire',
  'an arrival for which no virtual user is free is up to 500 ms late before it is shed',
  'each call has a connection of its own',
  'an answer whose body stalls or breaks off has no status',
  "k6's own health (processor, memory, late starts of its own) is not known",
  'moments are wall-clock time: a clock that is set during the run bends them',
];

/** How the generic load runs on such a k6. */
export const stockTier: K6Tier = { start: startStockK6, prepare: prepareStock, limits: STOCK_LIMITS };

/** What is different about a kind of k6. */
export interface K6Tier {
  start(launch: K6Launch): Promise<K6Process>;
  prepare(folder: string, given: GenericShare, vus: number): Promise<K6Invocation>;
  /** What its evidence lacks. */
  readonly limits: readonly string[];
}

async function prepareStock(folder: string, { context, load, share }: GenericShare, vus: number): Promise<K6Invocation> {
  const { plan, runId, entry } = context;
  const runnerPlan = runnerPlanOf({ plan, load, runId, entry, arrivals: share.ordinals.length, vus });
  const stockPlan: StockPlan = {
    ...runnerPlan,
    options: stockOptions(runnerPlan.options as RunnerOptions),
    bodies: load.requests.map(({ observe, schema }) => observe !== undefined || schema !== undefined),
    bodyLength: LIMITS.bodyBytes,
  };
  const arrivals = Array.from(share.ordinals, (ordinal, place): StockArrival => {
    return { ordinal, atUs: share.intendedUs[place] ?? 0, request: share.request[place] ?? 0 };
  });
  const paths = { script: join(folder, 'runner.js'), plan: join(folder, 'plan.json'), arrivals: join(folder, 'arrivals.json') };
  await writeFile(paths.script, stockRunnerScript);
  await writeFile(paths.plan, JSON.stringify(stockPlan));
  await writeFile(paths.arrivals, JSON.stringify(arrivals));
  await writeFile(join(folder, 'config.json'), '{}');
  return {
    args: ['--config', join(folder, 'config.json'), '--no-thresholds', paths.script],
    env: { HALFOPEN_K6_PLAN: paths.plan, HALFOPEN_K6_ARRIVALS: paths.arrivals },
  };
}

/**
 * Starts a k6 that has no extension, and lets it look like one that has: what its script tells through k6's JSON output becomes the
 * records of the extension. The output is k6's stdout, whose reader it does not survive; it lags by up to 4 kB.
 *
 * @throws {HarnessError} if k6 does not start
 */
async function startStockK6(launch: K6Launch): Promise<K6Process> {
  const { runFolder, instance, redact, signal } = launch;
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makePrivateFolder(launch));
  await mkdir(join(runFolder, 'logs'), { recursive: true });
  const log = stack.use(openK6Log(join(runFolder, 'logs', `${instance}.log`), redact));
  const startLine = stack.use(await openStartLine(() => launch.onRecords([{ t: 'waiting', vus: Infinity }])));
  const hello = await helloOf(launch.executable);
  const started = await startHere(startOf(launch, await launch.prepare(folder.path), startLine.url));
  const [points, ...messages] = started.output;
  if (points === undefined) throw new HarnessError('Cannot read what k6 says as it has no output');
  for (const stream of messages) log.read(stream);
  const wall = readWallClock();
  const told = relayPoints(points, launch, (wallUs) => wallUs - wall.aheadUs);
  const ending = followEnd(started, told, log, launch);
  stack.defer(() => ending.end());
  const kept = stack.move();
  return {
    hello,
    api: null,
    send: (message) => {
      if (message.c === 'begin') startLine.cross((message.at + wall.aheadUs) / 1000);
    },
    readClock: async () => ({ offsetUs: 0, uncertaintyUs: wall.uncertaintyUs }),
    stop: ending.stop,
    exited: ending.exited,
    quote: (message) => withLines(message, log.lastLines()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function startOf({ instance, executable, runId }: K6Launch, { args, env }: K6Invocation, startUrl: string): K6Start {
  const ours = ['--quiet', '--no-color', '--no-usage-report', '--summary-mode=disabled', '--out', 'json=-'];
  return {
    instance,
    executable,
    args: ['run', ...ours, ...args],
    files: [],
    env: {
      ...env,
      HALFOPEN_RUN: runId,
      HALFOPEN_K6_START: startUrl,
      K6_NO_USAGE_REPORT: 'true',
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    },
  };
}

interface Ending extends Pick<K6Process, 'stop' | 'exited'> {
  end(): Promise<void>;
}

function followEnd(started: StartedK6, told: Promise<End>, log: K6Log, { onRecords }: Pick<K6Launch, 'onRecords'>): Ending {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    started.signal('SIGTERM');
    timer = setTimeout(() => started.signal('SIGKILL'), PATIENCE_MS);
  };
  const follow = async (): Promise<K6Exit> => {
    // The output ends with the process: nothing of it comes later.
    const end = await told;
    const exit = await started.exited;
    clearTimeout(timer);
    onRecords([end]);
    return { ...exit, isStopped, lastLines: log.lastLines() };
  };
  const exited = follow();
  // Whoever waits for it sees the rejection; nobody has to.
  exited.catch(() => undefined);
  return {
    stop,
    exited,
    async end() {
      stop();
      await started.exited;
      clearTimeout(timer);
    },
  };
}

/** As much of the generic runner's options as is changed. */
interface RunnerOptions {
  readonly scenarios: { readonly arrivals: { readonly maxDuration: string; readonly gracefulStop: string } };
}

function stockOptions({ scenarios, ...options }: RunnerOptions): object {
  const { maxDuration, gracefulStop } = scenarios.arrivals;
  const pulse = { executor: 'per-vu-iterations', exec: 'keepFlowing', vus: 1, iterations: 1, maxDuration, gracefulStop };
  return {
    ...options,
    scenarios: { ...scenarios, pulse },
    setupTimeout: '15m',
    // A kept connection may be stale when its virtual user's turn comes again, and Go repeats some calls on such ones unseen.
    noConnectionReuse: true,
  };
}

interface StartLine extends AsyncDisposable {
  readonly url: string;
  /** Lets k6 go: its schedule begins at this moment, in milliseconds of wall-clock time. */
  cross(wallMs: number): void;
}

/** Where the script asks when it shall begin; the answer waits until that is known. */
async function openStartLine(onAsked: () => void): Promise<StartLine> {
  let waiting: ServerResponse | undefined;
  const server = createServer((_request, response) => {
    waiting = response;
    onAsked();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    cross: (wallMs) => waiting?.end(String(wallMs)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function helloOf(executable: string): Promise<Hello> {
  const { stdout } = await promisify(execFile)(executable, ['version'], { timeout: VERSION_WITHIN_MS }).catch((error: Error) => {
    throw new HarnessError(`Cannot ask ${executable} for its version: ${error.message}`, { cause: error });
  });
  const [k6 = 'of unknown version'] = /v\d+\.\d+\.\d+\S*/.exec(stdout) ?? [];
  const [go = 'an unknown Go'] = /go\d+\.\d+(?:\.\d+)?/.exec(stdout) ?? [];
  return { t: 'hello', protocol: K6_PROTOCOL, extension: 'none', k6, go, pid: 0, scenarios: {}, thresholds: {}, segment: null };
}
