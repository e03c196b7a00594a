import { HarnessError } from '../model/problem.ts';

/**
 * Runs an undo with a deadline of its own: it works although the run was aborted, and cannot hold the run up for ever.
 *
 * @throws {HarnessError} if the undo fails or is not done in time
 */
export async function undoWithin(what: string, deadlineMs: number, undo: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const onLate = (): void => reject(new HarnessError(`Cannot ${what} within ${deadlineMs} ms`));
  signal.addEventListener('abort', onLate, { once: true });
  try {
    await Promise.race([undo(signal), late]);
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError(`Cannot ${what}: ${(cause as Error).message}`, { cause });
  } finally {
    signal.removeEventListener('abort', onLate);
  }
}

/** One error for a failure and those that followed while it was cleaned up after: the first says why, the others what is left. */
export function firstOf(error: unknown): Error {
  if (!(error instanceof SuppressedError)) return error instanceof Error ? error : new HarnessError(String(error));
  const first = firstOf(error.suppressed);
  const later = firstOf(error.error);
  if (later === first || later.message === first.message) return first;
  // What a caller tells apart by its class (an interrupt, a wrong input) stays what it is.
  first.message = `${first.message}; then, while cleaning up: ${later.message}`;
  return first;
}
