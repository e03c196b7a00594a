import { HarnessError, UsageError } from '../../../model/problem.ts';

/** k6's execution status when all virtual users are there and `--paused` holds them (`lib.ExecutionStatusPausedBeforeRun`). */
const PAUSED_BEFORE_RUN = 4;
const POLL_MS = 25;
const REQUEST_WITHIN_MS = 5000;

/** Waits until k6 has made its virtual users and is paused before the first iteration. */
export async function untilPaused(api: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const status = await statusOf(api);
    if (status === PAUSED_BEFORE_RUN) return;
    await pause(POLL_MS, signal);
  }
}

/**
 * Runs the script's `setup` function and returns its data as JSON.
 *
 * @throws {UsageError} if it throws, or takes longer than the script's `setupTimeout`
 */
export async function runSetup(api: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs + REQUEST_WITHIN_MS)]);
  const response = await fetch(`${api}/v1/setup`, { method: 'POST', signal: within }).catch((error: unknown) => {
    throw signal.aborted
      ? (signal.reason as Error)
      : new HarnessError(`k6 did not run the script's setup: ${String(error)}`, { cause: error });
  });
  const text = await response.text();
  if (response.ok)
    return JSON.stringify(
      (JSON.parse(text) as { readonly data?: { readonly attributes?: { readonly data?: unknown } } }).data?.attributes?.data ?? null,
    );
  throw new UsageError(`Cannot use the script as the load as its setup function must end well within setupTimeout: ${detailOf(text)}`);
}

/** Gives a further process the data of the one `setup` that ran. */
export async function putSetupData(api: string, data: string): Promise<void> {
  await demanded(await fetch(`${api}/v1/setup`, { method: 'PUT', body: data, signal: AbortSignal.timeout(REQUEST_WITHIN_MS) }));
}

/** Lets the paused test go. */
export async function release(api: string): Promise<void> {
  const body = JSON.stringify({ data: { type: 'status', id: 'default', attributes: { paused: false } } });
  await demanded(await fetch(`${api}/v1/status`, { method: 'PATCH', body, signal: AbortSignal.timeout(REQUEST_WITHIN_MS) }));
}

async function demanded(response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new HarnessError(`k6 refused over its REST API (${response.status}): ${detailOf(text)}`);
}

/** Null while nobody answers. */
async function statusOf(api: string): Promise<number | null> {
  try {
    const response = await fetch(`${api}/v1/status`, { signal: AbortSignal.timeout(REQUEST_WITHIN_MS) });
    const told = (await response.json()) as { readonly data?: { readonly attributes?: { readonly status?: number } } };
    return told.data?.attributes?.status ?? null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || (error as Error).name === 'TimeoutError') return null;
    throw error;
  }
}

function detailOf(text: string): string {
  try {
    const told = JSON.parse(text) as { readonly errors?: readonly { readonly title?: string; readonly detail?: string }[] };
    return told.errors?.map(({ title, detail }) => detail ?? title ?? '').join('; ') ?? text;
  } catch {
    return text;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
