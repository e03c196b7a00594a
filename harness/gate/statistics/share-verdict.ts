/**
 * "Within T in at least this share of runs, at this confidence", over a number of runs that was fixed beforehand. Who looks after each
 * run and stops when it suits needs `sequential.ts`.
 *
 * A run that was censored is a run that was not within T.
 */
import { atLeast, atMost, checkCount, lowerShare, upperShare, type Count } from './binomial.ts';
import { checkOpenShare, checkWhole } from './sample.ts';

/** At least this share of runs, and how sure an answer has to be. */
export interface ShareGoal {
  /** Above 0, at most 1. A goal of 1 can be failed, and no number of runs can show that it is kept. */
  readonly share: number;
  /** One-sided: a wrong pass and a wrong fail each happen in at most `1 − confidence` of all cases. */
  readonly confidence: number;
}

export type ShareVerdict =
  | { readonly answer: 'pass'; readonly count: Count; readonly lower: number; readonly upper: number }
  | { readonly answer: 'fail'; readonly count: Count; readonly lower: number; readonly upper: number }
  | {
      readonly answer: 'cannot-tell';
      readonly count: Count;
      readonly lower: number;
      readonly upper: number;
      /** Runs in all at which it passes if none misses any more; null where no number of runs can show it. */
      readonly runsToPass: number | null;
      /** Runs in all at which it fails if none hits any more. */
      readonly runsToFail: number;
    };

/** Equal probabilities can differ in their last digits. */
const SLACK = 1 + 1e-11;

/**
 * Pass where the lower bound reaches the goal's share, fail where the upper bound lies below it, otherwise how many runs would tell.
 *
 * With 59 hits of 59 runs a share of 0.95 passes at a confidence of 0.95, with 58 of 58 it cannot tell.
 * @throws {RangeError} if the count is none, the share does not lie in ]0, 1] or the confidence not in ]0, 1[
 */
export function judgeShare(count: Count, goal: ShareGoal): ShareVerdict {
  checkCount(count);
  checkGoal(goal);
  const seen = { count, lower: lowerShare(count, goal.confidence), upper: upperShare(count, goal.confidence) };
  if (isKept(count, goal)) return { answer: 'pass', ...seen };
  if (isBroken(count, goal)) return { answer: 'fail', ...seen };
  return {
    answer: 'cannot-tell',
    ...seen,
    runsToPass: runsNeeded(goal, count.runs - count.hits),
    runsToFail: firstWhere(count.runs, (runs) => isBroken({ hits: count.hits, runs }, goal)),
  };
}

/** The fewest runs that pass if `misses` of them miss; null for a share of 1. */
export function runsNeeded(goal: ShareGoal, misses = 0): number | null {
  checkGoal(goal);
  checkWhole(misses, 'misses');
  if (goal.share === 1) return null;
  return firstWhere(misses, (runs) => isKept({ hits: runs - misses, runs }, goal));
}

export function checkGoal({ share, confidence }: ShareGoal): void {
  checkOpenShare(confidence, 'confidence');
  if (!(share > 0 && share <= 1))
    throw new RangeError(`Cannot judge runs as 'share' must lie above 0 and at most at 1: current value is ${share}`);
}

/** Equivalent to lower bound ≥ share, without the bound's rounding. */
function isKept(count: Count, { share, confidence }: ShareGoal): boolean {
  return count.runs > 0 && share < 1 && atLeast(count, share) <= (1 - confidence) * SLACK;
}

/** Equivalent to upper bound < share. */
function isBroken(count: Count, { share, confidence }: ShareGoal): boolean {
  return atMost(count, share) * SLACK < 1 - confidence;
}

/** The smallest number from `from` on for which `holds`, which once true stays true. */
function firstWhere(from: number, holds: (runs: number) => boolean): number {
  let step = 1;
  while (!holds(from + step)) step *= 2;
  let low = from + (step > 1 ? step / 2 : 0);
  let high = from + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
