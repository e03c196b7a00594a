/**
 * "Not worse than the baseline by more than a tolerance", for one statistic or for many at once. Larger is worse.
 *
 * Pass is a claim as well, and is not "no difference found": the upper bound of the ratio must lie within the tolerance. Fail needs a
 * lower bound beyond it and a one-sided exact Mann–Whitney test against the baseline made worse by the tolerance, adjusted (Holm) for the
 * number of statistics. Everything between is "cannot tell".
 *
 * Source: non-inferiority as in Wellek, Testing Statistical Hypotheses of Equivalence and Noninferiority (2nd ed., 2010), §6.2.
 */
import { ratioOf, runsASideFor, shiftOf, type Shift } from './hodges-lehmann.ts';
import { holm } from './holm.ts';
import { mannWhitney } from './mann-whitney.ts';
import { minimumEffect, runsForEffect } from './minimum-effect.ts';
import { checkOpenShare, isCensored, leastOf, type Observation } from './sample.ts';
import { runToRunSpread, type Spread } from './spread.ts';

/** Below it nothing is judged: with four a side hardly anything could be significant. */
export const RUNS_A_SIDE_MIN = 5;

export interface Comparison {
  readonly baseline: readonly Observation[];
  readonly candidate: readonly Observation[];
  /** `ratio`: the tolerance 0.2 allows 20 % more. `difference`: it allows 0.2 of the statistic's unit more. */
  readonly scale: 'ratio' | 'difference';
  /** At least 0. With 0 only what is better for certain passes. */
  readonly tolerance: number;
}

export interface Relative {
  /** What candidate and baseline differ by, each bound holding at the confidence that was asked for. */
  readonly shift: Shift;
  /** One-sided p of "worse by more than the tolerance", adjusted for the number of comparisons; 1 where there are too few runs. */
  readonly p: number;
  /** The ratio to the baseline, tolerance included, that would be found in 80 % of cases; null where the spread is not known. */
  readonly findableRatio: number | null;
  readonly spread: Spread;
}

export type RelativeVerdict =
  | ({ readonly answer: 'pass' | 'fail' } & Relative)
  | ({
      readonly answer: 'cannot-tell';
      readonly why: 'too-few-runs' | 'censored' | 'between';
      /** Runs a side that would tell, were both alike; null where that cannot be said. */
      readonly runsASide: number | null;
    } & Relative);

/**
 * Judges comparisons as one family: the probability of even one false fail among them is at most `1 − confidence`.
 *
 * @throws {RangeError} at a value that is not finite, a negative one under a ratio, a negative tolerance, or a confidence outside of ]0.5, 1[
 */
export function judgeComparisons(comparisons: readonly Comparison[], confidence: number): readonly RelativeVerdict[] {
  checkOpenShare(confidence, 'confidence');
  if (confidence <= 0.5) throw new RangeError(`Cannot compare runs as 'confidence' must exceed 0.5: current value is ${confidence}`);
  comparisons.forEach(checkTolerance);
  const shifts = comparisons.map(({ scale, baseline, candidate }) =>
    (scale === 'ratio' ? ratioOf : shiftOf)(baseline, candidate, 2 * confidence - 1),
  );
  const judged = comparisons.flatMap((comparison, index) => (isEnough(comparison) ? [index] : []));
  const adjusted = holm(judged.map((index) => pWorse(comparisons[index] as Comparison)));
  return comparisons.map((comparison, index) => {
    const p = adjusted[judged.indexOf(index)] ?? 1;
    return verdictOf({ comparison, shift: shifts[index] as Shift, p, confidence });
  });
}

interface Judgement {
  readonly comparison: Comparison;
  readonly shift: Shift;
  readonly p: number;
  readonly confidence: number;
}

function verdictOf({ comparison, shift, p, confidence }: Judgement): RelativeVerdict {
  const { baseline, candidate, scale, tolerance } = comparison;
  const spread: Spread = scale === 'ratio' ? runToRunSpread([baseline, candidate]) : { kind: 'unknown', why: 'no ratio' };
  const findableRatio = spread.kind === 'spread' ? findable(comparison, spread.cv, confidence) : null;
  const told: Relative = { shift, p, findableRatio, spread };
  if (!isEnough(comparison)) return { answer: 'cannot-tell', why: 'too-few-runs', runsASide: RUNS_A_SIDE_MIN, ...told };
  const alpha = 1 - confidence;
  if (shift.kind === 'too-few') return { answer: 'cannot-tell', why: 'too-few-runs', runsASide: runsASideFor(alpha), ...told };
  const limit = scale === 'ratio' ? 1 + tolerance : tolerance;
  if (isBeyond(shift, limit) && p <= alpha) return { answer: 'fail', ...told };
  if (shift.kind === 'shift' && shift.upper !== null && shift.upper <= limit) return { answer: 'pass', ...told };
  const why = [...baseline, ...candidate].some(isCensored) ? 'censored' : 'between';
  const runsASide = spread.kind === 'spread' && tolerance > 0 ? runsForEffect(limit, { cv: spread.cv, alpha }) : null;
  return { answer: 'cannot-tell', why, runsASide, ...told };
}

/** No ratio: the baseline is 0 in most runs and the candidate is not. */
function isBeyond(shift: Shift, limit: number): boolean {
  return shift.kind === 'no-ratio' || (shift.kind === 'shift' && shift.lower !== null && shift.lower > limit);
}

function findable({ baseline, candidate, tolerance }: Comparison, cv: number, confidence: number): number | null {
  const effect = minimumEffect(baseline.length, candidate.length, { cv, alpha: 1 - confidence });
  return effect.kind === 'ratio' ? (1 + tolerance) * effect.ratio : null;
}

/**
 * Both sides are cut off at the shortest time that any censored run was watched, the baseline's after it was made worse: beyond that
 * they are alike "not reached", and the test stays exact.
 */
function pWorse({ baseline, candidate, scale, tolerance }: Comparison): number {
  const worse = (value: number): number => (scale === 'ratio' ? value * (1 + tolerance) : value + tolerance);
  const horizon = Math.min(
    ...baseline.map((observation) => (isCensored(observation) ? worse(observation.censoredAtMs) : Infinity)),
    ...candidate.map((observation) => (isCensored(observation) ? observation.censoredAtMs : Infinity)),
  );
  const cut = (value: number): number => (value >= horizon ? Infinity : value);
  const test = mannWhitney(
    baseline.map((observation) => cut(worse(leastOf(observation)))),
    candidate.map((observation) => cut(leastOf(observation))),
  );
  return test.kind === 'tested' ? test.pLarger : 1;
}

function isEnough({ baseline, candidate }: Comparison): boolean {
  return Math.min(baseline.length, candidate.length) >= RUNS_A_SIDE_MIN;
}

function checkTolerance({ tolerance }: Comparison): void {
  if (!(tolerance >= 0 && Number.isFinite(tolerance)))
    throw new RangeError(`Cannot compare runs as 'tolerance' must be a finite number of at least 0: current value is ${tolerance}`);
}
