/**
 * The standard normal distribution, to about 13 digits.
 *
 * Source: Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11 (2004), no. 4; beyond three deviations
 * Laplace's continued fraction of the tail.
 */
import { checkOpenShare } from './sample.ts';
import type { Random } from '../../model/random.ts';

/** P(Z ≥ z). */
export function normalAbove(z: number): number {
  if (z < 0) return 1 - normalAbove(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let level = 100; level > 0; level--) fraction = z + level / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let odd = 3; term > sum * 1e-17; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 - density * sum;
}

/** The z that a share of all values does not exceed; by bisection, as it is asked for rarely. */
export function normalQuantile(share: number): number {
  checkOpenShare(share, 'share');
  if (share < 0.5) return -normalQuantile(1 - share);
  let low = 0;
  let high = 40;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalAbove(middle) > 1 - share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** A draw from the standard normal distribution (Box & Muller 1958). */
export function normalDraw(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
