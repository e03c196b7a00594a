import type { ExchangeRow, RequestRow } from '../../model/recording.ts';
import type { Evidence } from '../evidence.ts';
import { responseMs } from '../series.ts';
import { reachedSystem } from '../unsent.ts';

/** A call that did its work, as its caller saw it. */
export function isGood(exchange: ExchangeRow): boolean {
  return exchange.outcome === 'answered' && exchange.status < 500;
}

/** A call that failed. One that was still open when the recording stopped is neither good nor failed. */
export function hasFailed(exchange: ExchangeRow): boolean {
  return !isGood(exchange) && exchange.outcome !== 'unfinished';
}

/** A call whose failure a slow machine may have caused: all but the answers that a fault made bad. */
export function mayHaveBeenDelayed(exchange: ExchangeRow): boolean {
  return hasFailed(exchange) && (exchange.fault === null || exchange.outcome !== 'answered');
}

/** The patience of a request that nobody declared, in milliseconds. */
const OTHER_TIMEOUT_MS = 5000;

/**
 * How long arrivals waited, in milliseconds. One that the load driver did not send, or gave up, has failed like one that waited for all
 * of its timeout: whoever came would have waited for a sender as well.
 */
export function waitsIn({ plan }: Evidence): (row: RequestRow) => number {
  const { load } = plan;
  const templates = [...load.requests, ...(load.kind === 'open' ? (load.journeys ?? []) : [])];
  const timeouts = new Map(templates.map(({ name, timeoutMs }) => [name, timeoutMs]));
  return (row) => (reachedSystem(row) ? responseMs(row) : Math.max(responseMs(row), timeouts.get(row.name) ?? OTHER_TIMEOUT_MS));
}

/** Fewest samples from which a quantile can be told: at least one beyond it, and ten. */
export function samplesFor(quantile: number): number {
  return Math.max(10, Math.ceil(1 / (1 - quantile) - 1e-9));
}

/** All exchanges of an edge, from the first one recorded: probes and start-up included. */
export function allExchanges(evidence: Evidence, edge: string): readonly ExchangeRow[] {
  return evidence.exchangesIn({ fromUs: -Infinity, toUs: Infinity }, edge);
}

/** Calls by the request that they belong to, in order of their first call. */
export function callsByTrace(exchanges: readonly ExchangeRow[]): {
  readonly traces: ReadonlyMap<string, readonly ExchangeRow[]>;
  readonly untraced: number;
} {
  const traces = new Map<string, ExchangeRow[]>();
  let untraced = 0;
  for (const exchange of exchanges) {
    if (exchange.traceId === '') {
      untraced++;
      continue;
    }
    const calls = traces.get(exchange.traceId);
    if (calls === undefined) traces.set(exchange.traceId, [exchange]);
    else calls.push(exchange);
  }
  return { traces, untraced };
}

/** Largest share of calls without a trace id with which calls can still be told apart from attempts. */
export const UNTRACED_MAX = 0.05;
