/**
 * Whether one sample's values tend to be larger than another's: Mann and Whitney's test, exact also with ties.
 *
 * The p is the share of all ways to deal the pooled values out to the two samples that are at least as extreme (the conditional
 * distribution, given the ties). Where the samples are too large to count that out (some 100 a side), the normal approximation with
 * corrections for ties and continuity stands in, and the answer says so.
 *
 * Source: Mann & Whitney, Annals of Mathematical Statistics 18 (1947), 50–60; Hollander, Wolfe & Chicken, Nonparametric Statistical
 * Methods (3rd ed., 2014), §4.1.
 */
import { normalAbove } from './normal.ts';
import { distributionOfU, groupSizes, uAtLeast, uAtMost } from './rank-sum.ts';
import { sortedSample } from './sample.ts';

export type RankTest =
  | {
      readonly kind: 'tested';
      /** Pairs of one value each in which the candidate's is larger; tied ones count half. */
      readonly u: number;
      readonly pairs: number;
      /** One-sided p for "the candidate's values tend to be larger". */
      readonly pLarger: number;
      readonly pSmaller: number;
      /** Twice the smaller of both, at most 1. */
      readonly pTwoSided: number;
      /** The smallest `pLarger` that these sizes and ties allow: where it exceeds the limit, no difference could have shown. */
      readonly pLargerLeast: number;
      readonly method: 'exact' | 'approximate';
    }
  | { readonly kind: 'no-runs'; readonly side: 'baseline' | 'candidate' };

/**
 * Compares two samples; +Infinity stands for a value that was not reached, and ties with its like. Swapped samples swap the two p.
 * Samples in which all values are the same have p = 1.
 *
 * @throws {RangeError} at NaN or -Infinity, naming the index
 */
export function mannWhitney(baseline: readonly number[], candidate: readonly number[]): RankTest {
  const low = sortedSample(baseline, 'baseline');
  const high = sortedSample(candidate, 'candidate');
  if (low.length === 0) return { kind: 'no-runs', side: 'baseline' };
  if (high.length === 0) return { kind: 'no-runs', side: 'candidate' };
  const u = pairsLarger(low, high);
  const groups = groupSizes(Float64Array.from([...low, ...high]).sort());
  const { pLarger, pSmaller, pLargerLeast, method } = exact(u, high.length, groups) ?? approximate(u, low.length, high.length, groups);
  return {
    kind: 'tested',
    u,
    pairs: low.length * high.length,
    pLarger,
    pSmaller,
    pTwoSided: Math.min(1, 2 * Math.min(pLarger, pSmaller)),
    pLargerLeast,
    method,
  };
}

type Tails = Pick<Extract<RankTest, { kind: 'tested' }>, 'pLarger' | 'pSmaller' | 'pLargerLeast' | 'method'>;

function exact(u: number, candidates: number, groups: readonly number[]): Tails | null {
  const distribution = distributionOfU(candidates, groups);
  if (distribution === null) return null;
  const largest = distribution.probabilities.findLast((probability) => probability > 0) ?? 1;
  return { pLarger: uAtLeast(distribution, u), pSmaller: uAtMost(distribution, u), pLargerLeast: largest, method: 'exact' };
}

function approximate(u: number, baselines: number, candidates: number, groups: readonly number[]): Tails {
  const total = baselines + candidates;
  const pairs = baselines * candidates;
  const ties = groups.reduce((sum, size) => sum + (size ** 3 - size), 0);
  const deviation = Math.sqrt((pairs / 12) * (total + 1 - ties / (total * (total - 1))));
  // With continuity: half a pair nearer to the middle.
  const above = (difference: number): number => (deviation > 0 ? normalAbove((difference - 0.5) / deviation) : 1);
  return {
    pLarger: above(u - pairs / 2),
    pSmaller: above(pairs / 2 - u),
    pLargerLeast: above(pairs / 2),
    method: 'approximate',
  };
}

/** Pairs in which the value of `high` is the larger one, and half of those that are tied; both ascend. */
function pairsLarger(low: Float64Array, high: Float64Array): number {
  let u = 0;
  let below = 0;
  let upTo = 0;
  for (const value of high) {
    while (below < low.length && (low[below] as number) < value) below++;
    while (upTo < low.length && (low[upTo] as number) <= value) upTo++;
    u += (below + upTo) / 2;
  }
  return u;
}
