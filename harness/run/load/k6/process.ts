import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { LoadContext } from '../contract.ts';
import { openChannel, type Channel, type ChannelListener } from './channel.ts';
import { readClock, type ClockReading } from './clock-reading.ts';
import { exitProblem, withLines, type K6Exit } from './exit.ts';
import { startHere } from './here.ts';
import { startInside, type K6Start, type StartedK6 } from './in-container.ts';
import { openK6Log, type K6Log } from './log.ts';
import { makePrivateFolder } from './private-folder.ts';
import { K6_PROTOCOL, type FromK6, type Hello, type ToK6 } from './protocol.ts';

/** How long k6 may take to load its script and say hello, in milliseconds: it can spin there for ever. */
const HELLO_WITHIN_MS = 15_000;
const CLOCK_WITHIN_MS = 5000;
/** From `stop` to SIGTERM, and from there to SIGKILL, in milliseconds. */
const STOP_PATIENCE_MS = 1500;
const DISPOSE_PATIENCE_MS = 500;

/** What k6 is told beside what every run of ours tells it. */
export interface K6Invocation extends Pick<K6Start, 'env' | 'workingFolder' | 'input' | 'hasApi'> {
  /** Flags of `k6 run`, and last the script's path, or `-` where it is the input. */
  readonly args: readonly string[];
  /** Files and folders that it reads, beside its private folder. @default none */
  readonly files?: readonly string[];
  /** The script's own handleSummary is to run. @default there is no summary */
  readonly keepsSummary?: true;
}

export interface K6Launch extends Pick<LoadContext, 'runId' | 'runFolder' | 'ledger' | 'redact' | 'signal' | 'inside'> {
  readonly executable: string;
  /** Which process of the run it is: `k6-1`. */
  readonly instance: string;
  /** Whose script it is: what k6 finds wrong with the user's is a UsageError. */
  readonly ownsScript: 'user' | 'harness';
  /** @default 15 s */
  readonly helloWithinMs?: number;
  /** Writes what the process needs into its private folder, which goes with it. */
  prepare(folder: string): Promise<K6Invocation>;
  /** All that came at once, in order; neither `hello` nor answers of the clock. */
  onRecords(records: readonly FromK6[]): void;
}

/** A k6 that has loaded its script and waits for a job. Disposing it ends it, and whatever it has started. */
export interface K6Process extends AsyncDisposable {
  readonly hello: Hello;
  /** Base URL of its REST API; null where it was not wanted. */
  readonly api: string | null;
  send(message: ToK6): void;
  /** @throws {HarnessError} if it does not answer */
  readClock(): Promise<ClockReading>;
  /** Asks it to end, and ends it where that does not help, in a few seconds at most. */
  stop(): void;
  /**
   * Resolves when it is gone and everything that it said was read.
   *
   * @throws {HarnessError} if what it said could not be read
   */
  readonly exited: Promise<K6Exit>;
  /** A message with what it printed last. */
  quote(message: string): string;
}

/**
 * Starts k6 and waits for its hello.
 *
 * @throws {UsageError} if the user's script does not load, or k6 has an extension of another protocol
 * @throws {HarnessError} if k6 does not start, or says nothing
 */
export async function startK6(launch: K6Launch): Promise<K6Process> {
  const { runFolder, instance, redact, signal } = launch;
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makePrivateFolder(launch));
  const conversation = openConversation(launch);
  const channel = stack.use(await openChannel(folder.path, conversation.listener));
  await mkdir(join(runFolder, 'logs'), { recursive: true });
  const log = stack.use(openK6Log(join(runFolder, 'logs', `${instance}.log`), redact));
  const start = startOf(launch, await launch.prepare(folder.path), channel);
  signal.throwIfAborted();
  const started = await (launch.inside === undefined ? startHere(start) : startInside(launch.inside, start));
  const ending = followEnd(started, log, channel);
  stack.defer(() => ending.end());
  const hello = await firstHello({ conversation, ending, log, launch });
  const kept = stack.move();
  const quote = (message: string): string => withLines(message, log.lastLines());
  const ask = (id: number): Promise<number> => {
    const answer = conversation.answerTo(id);
    channel.send({ c: 'clock', id });
    return answer;
  };
  const exited = Promise.race([ending.exited, conversation.garbage]);
  exited.catch(() => undefined);
  return {
    hello,
    api: started.api,
    send: channel.send,
    readClock: () => within(CLOCK_WITHIN_MS, readClock(ask), ending, () => new HarnessError(quote(`${instance} did not tell its time`))),
    stop: ending.stop,
    exited,
    quote,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function startOf({ executable, instance, runId }: K6Launch, invocation: K6Invocation, { folder, socketPath }: Channel): K6Start {
  const { args, env, files = [], keepsSummary, ...rest } = invocation;
  const summary = keepsSummary === true ? [] : ['--summary-mode=disabled'];
  const ours = ['--quiet', '--no-color', '--no-usage-report', ...summary, '--out', 'halfopen'];
  return {
    ...rest,
    instance,
    executable,
    args: ['run', ...ours, ...args],
    files: [folder, ...files],
    env: {
      ...env,
      HALFOPEN_RUN: runId,
      HALFOPEN_K6_SOCKET: socketPath,
      K6_NO_USAGE_REPORT: 'true',
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    },
  };
}

/** What k6 says, sorted by who waits for it. */
interface Conversation {
  readonly listener: ChannelListener;
  readonly hello: Promise<Hello>;
  readonly garbage: Promise<never>;
  /** Resolves with the time that it answers to this question. */
  answerTo(id: number): Promise<number>;
}

function openConversation({ onRecords }: K6Launch): Conversation {
  const hello = Promise.withResolvers<Hello>();
  const garbage = Promise.withResolvers<never>();
  garbage.promise.catch(() => undefined);
  const asked = new Map<number, (at: number) => void>();
  const isForOthers = (record: FromK6): boolean => {
    if (record.t === 'hello') hello.resolve(record);
    else if (record.t === 'clock') asked.get(record.id)?.(record.at);
    else return true;
    return false;
  };
  return {
    hello: hello.promise,
    garbage: garbage.promise,
    answerTo: (id) => new Promise((resolve) => asked.set(id, resolve)),
    listener: {
      onRecords(records) {
        const others = records.filter(isForOthers);
        if (others.length > 0) onRecords(others);
      },
      onGarbage: (error) => garbage.reject(error),
    },
  };
}

interface Beginning {
  readonly conversation: Conversation;
  readonly ending: Ending;
  readonly log: K6Log;
  readonly launch: K6Launch;
}

async function firstHello({ conversation, ending, log, launch }: Beginning): Promise<Hello> {
  const { instance, ownsScript, signal, helloWithinMs = HELLO_WITHIN_MS } = launch;
  const fail = (message: string): Error => {
    const text = withLines(message, log.lastLines());
    return ownsScript === 'user' ? new UsageError(text) : new HarnessError(text);
  };
  const reason = ownsScript === 'user' ? 'the script spins or hangs while it is loaded' : 'it hangs, or has no processor to run on';
  const early = ending.exited.then((exit): never => {
    throw exitProblem(exit, instance, ownsScript) ?? fail(`The k6 process ${instance} ended without a hello`);
  });
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  const first = Promise.race([conversation.hello, conversation.garbage, early, aborted.promise]);
  try {
    const hello = await within(helloWithinMs, first, ending, () =>
      fail(`The k6 process ${instance} did not say hello within ${helloWithinMs} ms: ${reason}`),
    );
    if (hello.protocol === K6_PROTOCOL) return hello;
    throw new UsageError(
      `Cannot use this k6 as its extension must speak protocol ${K6_PROTOCOL}: current value is ${hello.protocol}; run npx halfopen k6 build`,
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
    early.catch(() => undefined);
  }
}

/** The promise's result; where none comes in time, or k6 ends first, k6 is killed and that is the error. */
async function within<T>(ms: number, promise: Promise<T>, { kill, exited }: Ending, lateError: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const giveUp = (): void => {
    const error = lateError();
    kill();
    late.reject(error);
  };
  const timer = setTimeout(giveUp, ms);
  void exited.then(() => setImmediate(giveUp));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
  }
}

interface Ending {
  readonly exited: Promise<K6Exit>;
  readonly stop: () => void;
  readonly kill: () => void;
  /** Ends it and waits for that. */
  end(): Promise<void>;
}

function followEnd(started: StartedK6, log: K6Log, channel: Channel): Ending {
  let isStopped = false;
  let isGone = false;
  const timers: NodeJS.Timeout[] = [];
  for (const stream of started.output) log.read(stream);
  const endWithPatience = (ms: number): void => {
    isStopped = true;
    channel.send({ c: 'stop' });
    timers.push(setTimeout(() => started.signal('SIGTERM'), ms));
    timers.push(setTimeout(() => started.signal('SIGKILL'), 2 * ms));
  };
  const gone = started.exited.then((end) => {
    isGone = true;
    for (const timer of timers) clearTimeout(timer);
    return end;
  });
  const exited = gone.then(async (end): Promise<K6Exit> => {
    const wasStopped = isStopped;
    await Promise.all([channel.drained(), log.drained()]);
    return { ...end, isStopped: wasStopped, lastLines: log.lastLines() };
  });
  return {
    exited,
    stop: () => {
      if (!isStopped && !isGone) endWithPatience(STOP_PATIENCE_MS);
    },
    kill: () => started.signal('SIGKILL'),
    async end() {
      if (!isGone) endWithPatience(DISPOSE_PATIENCE_MS);
      await gone;
    },
  };
}
