import { quantileOf } from '../bench/measure.ts';
import type { Spread } from './turn.ts';

/** @returns null where there is nothing */
export function spreadOf(valuesUs: readonly number[]): Spread | null {
  if (valuesUs.length === 0) return null;
  return {
    p50Us: quantileOf(valuesUs, 0.5),
    p99Us: quantileOf(valuesUs, 0.99),
    mostUs: valuesUs.reduce((most, value) => Math.max(most, value), -Infinity),
  };
}

/**
 * How late each request of an even schedule came, by rank: the k-th that came is held against the k-th moment. The schedule's zero is not
 * known to whom requests come, so the most punctual one counts as on time.
 */
export function lagsByRank(arrivalsUs: readonly number[], ratePerSecond: number): readonly number[] {
  const periodUs = 1e6 / ratePerSecond;
  const offsets = arrivalsUs.toSorted((left, right) => left - right).map((atUs, rank) => atUs - rank * periodUs);
  const zeroUs = offsets.reduce((least, offset) => Math.min(least, offset), Infinity);
  return offsets.map((offset) => offset - zeroUs);
}
