/** What runs inside the pages that send requests: functions that the browser gets as text, so that each must be complete in itself. */

/** One request as a page is told of it. */
export interface FetchOrder {
  readonly ordinal: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  readonly wantsBody: boolean;
}

/** How a request ended, by the page's clock in milliseconds. */
export interface FetchEnd {
  readonly ordinal: number;
  readonly startedMs: number;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  /** 0 where no head came, or where the answer is a redirect, which no page is shown. */
  readonly status: number;
  readonly isRedirect: boolean;
  readonly bytes: number;
  readonly text: string | null;
  readonly isCut: boolean;
  readonly reused: boolean;
  /** The name of what `fetch` threw; null where the answer came whole. */
  readonly error: string | null;
  readonly message: string;
}

/** Names on the page's global object: how it is told to send, and how it says what came of it. */
export const PAGE_NAMES = { send: '__halfopenSend', ended: '__halfopenEnded' } as const;

/** Makes a page one that sends what it is told. */
export function installSender({ names, bodyBytesMax }: { readonly names: typeof PAGE_NAMES; readonly bodyBytesMax: number }): void {
  const world = globalThis as unknown as Record<string, unknown>;
  type Mutable = { -readonly [K in keyof FetchEnd]: FetchEnd[K] };
  const readBody = async (response: Response, wantsBody: boolean, end: Mutable): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    const reader = response.body?.getReader();
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
      const chunk = piece.value as Uint8Array;
      end.bytes += chunk.length;
      end.isCut = end.bytes > bodyBytesMax;
      if (wantsBody && !end.isCut) text += decoder.decode(chunk, { stream: true });
    }
    if (wantsBody) end.text = text + decoder.decode();
  };
  const isReused = (url: string, startedMs: number): boolean => {
    const entries = performance.getEntriesByName(url) as PerformanceResourceTiming[];
    const entry = entries.findLast(({ startTime }) => startTime >= startedMs);
    return entry !== undefined && entry.connectStart > 0 && entry.connectStart === entry.connectEnd;
  };
  const send = async (order: FetchOrder): Promise<FetchEnd> => {
    const startedMs = performance.now();
    const end: Mutable = {
      ordinal: order.ordinal,
      startedMs,
      firstByteMs: null,
      endedMs: startedMs,
      status: 0,
      isRedirect: false,
      bytes: 0,
      text: null,
      isCut: false,
      reused: false,
      error: null,
      message: '',
    };
    try {
      const response = await fetch(order.path, {
        method: order.method,
        headers: order.headers,
        body: order.body,
        signal: AbortSignal.timeout(order.timeoutMs),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'manual',
      });
      end.firstByteMs = performance.now();
      end.status = response.status;
      end.isRedirect = response.type === 'opaqueredirect';
      await readBody(response, order.wantsBody, end);
    } catch (error) {
      end.error = (error as Error).name;
      end.message = (error as Error).message;
    }
    end.endedMs = performance.now();
    end.reused = isReused(new URL(order.path, location.href).href, startedMs);
    if (performance.getEntriesByType('resource').length > 100) performance.clearResourceTimings();
    return end;
  };
  world[names.send] = (orders: readonly FetchOrder[]): void => {
    for (const order of orders) void send(order).then((end) => (world[names.ended] as (text: string) => void)(JSON.stringify(end)));
  };
}

/** Fetches from somewhere that matters to nobody, so that the first real request finds compiled code. */
export async function warmUpPage({ url, times }: { readonly url: string; readonly times: number }): Promise<void> {
  for (let time = 0; time < times; time++) {
    await fetch(url, { mode: 'no-cors', cache: 'no-store', credentials: 'omit' }).catch(() => undefined);
  }
}
