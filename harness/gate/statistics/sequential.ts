/**
 * "Within T in at least this share of runs", looked at after every run, stopped when it suits: a decision that holds at any moment.
 *
 * Against "the share is too low" bets a mixture of shares above the goal, against "the share is high enough" one of shares below it.
 * Where the bet is lost its winnings are a supermartingale that begins at 1, so they ever reach 1 / (1 − confidence) with a probability
 * of at most 1 − confidence (Ville's inequality), however often one looks and whenever one stops, planned or not. Exact bounds of
 * `share-verdict.ts` do not have this property: looked at after every run, they err several times as often as they say.
 *
 * Source: Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970),
 * 1397–1409; Ramdas, Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38
 * (2023), 576–601.
 */
import { checkCount, descending, type Count } from './binomial.ts';
import { checkWhole } from './sample.ts';
import { checkGoal, type ShareGoal } from './share-verdict.ts';

export type SequentialVerdict =
  | { readonly answer: 'pass' | 'fail'; readonly count: Count; readonly evidence: Evidence }
  | {
      readonly answer: 'go-on';
      readonly count: Count;
      readonly evidence: Evidence;
      /** Runs more after which it passes if all of them hit; null for a goal of 1. */
      readonly hitsToPass: number | null;
      /** Runs more after which it fails if all of them miss. */
      readonly missesToFail: number;
      /** Runs that may still be made. */
      readonly runsLeft: number;
    }
  /** No outcome of the runs that may still be made decides it. `hitsToPass` and `missesToFail` say how many more would. */
  | {
      readonly answer: 'out-of-reach';
      readonly count: Count;
      readonly evidence: Evidence;
      readonly hitsToPass: number | null;
      readonly missesToFail: number;
    };

/** What the bets have won, from 1 on: a decision needs 1 / (1 − confidence). Infinity where the goal has become impossible. */
export interface Evidence {
  readonly forPass: number;
  readonly forFail: number;
  readonly needed: number;
}

/** What is bet on a system that never misses; the rest is spread evenly over shares above the goal, so that a miss can be made good. */
const BET_ON_PERFECT = 0.9;

/**
 * Decided, or whether going on can decide it within `runsMax` runs in all. Depends on how many hit, not on their order.
 *
 * @throws {RangeError} if count or goal are none, or the count exceeds `runsMax`
 */
export function judgeSequentially(count: Count, goal: ShareGoal, runsMax: number): SequentialVerdict {
  checkCount(count);
  checkGoal(goal);
  checkWhole(runsMax, 'runsMax', count.runs);
  const evidence = evidenceOf(count, goal);
  if (evidence.forPass >= evidence.needed) return { answer: 'pass', count, evidence };
  if (evidence.forFail >= evidence.needed) return { answer: 'fail', count, evidence };
  const runsLeft = runsMax - count.runs;
  const hitsToPass = goal.share === 1 ? null : moreUntil((more) => isPassed({ hits: count.hits + more, runs: count.runs + more }, goal));
  const missesToFail = moreUntil((more) => isFailed({ hits: count.hits, runs: count.runs + more }, goal));
  const told = { count, evidence, hitsToPass, missesToFail };
  const isInReach = (hitsToPass !== null && hitsToPass <= runsLeft) || missesToFail <= runsLeft;
  return isInReach ? { answer: 'go-on', ...told, runsLeft } : { answer: 'out-of-reach', ...told };
}

function isPassed(count: Count, goal: ShareGoal): boolean {
  const { forPass, needed } = evidenceOf(count, goal);
  return forPass >= needed;
}

function isFailed(count: Count, goal: ShareGoal): boolean {
  const { forFail, needed } = evidenceOf(count, goal);
  return forFail >= needed;
}

function evidenceOf(count: Count, { share, confidence }: ShareGoal): Evidence {
  const needed = 1 / (1 - confidence);
  if (share === 1) return { forPass: 0, forFail: count.hits < count.runs ? Infinity : 1, needed };
  const misses = count.runs - count.hits;
  const perfect = misses === 0 ? share ** -count.runs : 0;
  // A mixture over shares from 0 to the goal, seen from the misses' side, is one over shares from 1 − goal to 1.
  return {
    forPass: BET_ON_PERFECT * perfect + (1 - BET_ON_PERFECT) * evenBet(count, share),
    forFail: evenBet({ hits: misses, runs: count.runs }, 1 - share),
    needed,
  };
}

/**
 * The likelihood ratio of shares that are evenly distributed between `share` and 1, against `share` itself: the incomplete beta
 * function in it is a binomial tail.
 */
function evenBet({ hits, runs }: Count, share: number): number {
  const nextTerm = ((runs + 1) * (1 - share)) / (runs + 1 - hits);
  return (nextTerm * descending({ hits, runs: runs + 1 }, share)) / ((1 - share) * (runs + 1));
}

/** The smallest number for which `holds`, which once true stays true. */
function moreUntil(holds: (more: number) => boolean): number {
  let high = 1;
  while (!holds(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
