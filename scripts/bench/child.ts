import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of a bench's own, so that what is measured shares no event loop with what measures. */
export interface Child<Q, R> extends AsyncDisposable {
  readonly pid: number;
  /** Asks it to do one thing and waits for the answer; rejects if it fails or dies. */
  ask(question: Q): Promise<R>;
}

type Reply<R> = { readonly answer: R } | { readonly failure: string };

/** Starts `entry` (relative to this file), which calls `answerQuestions`. Questions are answered one after the other. */
export function startChild<Q, R>(entry: string, execArgv: readonly string[] = []): Child<Q, R> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
    env,
    execArgv: [...execArgv],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // Whoever asks is told of it; a child that nobody asks needs no start.
  const started = once(child, 'spawn');
  let last: Promise<unknown> = started.catch((error: unknown) => error);
  return {
    pid: child.pid ?? 0,
    ask(question) {
      const asked = last.then(async () => {
        await started;
        return exchange<Q, R>(child, entry, question);
      });
      last = asked.catch((error: unknown) => error);
      return asked;
    },
    async [Symbol.asyncDispose]() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function exchange<Q, R>(child: ChildProcess, entry: string, question: Q): Promise<R> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply<R>>();
  const onExit = (): void => reject(new Error(`Cannot go on as ${entry} ended before it answered`));
  child.once('message', resolve as (message: unknown) => void);
  child.once('exit', onExit);
  try {
    child.send({ question }, (error) => error && reject(error));
    const reply = await promise;
    if ('failure' in reply) throw new Error(reply.failure);
    return reply.answer;
  } finally {
    child.off('message', resolve as (message: unknown) => void);
    child.off('exit', onExit);
  }
}

/** The child's half: answers each question, ends when its parent is gone. */
export function answerQuestions<Q, R>(answer: (question: Q) => R | Promise<R>): void {
  process.on('message', ({ question }: { readonly question: Q }) => {
    Promise.resolve()
      .then(() => answer(question))
      .then(
        (value) => process.send?.({ answer: value }),
        (error: unknown) => process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}
