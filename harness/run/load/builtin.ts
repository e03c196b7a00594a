import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { HarnessError, UsageError } from '../../model/problem.ts';
import type { LoadContext, LoadDriver, RunningLoad } from './contract.ts';
import type { DriverJob, FromDriver, ToDriver, Totals } from './messages.ts';

/** How long the driver's process may take to be warm, in milliseconds. */
const READY_WITHIN_MS = 20_000;
const EXIT_WITHIN_MS = 1000;
const STDERR_KEPT = 4000;

/** Open-model HTTP load from a Node process of its own: up to about 3,000 arrivals a second and core. */
export const builtinDriver: LoadDriver = {
  kind: 'builtin',
  needs: [],
  schema: {},
  accepts: ['open'],
  describe: () => 'a Node process of its own',
  async start(context) {
    context.signal.throwIfAborted();
    const child = forkDriver(context.runId);
    const running = follow(child, context);
    try {
      tell(child, { kind: 'prepare', job: jobOf(context) });
      await running.ready;
      return running;
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  },
};

function forkDriver(runId: string): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const { NODE_OPTIONS: _, ...env } = process.env;
  return fork(fileURLToPath(new URL(`./builtin-main.${extension}`, import.meta.url)), [], {
    env: { ...env, HALFOPEN_RUN: runId },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function jobOf({ plan, ordinals, asksSentinel, entry, sentinel, clock, runId }: LoadContext): DriverJob {
  const { load, schedule } = plan;
  return {
    runId,
    seed: plan.seed,
    // Beside a load that it cannot send it may still ask the sentinel.
    load: load.kind === 'open' ? { requests: load.requests, values: load.values } : { requests: [], values: {} },
    ordinals,
    intendedUs: Float64Array.from(ordinals, (ordinal) => schedule.intendedUs[ordinal] ?? 0),
    request: Uint32Array.from(ordinals, (ordinal) => schedule.request[ordinal] ?? 0),
    // An environment's address may carry more, which a message cannot.
    entry: { host: entry.host, port: entry.port },
    sentinel: { host: sentinel.host, port: sentinel.port },
    sentinelEveryUs: asksSentinel ? plan.sentinelEveryUs : null,
    totalUs: plan.phases.at(-1)?.toUs ?? 0,
    drainMs: plan.limits.drainMs,
    redact: plan.redact,
    originUs: clock.originUs,
  };
}

/** A message to a process that is gone is no error: its exit is told by itself. */
function tell(child: ChildProcess, message: ToDriver): void {
  if (child.connected) child.send(message, () => undefined);
}

function follow(child: ChildProcess, context: LoadContext): RunningLoad & { readonly ready: Promise<void> } {
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Totals>();
  // Whoever waits for them sees the rejection; nobody has to.
  ready.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);
  let stderr = '';
  const giveUp = (error: Error): void => {
    ready.reject(error);
    ended.reject(error);
  };
  const died = (how: string): HarnessError =>
    new HarnessError(`The load driver ${how}${stderr.trim() === '' ? '' : `; its last lines:\n${lastLines(stderr)}`}`);
  const stop = (): void => tell(child, { kind: 'stop' });
  const onAbort = (): void => {
    ready.reject(context.signal.reason as Error);
    stop();
  };
  const timer = setTimeout(() => ready.reject(died(`was not warm within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS);
  context.signal.addEventListener('abort', onAbort, { once: true });
  ready.promise.finally(() => clearTimeout(timer)).catch(() => undefined);

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  child.on('error', (error) => giveUp(new HarnessError(`Cannot start the load driver: ${error.message}`, { cause: error })));
  // 'close' comes after the last of stderr.
  child.on('close', (code, signal) => {
    context.signal.removeEventListener('abort', onAbort);
    giveUp(died(signal === null ? `exited with code ${code}` : `was ended by ${signal}`));
  });
  child.on('message', (message: FromDriver) => {
    switch (message.kind) {
      case 'ready':
        return ready.resolve();
      case 'failed':
        return giveUp(message.usage ? new UsageError(message.message) : new HarnessError(`The load driver failed: ${message.message}`));
      case 'rows':
        return context.onRequests(message.rows);
      case 'health':
        return context.onHealth({ kind: 'health', part: 'driver', ...message.health });
      case 'ended':
        return ended.resolve({ scheduled: message.scheduled, sent: message.sent });
    }
  });
  return {
    ready: ready.promise,
    ended: ended.promise,
    begin: (atUs) => tell(child, { kind: 'begin', atUs }),
    stop,
    [Symbol.asyncDispose]: () => endProcess(child),
  };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-10).join('\n');
}

/** Closes the channel, which ends the driver; kills it where that does not help. */
async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}
