/**
 * Quantiles by nearest rank: the smallest value that at least the share `q` of all values does not exceed, so always a
 * value that was really measured (Hyndman & Fan 1996, type 1). Nothing is interpolated and nothing is averaged.
 */

/** The rank of the quantile among `count` sorted values, from 1. The slack absorbs `0.07 * 100 > 7`. */
export function nearestRank(q: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(q * count - 1e-9)));
}

/** The quantile of values that ascend; null without values. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number | null {
  return sorted.length === 0 ? null : (sorted[nearestRank(q, sorted.length) - 1] ?? null);
}

/** The quantile of values in any order; null without values. */
export function quantile(values: readonly number[], q: number): number | null {
  return quantileOfSorted(ascending(values), q);
}

/** The values in ascending order, as a copy. */
export function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** Whether the quantile of `count` values is within a limit that `exceeding` of them exceed; false without values. */
export function quantileIsWithin(q: number, count: number, exceeding: number): boolean {
  return count > 0 && exceeding <= count - nearestRank(q, count);
}
