/**
 * By how much a candidate's values lie above a baseline's: the median of all pairs' differences (or ratios), and the interval of what
 * the exact Mann–Whitney test does not rule out.
 *
 * The test ranks a pair by the sign of its difference, so each bound is one of the pairs' differences, chosen by the exact distribution
 * of U without ties; ties only make the interval hold more often. A censored value is at least its horizon: its pairs count with the
 * least that they can be for the lower bound and with the most for the upper one, so the interval holds however long the run would
 * have taken, and may be open on one side.
 *
 * Source: Hodges & Lehmann, Annals of Mathematical Statistics 34 (1963), 598–611; Hollander, Wolfe & Chicken, Nonparametric
 * Statistical Methods (3rd ed., 2014), §4.2–4.3; ties: Pratt & Gibbons, Concepts of Nonparametric Theory (1981), §3.
 */
import { normalQuantile } from './normal.ts';
import { distributionOfU, untied } from './rank-sum.ts';
import { checkObservations, checkOpenShare, isCensored, leastOf, type Observation } from './sample.ts';

export type Shift =
  | {
      readonly kind: 'shift';
      /** Null where censored runs leave open which pair is the middle one. */
      readonly estimate: number | null;
      /** Null where nothing bounds it from below. */
      readonly lower: number | null;
      /** Null where nothing bounds it from above. */
      readonly upper: number | null;
      /** Of both bounds together; at least what was asked for (approximately so where `method` is approximate). */
      readonly confidence: number;
      readonly method: 'exact' | 'approximate';
    }
  /** So few runs have no interval at this confidence; `runsASide` would. */
  | { readonly kind: 'too-few'; readonly estimate: number | null; readonly runsASide: number }
  /** Ratios only: the baseline is 0 in so many runs that even the lower bound is infinite. Ask for the difference. */
  | { readonly kind: 'no-ratio' };

/** What the difference of one pair can be; the same twice unless a run was censored. */
interface Pair {
  readonly least: number;
  readonly most: number;
}

/**
 * The difference candidate − baseline, with its two-sided interval.
 *
 * @throws {RangeError} if a value is not finite, naming the index, or the confidence does not lie between 0 and 1
 */
export function shiftOf(baseline: readonly Observation[], candidate: readonly Observation[], confidence: number): Shift {
  checkObservations(baseline, 'baseline');
  checkObservations(candidate, 'candidate');
  return bounded(pairsOf(baseline, candidate, differenceOf), {
    baselines: baseline.length,
    candidates: candidate.length,
    confidence,
    between: (lower, upper) => (lower + upper) / 2,
  });
}

/**
 * The ratio candidate / baseline, with its two-sided interval: 1.2 is 20 % more. The same as the shift of the logarithms, but for zeros.
 *
 * @throws {RangeError} if a value is not finite or negative, naming the index, or the confidence does not lie between 0 and 1
 */
export function ratioOf(baseline: readonly Observation[], candidate: readonly Observation[], confidence: number): Shift {
  checkObservations(baseline, 'baseline', 0);
  checkObservations(candidate, 'candidate', 0);
  return bounded(pairsOf(baseline, candidate, quotientOf), {
    baselines: baseline.length,
    candidates: candidate.length,
    confidence,
    between: (lower, upper) => Math.sqrt(lower * upper),
  });
}

function differenceOf(baseline: Observation, candidate: Observation): Pair {
  const difference = leastOf(candidate) - leastOf(baseline);
  return { least: isCensored(baseline) ? -Infinity : difference, most: isCensored(candidate) ? Infinity : difference };
}

function quotientOf(baseline: Observation, candidate: Observation): Pair {
  // Of two zeros neither is larger, by whatever the baseline is multiplied.
  if (leastOf(baseline) === 0 && leastOf(candidate) === 0) return { least: 0, most: Infinity };
  const quotient = leastOf(candidate) / leastOf(baseline);
  return { least: isCensored(baseline) ? 0 : quotient, most: isCensored(candidate) ? Infinity : quotient };
}

function pairsOf(
  baseline: readonly Observation[],
  candidate: readonly Observation[],
  compare: (baseline: Observation, candidate: Observation) => Pair,
): readonly Pair[] {
  return candidate.flatMap((above) => baseline.map((below) => compare(below, above)));
}

interface Inversion {
  readonly baselines: number;
  readonly candidates: number;
  readonly confidence: number;
  /** The median of an even number of pairs lies halfway, on the scale in question. */
  readonly between: (lower: number, upper: number) => number;
}

function bounded(pairs: readonly Pair[], { baselines, candidates, confidence, between }: Inversion): Shift {
  checkOpenShare(confidence, 'confidence');
  const least = Float64Array.from(pairs, (pair) => pair.least).sort();
  const most = Float64Array.from(pairs, (pair) => pair.most).sort();
  const middle = medianOf(least, between);
  const estimate = middle === medianOf(most, between) ? middle : null;
  const tail = (1 - confidence) / 2;
  const critical = criticalRank(baselines, candidates, tail);
  if (critical === null) return { kind: 'too-few', estimate, runsASide: runsASideFor(tail) };
  const lower = least[critical.rank - 1] as number;
  const upper = most[most.length - critical.rank] as number;
  if (lower === Infinity) return { kind: 'no-ratio' };
  return {
    kind: 'shift',
    estimate,
    lower: lower === -Infinity ? null : lower,
    upper: upper === Infinity ? null : upper,
    confidence: 1 - 2 * critical.tail,
    method: critical.method,
  };
}

/** A rank among the pairs' differences, with the probability that the true one lies outside of it on that side. */
export interface CriticalRank {
  readonly rank: number;
  readonly tail: number;
  readonly method: 'exact' | 'approximate';
}

/** The largest rank k with P(U ≤ k − 1) ≤ tail; null where there is none. */
export function criticalRank(baselines: number, candidates: number, tail: number): CriticalRank | null {
  if (baselines === 0 || candidates === 0) return null;
  const distribution = distributionOfU(baselines, untied(baselines + candidates));
  if (distribution === null) return approximateRank(baselines, candidates, tail);
  let rank = 0;
  let sum = 0;
  for (const probability of distribution.probabilities) {
    if (sum + probability > tail * (1 + 1e-11)) break;
    sum += probability;
    rank++;
  }
  return rank === 0 ? null : { rank, tail: sum, method: 'exact' };
}

/** By the normal approximation of U, with continuity. */
function approximateRank(baselines: number, candidates: number, tail: number): CriticalRank | null {
  const pairs = baselines * candidates;
  const deviation = Math.sqrt((pairs * (baselines + candidates + 1)) / 12);
  const rank = Math.floor(pairs / 2 - normalQuantile(1 - tail) * deviation - 0.5) + 1;
  return rank < 1 ? null : { rank, tail, method: 'approximate' };
}

/** The fewest runs a side that have a bound at all: the most extreme of all ways to deal them out must be rare enough. */
export function runsASideFor(tail: number): number {
  let runs = 1;
  let ways = 2;
  while (1 / ways > tail * (1 + 1e-11)) {
    runs++;
    ways *= (4 * runs - 2) / runs;
  }
  return runs;
}

/** Of values that ascend; null without any, or where the middle is not finite. */
function medianOf(sorted: Float64Array, between: Inversion['between']): number | null {
  if (sorted.length === 0) return null;
  const upper = sorted[Math.floor(sorted.length / 2)] as number;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] as number;
  const middle = lower === upper ? lower : between(lower, upper);
  return Number.isFinite(middle) ? middle : null;
}
