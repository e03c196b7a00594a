/**
 * Bounds of a quantile that assume nothing of the distribution: a value of the sample, chosen by rank.
 *
 * The number of values up to the true quantile is binomial, whatever the values are distributed like. Where values are tied the bounds
 * hold more often than stated, never less. A censored value counts as never reached for an upper bound, and as reached at its horizon
 * for a lower one, so both hold however long the run would have taken and however its horizon came about.
 *
 * Source: David & Nagaraja, Order Statistics (3rd ed., 2003), §7.1; Hahn & Meeker, Statistical Intervals (1991), §5.2.
 */
import { atLeast, atMost } from './binomial.ts';
import { checkObservations, checkOpenShare, leastOf, rankable, sortedSample, type Observation } from './sample.ts';

/** Equal probabilities can differ in their last digits. */
const SLACK = 1e-12;

export type QuantileBound =
  | { readonly kind: 'bound'; readonly value: number; readonly rank: number; readonly confidence: number }
  /** Upper bounds only: it is a value that was not reached, so nothing finite bounds the quantile. */
  | { readonly kind: 'censored'; readonly rank: number; readonly confidence: number }
  /** No value of so few bounds the quantile at that confidence; `runs` would. */
  | { readonly kind: 'too-few'; readonly runs: number };

export type QuantileInterval =
  | { readonly kind: 'interval'; readonly lower: QuantileBound; readonly upper: QuantileBound; readonly confidence: number }
  | { readonly kind: 'too-few'; readonly runs: number };

export interface QuantileGoal {
  /** Between 0 and 1: 0.5 is the median. */
  readonly quantile: number;
  readonly confidence: number;
}

/**
 * The smallest value that the true quantile does not exceed, at this one-sided confidence; `confidence` of the answer is what was reached.
 * +Infinity stands for a value that was not reached.
 *
 * @throws {RangeError} at NaN, naming the index, or if quantile or confidence do not lie between 0 and 1
 */
export function upperQuantile(values: readonly number[], goal: QuantileGoal): QuantileBound {
  checkGoal(goal);
  const sorted = sortedSample(values, 'values');
  for (let rank = 1; rank <= sorted.length; rank++) {
    const confidence = atMost({ hits: rank - 1, runs: sorted.length }, goal.quantile);
    if (confidence >= goal.confidence - SLACK) return boundAt(sorted, rank, confidence);
  }
  return { kind: 'too-few', runs: runsFor(goal.quantile, goal.confidence) };
}

/** The largest value that the true quantile does not undercut, at this one-sided confidence. */
export function lowerQuantile(observations: readonly Observation[], goal: QuantileGoal): QuantileBound {
  checkGoal(goal);
  checkObservations(observations, 'observations');
  const sorted = sortedSample(observations.map(leastOf), 'observations');
  for (let rank = sorted.length; rank > 0; rank--) {
    const confidence = atLeast({ hits: rank, runs: sorted.length }, goal.quantile);
    if (confidence >= goal.confidence - SLACK) return boundAt(sorted, rank, confidence);
  }
  return { kind: 'too-few', runs: runsFor(1 - goal.quantile, goal.confidence) };
}

/** Both bounds; each errs with at most half of `1 − confidence`. */
export function quantileInterval(observations: readonly Observation[], goal: QuantileGoal): QuantileInterval {
  checkOpenShare(goal.confidence, 'confidence');
  const oneSided = { quantile: goal.quantile, confidence: (1 + goal.confidence) / 2 };
  const lower = lowerQuantile(observations, oneSided);
  const upper = upperQuantile(observations.map(rankable), oneSided);
  if (lower.kind === 'too-few' || upper.kind === 'too-few') {
    const farther = Math.max(goal.quantile, 1 - goal.quantile);
    return { kind: 'too-few', runs: runsFor(farther, oneSided.confidence) };
  }
  return { kind: 'interval', lower, upper, confidence: lower.confidence + upper.confidence - 1 };
}

/** The fewest values of which one bounds the quantile at all: not all of them may lie on one side of it. */
function runsFor(quantile: number, confidence: number): number {
  let runs = Math.max(1, Math.floor(Math.log(1 - confidence) / Math.log(quantile)) - 1);
  while (atMost({ hits: runs - 1, runs }, quantile) < confidence - SLACK) runs++;
  return runs;
}

function checkGoal({ quantile, confidence }: QuantileGoal): void {
  checkOpenShare(quantile, 'quantile');
  checkOpenShare(confidence, 'confidence');
}

function boundAt(sorted: Float64Array, rank: number, confidence: number): QuantileBound {
  const value = sorted[rank - 1] ?? Infinity;
  return value === Infinity ? { kind: 'censored', rank, confidence } : { kind: 'bound', value, rank, confidence };
}
