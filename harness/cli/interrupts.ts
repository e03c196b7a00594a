import { EXIT_CODES } from '../model/verdict.ts';

/** Ctrl-C and its kin. The first ends the work in order, the second at once: the supervisor then cleans up. */
export interface Interrupts extends Disposable {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The exit code that a signal asks for; undefined while there was none. */
  code(): number | undefined;
  /** From now on the first signal ends only this wait; the one after it is a first one again. */
  untilPressed(): Promise<void>;
}

/** A terminal's Ctrl-C reaches every process of its group, and npm and the launcher pass it on: these are one press. */
const SAME_PRESS_MS = 300;

const CODES = { SIGINT: EXIT_CODES.interrupted, SIGTERM: EXIT_CODES.terminated, SIGHUP: EXIT_CODES.terminated } as const;

export function listenForInterrupts(onFirst: (signal: string) => void): Interrupts {
  const controller = new AbortController();
  let pressedAtMs = Number.NEGATIVE_INFINITY;
  let exitCode: number | undefined;
  let waiting: (() => void) | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - pressedAtMs < SAME_PRESS_MS) return;
    pressedAtMs = nowMs;
    if (waiting !== undefined) {
      waiting();
      waiting = undefined;
      return;
    }
    if (exitCode !== undefined) process.exit(exitCode);
    exitCode = CODES[signal as keyof typeof CODES];
    onFirst(signal);
    controller.abort(new Error(`stopped by ${signal}`));
  };
  for (const signal of Object.keys(CODES)) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    code: () => exitCode,
    untilPressed: () =>
      new Promise((resolve) => {
        waiting = resolve;
      }),
    [Symbol.dispose]: () => {
      for (const signal of Object.keys(CODES)) process.off(signal, onSignal);
    },
  };
}
