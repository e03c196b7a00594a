import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { HarnessError, UsageError } from '../../model/problem.ts';
import type { LoadContext, RunningLoad } from './contract.ts';
import type { DriverFailed, LoadTold, Totals } from './messages.ts';

const STDERR_KEPT = 4000;

/** A driver that is a Node process of its own, and what it was started with. */
export interface DriverProgram {
  /** Without its extension. */
  readonly entry: URL;
  /** How messages call it. */
  readonly called: string;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The process, and what of it ends in any case. `In` is what it takes, `Out` what it says. */
export interface DriverProcess<In, Out> {
  readonly child: ChildProcess;
  /** Rejects when the process says that it failed, or ends. */
  readonly failed: Promise<never>;
  /** A message to a process that is gone is no error: its exit is told by itself. */
  tell(message: In): void;
  onMessage(listener: (message: Out) => void): void;
  diedOf(how: string): HarnessError;
  /** Closes the channel, which ends the process; kills it where that does not help in so many milliseconds. */
  end(withinMs: number): Promise<void>;
}

/** What an entry ends with: `.ts` in the repository, `.js` in the package. */
export const ENTRY_EXTENSION: 'ts' | 'js' = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export function startDriverProcess<In, Out extends { readonly kind: string }>(program: DriverProgram): DriverProcess<In, Out> {
  const { entry, called, args = [], execArgv = [], env } = program;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = fork(fileURLToPath(`${entry.href}.${ENTRY_EXTENSION}`), [...args], {
    env: { ...inherited, ...env },
    execArgv: [...execArgv],
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
    new HarnessError(`The ${called} ${how}${stderr.trim() === '' ? '' : `; its last lines:\n${lastLines(stderr)}`}`);
  child.on('error', (error) => reject(new HarnessError(`Cannot start the ${called}: ${error.message}`, { cause: error })));
  child.on('exit', (code, signal) => {
    void everythingRead(child).then(() => reject(diedOf(signal === null ? `exited with code ${code}` : `was ended by ${signal}`)));
  });
  const onMessage = (listener: (message: Out) => void): void => void child.on('message', listener);
  onMessage((message) => {
    if (isFailed(message)) reject(errorOf(message, called));
  });
  return {
    child,
    failed,
    onMessage,
    diedOf,
    tell: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    end: (withinMs) => endProcess(child, withinMs),
  };
}

/** Its last words. Node tells no 'close' of a process whose channel was closed from this side. */
async function everythingRead(child: ChildProcess): Promise<void> {
  const { promise: isRead, resolve: onRead } = Promise.withResolvers<void>();
  if (child.stderr === null || child.stderr.closed) onRead();
  else child.stderr.once('close', onRead);
  const { promise: isHeard, resolve: onHeard } = Promise.withResolvers<void>();
  if (child.connected) child.once('disconnect', onHeard);
  else onHeard();
  await Promise.all([isRead, isHeard]);
}

function isFailed(message: { readonly kind: string }): message is DriverFailed {
  return message.kind === 'failed';
}

function errorOf({ usage, missing = null, message }: DriverFailed, called: string): Error {
  return usage ? new UsageError(message, [], missing) : new HarnessError(`The ${called} failed: ${message}`);
}

export interface FollowedLoad {
  readonly context: LoadContext;
  /** How long it may take to be warm, in milliseconds. */
  readonly readyWithinMs: number;
  dispose(): Promise<void>;
}

/** What any driver's process is told of a load. */
type LoadOrder = { readonly kind: 'begin'; readonly atUs: number } | { readonly kind: 'stop' };

/** The load that such a process sends: warm when `ready` resolves. */
export function followLoad(
  { child, failed, onMessage, tell, diedOf }: DriverProcess<LoadOrder, unknown>,
  { context, readyWithinMs, dispose }: FollowedLoad,
): RunningLoad & { readonly ready: Promise<void> } {
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Totals>();
  for (const waiting of [ready, ended]) {
    waiting.promise.catch(() => undefined);
    failed.catch(waiting.reject);
  }
  const stop = (): void => tell({ kind: 'stop' });
  const onAbort = (): void => {
    ready.reject(context.signal.reason as Error);
    stop();
  };
  const timer = setTimeout(() => ready.reject(diedOf(`was not warm within ${readyWithinMs} ms`)), readyWithinMs);
  context.signal.addEventListener('abort', onAbort, { once: true });
  child.on('exit', () => context.signal.removeEventListener('abort', onAbort));
  ready.promise.finally(() => clearTimeout(timer)).catch(() => undefined);
  onMessage((said) => {
    // What else it says is for others to hear.
    const message = said as LoadTold;
    if (message.kind === 'ready') ready.resolve();
    else if (message.kind === 'rows') context.onRequests(message.rows);
    else if (message.kind === 'health') context.onHealth({ kind: 'health', part: 'driver', ...message.health });
    else if (message.kind === 'ended') ended.resolve({ scheduled: message.scheduled, sent: message.sent });
  });
  return {
    ready: ready.promise,
    ended: ended.promise,
    begin: (atUs) => tell({ kind: 'begin', atUs }),
    stop,
    [Symbol.asyncDispose]: dispose,
  };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-10).join('\n');
}

async function endProcess(child: ChildProcess, withinMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await exited;
  clearTimeout(timer);
}
