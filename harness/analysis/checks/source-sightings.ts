import type { ExchangeRow, Observed } from '../../model/recording.ts';
import type { Evidence } from '../evidence.ts';
import { allExchanges } from './traffic.ts';

/** What the tap saw a source give out: which values in which versions, and when. */
export interface Sightings {
  /** When the source last gave out what was served, at or before a moment, in microseconds; null if it never had. */
  lastSeenUs(served: Observed, atUs: number): number | null;
  /** Whether one exchange gave out exactly that. */
  isFrom(exchange: ExchangeRow, served: Observed): boolean;
}

/** An answer that carries something whose truth can be judged. */
export function hasContent(observed: Observed | null): observed is Observed {
  return observed !== null && (observed.value != null || observed.version !== undefined);
}

export function sightingsOn(evidence: Evidence, edge: string): Sightings {
  const seenUs = new Map<string, number[]>();
  for (const exchange of allExchanges(evidence, edge)) {
    if (!isReal(exchange) || exchange.observed === null) continue;
    for (const key of keysOf(exchange.observed)) {
      const times = seenUs.get(key);
      if (times === undefined) seenUs.set(key, [seenAtUs(exchange)]);
      else times.push(seenAtUs(exchange));
    }
  }
  for (const times of seenUs.values()) times.sort((left, right) => left - right);
  return {
    lastSeenUs: (served, atUs) => lastUpTo(seenUs.get(keyOf(served)) ?? [], atUs),
    isFrom: (exchange, served) => isReal(exchange) && exchange.observed !== null && keysOf(exchange.observed).includes(keyOf(served)),
  };
}

/** An answer that the callee itself gave; one that a fault made up is none of its values. */
function isReal({ observed, status, fault, touch }: ExchangeRow): boolean {
  return hasContent(observed) && status < 300 && !(fault !== null && touch === 'status');
}

/** The caller cannot have served it earlier than its first byte came. */
function seenAtUs({ firstByteUs, startedUs }: ExchangeRow): number {
  return firstByteUs ?? startedUs;
}

function keyOf({ value, version }: Observed): string {
  return JSON.stringify([value ?? null, version ?? null]);
}

/** As the whole, as its value alone and as its version alone: an answer need not carry both. */
function keysOf({ value, version }: Observed): string[] {
  const keys = new Set([keyOf({ ...(value === undefined ? {} : { value }), ...(version === undefined ? {} : { version }) })]);
  if (value != null) keys.add(keyOf({ value }));
  if (version !== undefined) keys.add(keyOf({ version }));
  return [...keys];
}

function lastUpTo(times: readonly number[], atUs: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= atUs) low = middle + 1;
    else high = middle;
  }
  return times[low - 1] ?? null;
}
