/** Microseconds on this machine's monotonic clock, shared by all its processes. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** The run's clock: microseconds since run start. */
export interface RunClock {
  /** Run start on the machine's monotonic clock, in microseconds. */
  readonly originUs: number;
  nowUs(): number;
  /** Resolves at that moment (at once if it has passed); rejects with the signal's reason when aborted first. */
  until(atUs: number, signal: AbortSignal): Promise<void>;
}

/** A clock that starts now. */
export function startClock(): RunClock {
  const originUs = monotonicUs();
  const nowUs = (): number => monotonicUs() - originUs;
  return { originUs, nowUs, until: (atUs, signal) => waitUntil(() => atUs - nowUs(), signal) };
}

function waitUntil(leftUs: () => number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const arm = (): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (leftUs() > 500) {
            timer = arm();
            return;
          }
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.max(0, leftUs() / 1000),
      );
    let timer = arm();
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
