/**
 * The binomial distribution and exact bounds of a share.
 *
 * Source of the bounds: Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
 * Biometrika 26 (1934), 404–413.
 */
import { checkOpenShare, checkWhole } from './sample.ts';

/** Of so many runs, so many did what was asked. */
export interface Count {
  readonly hits: number;
  readonly runs: number;
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** P(X ≤ hits) where X is the number of hits in `runs` runs that each hit with probability `share`. */
export function atMost({ hits, runs }: Count, share: number): number {
  checkShare(share);
  if (hits < 0) return 0;
  if (hits >= runs || share === 0) return 1;
  if (share === 1) return 0;
  // The side of the sum that is away from the middle has the small terms: summed there, small probabilities keep their digits.
  if (hits > runs * share) return 1 - atLeast({ hits: hits + 1, runs }, share);
  return Math.min(1, termAt({ hits, runs }, share) * descending({ hits, runs }, share));
}

/** P(X ≥ hits), the other tail. */
export function atLeast({ hits, runs }: Count, share: number): number {
  return hits < runs * share ? 1 - atMost({ hits: hits - 1, runs }, share) : upperTail({ hits, runs }, share);
}

function upperTail({ hits, runs }: Count, share: number): number {
  checkShare(share);
  if (hits <= 0) return 1;
  if (hits > runs || share === 0) return 0;
  if (share === 1) return 1;
  return Math.min(1, termAt({ hits, runs }, share) * descending({ hits: runs - hits, runs }, 1 - share));
}

/** P(X ≤ hits) / P(X = hits): free of underflow, however small both are. */
export function descending({ hits, runs }: Count, share: number): number {
  const odds = (1 - share) / share;
  let term = 1;
  let sum = 1;
  for (let k = hits; k > 0 && term > 0; k--) {
    term *= (k / (runs - k + 1)) * odds;
    sum += term;
  }
  return sum;
}

/** P(X = hits) for 0 < share < 1. */
function termAt({ hits, runs }: Count, share: number): number {
  return Math.exp(logChoose(runs, hits) + hits * Math.log(share) + (runs - hits) * Math.log1p(-share));
}

function logChoose(runs: number, hits: number): number {
  let sum = 0;
  for (let k = 1; k <= Math.min(hits, runs - hits); k++) sum += Math.log((runs - k + 1) / k);
  return sum;
}

/**
 * The smallest share that the count does not rule out, at this one-sided confidence. 0 without runs.
 *
 * @throws {RangeError} if the count is none or the confidence does not lie between 0 and 1
 */
export function lowerShare(count: Count, confidence: number): number {
  checkCount(count);
  checkOpenShare(confidence, 'confidence');
  if (count.hits === 0) return 0;
  return turningPoint((share) => atLeast(count, share) < 1 - confidence);
}

/** The largest share that the count does not rule out, at this one-sided confidence. 1 without runs. */
export function upperShare({ hits, runs }: Count, confidence: number): number {
  return 1 - lowerShare({ hits: runs - hits, runs }, confidence);
}

/** The exact interval of a share: each side errs with at most half of `1 − confidence`. [0, 1] without runs. */
export function shareInterval(count: Count, confidence: number): Interval {
  checkOpenShare(confidence, 'confidence');
  const oneSided = (1 + confidence) / 2;
  return { lower: lowerShare(count, oneSided), upper: upperShare(count, oneSided) };
}

export function checkCount({ hits, runs }: Count): void {
  checkWhole(runs, 'runs');
  checkWhole(hits, 'hits');
  if (hits > runs) throw new RangeError(`Cannot count runs as 'hits' must not exceed ${runs} runs: current value is ${hits}`);
}

function checkShare(share: number): void {
  if (!(share >= 0 && share <= 1))
    throw new RangeError(`Cannot compute a probability as 'share' must lie in 0…1: current value is ${share}`);
}

/** Where `holds` turns from true to false on [0, 1]. */
function turningPoint(holds: (share: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
