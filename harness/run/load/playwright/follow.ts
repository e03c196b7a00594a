import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../model/problem.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { LoadContext, RunningLoad } from '../contract.ts';
import { ENTRY_EXTENSION, followLoad, startDriverProcess, type DriverProcess } from '../driver-process.ts';
import { INSTANCE } from './arrival-row.ts';
import { SCRATCH_PREFIX, type BrowserJob, type CheckJob, type FromBrowser, type Occasion, type ToBrowser } from './messages.ts';

/** How long journeys may take to be imported, and the browser and its pages to be warm, in milliseconds. */
const CHECKED_WITHIN_MS = 30_000;
const READY_WITHIN_MS = 90_000;
/** How long the process may take to end with its browser. */
const EXIT_WITHIN_MS = 3000;
/** Steps of faults that a picture is taken at. */
const PICTURED_STEPS: readonly string[] = ['acknowledged', 'withdrawn'];

type BrowserProcess = DriverProcess<ToBrowser, FromBrowser>;

/** The driver's process, and where it and its browser keep what they need while they live. */
interface Driver {
  readonly process: BrowserProcess;
  readonly scratch: string;
}

/** @throws {UsageError} if the browser, playwright-core or a journey is missing */
export async function checkInProcess(job: CheckJob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const driver = startDriver({});
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  driver.process.onMessage((message) => {
    if (message.kind === 'checked') resolve();
  });
  const late = `Cannot read the journeys as importing them must end: ${job.journeys.map(({ file }) => file).join(', ')} took more than ${CHECKED_WITHIN_MS} ms`;
  const timer = setTimeout(() => reject(new UsageError(late)), CHECKED_WITHIN_MS);
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    driver.process.tell({ kind: 'check', job });
    await Promise.race([promise, driver.process.failed]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    await endDriver(driver, null);
  }
}

/** Starts the process with a warm browser in it. */
export async function startProcess(job: BrowserJob, context: LoadContext): Promise<RunningLoad> {
  context.signal.throwIfAborted();
  const driver = startDriver({ HALFOPEN_RUN: context.runId });
  const running = follow(driver, context);
  try {
    driver.process.tell({ kind: 'prepare', job });
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

function startDriver(env: Readonly<Record<string, string>>): Driver {
  const scratch = mkdtempSync(join(tmpdir(), SCRATCH_PREFIX));
  const process = startDriverProcess<ToBrowser, FromBrowser>({
    entry: new URL('./main', import.meta.url),
    called: "browser's driver",
    args: [scratch],
    // In the repository journeys share the sources with the harness.
    execArgv: ['--disable-warning=ExperimentalWarning', ...(ENTRY_EXTENSION === 'ts' ? ['--conditions=halfopen-source'] : [])],
    env: { ...env, TMPDIR: scratch },
  });
  return { process, scratch };
}

function follow(driver: Driver, context: LoadContext): RunningLoad & { readonly ready: Promise<void> } {
  let browserPid: number | null = null;
  const dispose = (): Promise<void> => endDriver(driver, browserPid);
  const running = followLoad(driver.process, { context, readyWithinMs: READY_WITHIN_MS, dispose });
  driver.process.onMessage((message) => {
    if (message.kind === 'browser') browserPid = message.pid;
    else if (message.kind === 'event') context.onEvent(message.event);
  });
  return {
    ...running,
    notice(event) {
      const occasion = occasionOf(event);
      if (occasion !== null) driver.process.tell({ kind: 'notice', ...occasion });
    },
  };
}

/** What a picture is worth taking at. */
function occasionOf(event: NewEvent): Occasion | null {
  if (event.kind === 'breaker') return { occasion: 'breaker', subject: `${event.breaker} ${event.from} → ${event.to}` };
  if (event.kind !== 'fault' || !PICTURED_STEPS.includes(event.step)) return null;
  return { occasion: 'fault', subject: `${event.fault} ${event.step}` };
}

/** Ends the driver, which ends its browser; kills both where that does not help. */
async function endDriver({ process, scratch }: Driver, browserPid: number | null): Promise<void> {
  await process.end(EXIT_WITHIN_MS);
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
