/**
 * The exact distribution of Mann and Whitney's U over all ways to deal the pooled values out to two samples, ties included.
 *
 * Values that are equal form a group; groups are dealt out in ascending order, so that a group's share in U depends only on how many
 * of the second sample lie below it. Counts of ways are doubles: exact up to 2^53, and to 13 digits beyond.
 *
 * Source: Mann & Whitney, Annals of Mathematical Statistics 18 (1947), 50–60, for the recursion; Streitberg & Röhmel, "Exact
 * distributions for permutation and rank tests", Statistical Software Newsletter 12 (1986), 10–17, for ties.
 */

export interface UDistribution {
  /** 1 where U is whole; 2 where ties make halves: then `probabilities[index]` is P(U = index / 2). */
  readonly scale: 1 | 2;
  readonly probabilities: Float64Array;
}

/** More steps than this (some 100 values a side) take more than about a second. */
const STEPS_MAX = 600_000_000;

/** The lengths of the runs of equal values in values that ascend. */
export function groupSizes(sorted: ArrayLike<number>): number[] {
  const sizes: number[] = [];
  for (let index = 0; index < sorted.length; index++) {
    if (index > 0 && sorted[index] === sorted[index - 1]) sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1;
    else sizes.push(1);
  }
  return sizes;
}

/** The groups of so many values that all differ. */
export function untied(count: number): number[] {
  return Array.from({ length: count }, () => 1);
}

/**
 * How U of a sample of `first` values is distributed, U being the number of pairs in which the first sample's value is the larger, and
 * half of those that are tied. Null where the samples are too large to count it out.
 */
export function distributionOfU(first: number, groups: readonly number[]): UDistribution | null {
  const total = groups.reduce((sum, size) => sum + size, 0);
  const second = total - first;
  const scale = groups.every((size) => size === 1) ? 1 : 2;
  const smaller = Math.min(first, second);
  if (((smaller * (scale * first * second)) / 3) * total > STEPS_MAX) return null;
  const ways = waysOfU(smaller, groups, scale);
  const probabilities = normalised(ways);
  return { scale, probabilities: first <= second ? probabilities : probabilities.reverse() };
}

function waysOfU(first: number, groups: readonly number[], scale: 1 | 2): Float64Array {
  const second = groups.reduce((sum, size) => sum + size, 0) - first;
  const ways = Array.from({ length: first + 1 }, () => new Float64Array(scale * first * second + 1));
  (ways[0] as Float64Array)[0] = 1;
  let seen = 0;
  for (const size of groups) {
    // From many to few: what this group adds to is read before this group adds to it.
    for (let dealt = Math.min(first, seen + size); dealt > 0; dealt--) {
      for (let ofGroup = Math.min(size, dealt); ofGroup > 0; ofGroup--) {
        const before = dealt - ofGroup;
        const below = seen - before;
        if (below < 0 || below + size - ofGroup > second) continue;
        const gain = scale * ofGroup * below + (scale * ofGroup * (size - ofGroup)) / 2;
        addShifted(ways[dealt] as Float64Array, ways[before] as Float64Array, {
          gain,
          times: choose(size, ofGroup),
          length: scale * before * below + 1,
        });
      }
    }
    seen += size;
  }
  return ways[first] as Float64Array;
}

interface Shift {
  readonly gain: number;
  readonly times: number;
  /** Beyond it the source is 0. */
  readonly length: number;
}

function addShifted(target: Float64Array, source: Float64Array, { gain, times, length }: Shift): void {
  for (let index = 0; index < length; index++) target[index + gain] = (target[index + gain] as number) + times * (source[index] as number);
}

function choose(size: number, chosen: number): number {
  let ways = 1;
  for (let k = 1; k <= Math.min(chosen, size - chosen); k++) ways = (ways * (size - k + 1)) / k;
  return Math.round(ways);
}

function normalised(ways: Float64Array): Float64Array {
  const total = ways.reduce((sum, count) => sum + count, 0);
  return ways.map((count) => count / total);
}

/** P(U ≤ u). */
export function uAtMost({ scale, probabilities }: UDistribution, u: number): number {
  let sum = 0;
  for (let index = 0; index <= Math.min(u * scale, probabilities.length - 1); index++) sum += probabilities[index] as number;
  return Math.min(1, sum);
}

/** P(U ≥ u). */
export function uAtLeast({ scale, probabilities }: UDistribution, u: number): number {
  let sum = 0;
  for (let index = probabilities.length - 1; index >= Math.max(0, u * scale); index--) sum += probabilities[index] as number;
  return Math.min(1, sum);
}
