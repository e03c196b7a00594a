import { MICROSECONDS_PER_MILLISECOND } from '../model/time.ts';
import type { RequestRow } from '../model/recording.ts';
import type { Span } from './evidence.ts';
import { ascending, quantileOfSorted } from './quantile.ts';

/** What users got in one bucket of intended time. Response times in milliseconds; null where nothing arrived. */
export interface Window extends Span {
  readonly arrivals: number;
  readonly ok: number;
  readonly degraded: number;
  /** Neither ok nor degraded. */
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

export interface Series {
  readonly bucketUs: number;
  /** Without gaps from the span's begin; the last one may be cut short by the span's end. */
  readonly windows: readonly Window[];
}

/** The finest bucket, in microseconds. */
export const BUCKET_US = 250_000;
/** Arrivals that a bucket must hold on average. */
export const ARRIVALS_PER_BUCKET = 10;

/** From the intended time to the end, in milliseconds: what a user waited, a late start of the driver included. */
export function responseMs(row: RequestRow): number {
  return (row.endedUs - row.intendedUs) / MICROSECONDS_PER_MILLISECOND;
}

/** From the start to the end, in milliseconds; null if the request never started. */
export function serviceMs(row: RequestRow): number | null {
  return row.startedUs === null ? null : (row.endedUs - row.startedUs) / MICROSECONDS_PER_MILLISECOND;
}

/** The finest bucket (250 ms, doubled as often as needed) that holds ten of these arrivals on average; at most the whole span. */
export function bucketUsFor(arrivals: number, spanUs: number): number {
  let bucketUs = BUCKET_US;
  while (bucketUs < spanUs && (arrivals * bucketUs) / spanUs < ARRIVALS_PER_BUCKET) bucketUs *= 2;
  return Math.max(1, Math.min(bucketUs, Math.max(spanUs, BUCKET_US)));
}

/**
 * Cuts a span into windows of intended time.
 *
 * @param requests by intended time, all of them within the span
 */
export function seriesOf(
  requests: readonly RequestRow[],
  span: Span,
  bucketUs = bucketUsFor(requests.length, span.toUs - span.fromUs),
): Series {
  const windows: Window[] = [];
  let next = 0;
  for (let fromUs = span.fromUs; fromUs < span.toUs; fromUs += bucketUs) {
    const toUs = Math.min(fromUs + bucketUs, span.toUs);
    const first = next;
    while ((requests[next]?.intendedUs ?? Infinity) < toUs) next++;
    windows.push(windowOf(requests.slice(first, next), { fromUs, toUs }));
  }
  return { bucketUs, windows };
}

function windowOf(rows: readonly RequestRow[], { fromUs, toUs }: Span): Window {
  const sorted = ascending(rows.map(responseMs));
  let ok = 0;
  let degraded = 0;
  for (const { outcome } of rows) {
    if (outcome === 'ok') ok++;
    else if (outcome === 'degraded') degraded++;
  }
  return {
    fromUs,
    toUs,
    arrivals: rows.length,
    ok,
    degraded,
    failed: rows.length - ok - degraded,
    p50Ms: quantileOfSorted(sorted, 0.5),
    p95Ms: quantileOfSorted(sorted, 0.95),
    maxMs: sorted.at(-1) ?? null,
  };
}
