import { HarnessError } from '../../model/problem.ts';
import type { TapRecord } from './contract.ts';
import type { Expiry } from './lease.ts';

/** The proxy on its own health; the time is on its monotonic clock. */
export interface ProxyHealth {
  readonly atUs: number;
  readonly loopDelayP99Ms: number;
  /** CPU share of one core. */
  readonly cpuRatio: number;
}

export interface TapConnection {
  readonly controlUrl: string;
  readonly signal: AbortSignal;
  onTap(records: readonly TapRecord[]): void;
  onLost(count: number): void;
  onHealth?(health: ProxyHealth): void;
  /** A fault was withdrawn because its time was over; the time is on the proxy's monotonic clock. */
  onExpired?(expiry: Expiry): void;
}

/** The stream of taps, being read. */
export interface TapStream {
  /** Resolves when all records before that flush were delivered; rejects when the stream broke. */
  flushed(ordinal: number): Promise<void>;
  close(): Promise<void>;
}

type Line =
  TapRecord | { readonly lost: number } | { readonly flushed: number } | { readonly health: ProxyHealth } | { readonly expired: Expiry };

/** Opens the stream and hands on what comes, in batches as they arrive. */
export async function readTaps(connection: TapConnection, answerMs: number): Promise<TapStream> {
  const url = `${connection.controlUrl}/halfopen/taps`;
  const ending = new AbortController();
  const opening = AbortSignal.timeout(answerMs);
  const giveUp = (): void => ending.abort(opening.reason);
  opening.addEventListener('abort', giveUp, { once: true });
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.any([ending.signal, connection.signal]) });
  } catch (error) {
    throw new HarnessError(`Cannot read the taps at ${url}: ${(error as Error).message}`, { cause: error });
  } finally {
    opening.removeEventListener('abort', giveUp);
  }
  if (!response.ok || response.body === null)
    throw new HarnessError(`Cannot read the taps at ${url}: the proxy answered ${response.status}`);
  let lastFlush = 0;
  let broken: HarnessError | null = null;
  const waiters = new Set<() => void>();
  const wake = (): void => waiters.forEach((waiter) => waiter());
  const ended = readLines(response.body, (lines) => {
    lastFlush = Math.max(lastFlush, deliver(lines, connection));
    wake();
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const closed = ended.then((cause) => {
    broken = new HarnessError(`Cannot read the taps at ${url}: the stream ended`, { cause });
    wake();
  });
  return {
    flushed: (ordinal) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (lastFlush < ordinal && broken === null) return;
          waiters.delete(check);
          if (lastFlush >= ordinal) resolve();
          else if (broken !== null) reject(broken);
        };
        waiters.add(check);
        check();
      }),
    async close() {
      ending.abort();
      await closed;
    },
  };
}

async function readLines(body: ReadableStream<Uint8Array>, onLines: (lines: readonly string[]) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body as AsyncIterable<Uint8Array>) {
    const text = rest + decoder.decode(part, { stream: true });
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (end >= 0) onLines(text.slice(0, end).split('\n'));
  }
}

/** Hands the lines on; answers the last flush among them, or 0. */
function deliver(lines: readonly string[], connection: TapConnection): number {
  const records: TapRecord[] = [];
  let flush = 0;
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if ('edge' in line) records.push(line);
    else if ('lost' in line) connection.onLost(line.lost);
    else if ('health' in line) connection.onHealth?.(line.health);
    else if ('expired' in line) connection.onExpired?.(line.expired);
    else flush = line.flushed;
  }
  if (records.length > 0) connection.onTap(records);
  return flush;
}
