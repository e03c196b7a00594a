import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { LoadContext, RunningLoad } from '../contract.ts';
import type { Totals } from '../messages.ts';
import { INSTANCE } from './arrival-row.ts';
import { SCRATCH_PREFIX, type BrowserJob, type CheckJob, type FromBrowser, type Occasion, type ToBrowser } from './messages.ts';

/** How long journeys may take to be imported, and the browser and its pages to be warm, in milliseconds. */
const CHECKED_WITHIN_MS = 30_000;
const READY_WITHIN_MS = 90_000;
/** How long the process may take to end with its browser. */
const EXIT_WITHIN_MS = 3000;
const STDERR_KEPT = 4000;
/** Steps of faults that a picture is taken at. */
const PICTURED_STEPS: readonly string[] = ['acknowledged', 'withdrawn'];

/** The driver's process and what it said last. */
interface Driver {
  readonly child: ChildProcess;
  /** Where it and its browser keep what they need while they live. */
  readonly scratch: string;
  /** Rejects when the process says that it failed, or ends. */
  readonly failed: Promise<never>;
  onMessage(listener: (message: FromBrowser) => void): void;
  diedOf(how: string): HarnessError;
}

/** @throws {UsageError} if the browser, playwright-core or a journey is missing */
export async function checkInProcess(job: CheckJob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const driver = forkDriver({});
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  driver.onMessage((message) => {
    if (message.kind === 'checked') resolve();
  });
  const late = `Cannot read the journeys as importing them must end: ${job.journeys.map(({ file }) => file).join(', ')} took more than ${CHECKED_WITHIN_MS} ms`;
  const timer = setTimeout(() => reject(new UsageError(late)), CHECKED_WITHIN_MS);
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    tell(driver.child, { kind: 'check', job });
    await Promise.race([promise, driver.failed]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    await endProcess(driver, null);
  }
}

/** Starts the process with a warm browser in it. */
export async function startProcess(job: BrowserJob, context: LoadContext): Promise<RunningLoad> {
  context.signal.throwIfAborted();
  const driver = forkDriver({ HALFOPEN_RUN: context.runId });
  const running = follow(driver, context);
  try {
    tell(driver.child, { kind: 'prepare', job });
    await running.ready;
    for (const { path, sha256 } of context.plan.files) {
      context.onEvent({
        kind: 'driver',
        atUs: context.clock.nowUs(),
        driver: 'playwright',
        instance: INSTANCE,
        what: 'script',
        detail: `${path} sha256 ${sha256}`,
      });
    }
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

function forkDriver(extra: NodeJS.ProcessEnv): Driver {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const { NODE_OPTIONS: _, ...env } = process.env;
  const scratch = mkdtempSync(join(tmpdir(), SCRATCH_PREFIX));
  const child = fork(fileURLToPath(new URL(`./main.${extension}`, import.meta.url)), [scratch], {
    env: { ...env, ...extra, TMPDIR: scratch },
    // In the repository journeys share the sources with the harness.
    execArgv: ['--disable-warning=ExperimentalWarning', ...(extension === 'ts' ? ['--conditions=halfopen-source'] : [])],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Whoever waits for it sees the rejection; nobody has to.
  failed.catch(() => undefined);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  const diedOf = (how: string): HarnessError =>
    new HarnessError(`The browser's driver ${how}${stderr.trim() === '' ? '' : `; its last lines:\n${lastLines(stderr)}`}`);
  child.on('error', (error) => reject(new HarnessError(`Cannot start the browser's driver: ${error.message}`, { cause: error })));
  // Node tells no 'close' of a process whose channel was closed from this side.
  child.on('exit', (code, signal) => {
    const tellEnd = (): void => reject(diedOf(signal === null ? `exited with code ${code}` : `was ended by ${signal}`));
    if (child.stderr === null || child.stderr.closed) tellEnd();
    else child.stderr.once('close', tellEnd);
  });
  child.on('message', (message: FromBrowser) => {
    if (message.kind !== 'failed') return;
    reject(
      message.usage
        ? new UsageError(message.message, [], message.missing)
        : new HarnessError(`The browser's driver failed: ${message.message}`),
    );
  });
  return { child, scratch, failed, onMessage: (listener) => void child.on('message', listener), diedOf };
}

function follow(driver: Driver, context: LoadContext): RunningLoad & { readonly ready: Promise<void> } {
  const { child, failed, onMessage, diedOf } = driver;
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Totals>();
  for (const waiting of [ready, ended]) {
    waiting.promise.catch(() => undefined);
    failed.catch(waiting.reject);
  }
  let browserPid: number | null = null;
  const stop = (): void => tell(child, { kind: 'stop' });
  const onAbort = (): void => {
    ready.reject(context.signal.reason as Error);
    stop();
  };
  const timer = setTimeout(() => ready.reject(diedOf(`was not warm within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS);
  context.signal.addEventListener('abort', onAbort, { once: true });
  child.on('exit', () => context.signal.removeEventListener('abort', onAbort));
  ready.promise.finally(() => clearTimeout(timer)).catch(() => undefined);
  onMessage((message) => {
    switch (message.kind) {
      case 'browser':
        browserPid = message.pid;
        return;
      case 'ready':
        return ready.resolve();
      case 'rows':
        return context.onRequests(message.rows);
      case 'event':
        return context.onEvent(message.event);
      case 'health':
        return context.onHealth({ kind: 'health', part: 'driver', ...message.health });
      case 'ended':
        return ended.resolve({ scheduled: message.scheduled, sent: message.sent });
      case 'checked':
      case 'failed':
        return;
    }
  });
  return {
    ready: ready.promise,
    ended: ended.promise,
    begin: (atUs) => tell(child, { kind: 'begin', atUs }),
    stop,
    notice(event) {
      const occasion = occasionOf(event);
      if (occasion !== null) tell(child, { kind: 'notice', ...occasion });
    },
    [Symbol.asyncDispose]: () => endProcess(driver, browserPid),
  };
}

/** What a picture is worth taking at. */
function occasionOf(event: NewEvent): Occasion | null {
  if (event.kind === 'breaker') return { occasion: 'breaker', subject: `${event.breaker} ${event.from} → ${event.to}` };
  if (event.kind !== 'fault' || !PICTURED_STEPS.includes(event.step)) return null;
  return { occasion: 'fault', subject: `${event.fault} ${event.step}` };
}

/** A message to a process that is gone is no error: its exit is told by itself. */
function tell(child: ChildProcess, message: ToBrowser): void {
  if (child.connected) child.send(message, () => undefined);
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-10).join('\n');
}

/** Closes the channel, which ends the driver and its browser; kills both where that does not help. */
async function endProcess({ child, scratch }: Driver, browserPid: number | null): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }
  if (browserPid !== null) killGroup(browserPid);
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
}

function killGroup(leaderPid: number): void {
  try {
    process.kill(-leaderPid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it is gone, as it should be.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
