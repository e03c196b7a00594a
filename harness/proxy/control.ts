import { HarnessError } from '../model/problem.ts';

/** How long the proxy may take to answer, in milliseconds: it answers at once, unless a machine is stuck. */
const ANSWER_MS = 5000;

export interface ControlRequest {
  /** What the caller wants, for the error: `add the toxic 'slow' to payments`. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** It takes something away again: nothing is left to do once the proxy is disposed. */
  readonly isUndo?: boolean;
}

/** The control port of one proxy. */
export interface Control {
  readonly url: string;
  /**
   * The answer's JSON; undefined where there is none, and where something was to be taken away that is not there.
   *
   * @throws {HarnessError} with the proxy's own reason if it refuses, or does not answer
   */
  ask(request: ControlRequest): Promise<unknown>;
  /** The proxy is disposed, and all faults with it. */
  close(): void;
}

/** Speaks to the proxy at `url`; `whyGone` says what became of its process, where it has one. */
export function controlOf(url: string, whyGone: () => string | null): Control {
  let isClosed = false;
  const unreachable = ({ what }: ControlRequest, error: unknown): HarnessError => {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const reason = whyGone() ?? `the proxy at ${url} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`;
    return new HarnessError(`Cannot ${what}: ${reason}`, { cause: error });
  };
  return {
    url,
    close() {
      isClosed = true;
    },
    async ask(request) {
      const { what, method, path, body, isUndo = false } = request;
      if (isClosed && isUndo) return undefined;
      if (isClosed) throw new HarnessError(`Cannot ${what}: the proxy was disposed`);
      const { isOk, status, text } = await fetch(`${url}${path}`, {
        method,
        signal: AbortSignal.timeout(ANSWER_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
        .then(async (response) => ({ isOk: response.ok, status: response.status, text: await response.text() }))
        .catch((error: unknown) => {
          throw unreachable(request, error);
        });
      if (isOk) return text === '' ? undefined : (JSON.parse(text) as unknown);
      if (isUndo && status === 404) return undefined;
      throw new HarnessError(`Cannot ${what}: ${reasonIn(text)}`);
    },
  };
}

/** The API's errors are JSON with an `error`; whatever else comes is told as it is. */
function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? error : text.trim();
  } catch (error) {
    if (error instanceof SyntaxError) return text.trim();
    throw error;
  }
}
