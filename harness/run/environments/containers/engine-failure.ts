import { HarnessError } from '../../../model/problem.ts';

/** The engine was there and is not any more. */
export class EngineLostError extends HarnessError {
  constructor(doing: string, cause: unknown) {
    super(
      `Cannot ${doing} as the container engine went away: ${textOf(cause)} (way out: see the engine's own log; \`halfopen clean\` removes what is left once it is back)`,
      { cause },
    );
    this.name = 'EngineLostError';
  }
}

/** How long the engine may take for one call, in milliseconds. */
export const CALL_MS = 15_000;

const GONE = ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ERR_SOCKET_CLOSED', 'ENOTCONN'];

/** One call to the engine, with a deadline; its failures say what was being done. */
export async function calling<T>(doing: string, call: Promise<T>, withinMs: number = CALL_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new HarnessError(`Cannot ${doing}: the container engine did not answer within ${withinMs} ms`)),
    withinMs,
  );
  // Whoever gave up on it is not interested in how it ends.
  call.catch((error: unknown) => error);
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    if (isGone(error)) throw new EngineLostError(doing, error);
    throw new HarnessError(`Cannot ${doing}: ${textOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

export function isGone(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return GONE.includes(String(code)) || /socket hang up|connect E/.test(String(message));
}

/** The status of an answer that the engine gave in place of doing it. */
export function statusOf(error: unknown): number {
  const { statusCode } = (error instanceof HarnessError ? error.cause : error) as { readonly statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 0;
}

/** What the engine itself said, without the client's wrapping. */
function textOf(error: unknown): string {
  const { json, reason, message } = error as {
    readonly json?: { readonly message?: unknown };
    readonly reason?: unknown;
    readonly message?: unknown;
  };
  const said = json?.message ?? message ?? reason ?? error;
  return String(said).trim().replace(/\s+/g, ' ');
}
