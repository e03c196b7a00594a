/**
 * The beta distribution with real parameters, to about 12 digits.
 *
 * Source: the continued fraction of the incomplete beta function, NIST Digital Library of Mathematical Functions §8.17(v), evaluated by
 * Lentz's method; the logarithm of the gamma function by Stirling's series, §5.11(ii).
 */
import { checkOpenShare } from './sample.ts';

const STEPS_MAX = 10_000;
const TINY = 1e-300;

/** P(B ≤ x) where B is beta distributed. */
export function betaAtMost(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaAtMost(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logGamma(a) - logGamma(b) + logGamma(a + b));
  return (front * fraction(x, a, b)) / a;
}

/** The value that a share of the distribution does not exceed: Newton's steps, halving where one would leave what is left to search. */
export function betaQuantile(share: number, a: number, b: number): number {
  checkOpenShare(share, 'share');
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  let low = 0;
  let high = 1;
  let at = a / (a + b);
  for (let step = 0; step < 100 && high - low > 1e-15; step++) {
    const excess = betaAtMost(at, a, b) - share;
    if (excess < 0) low = at;
    else high = at;
    const density = Math.exp((a - 1) * Math.log(at) + (b - 1) * Math.log1p(-at) - logBeta);
    const next = at - excess / density;
    const isInside = next > low && next < high;
    if (isInside && Math.abs(next - at) < 1e-14 * at) return next;
    at = isInside ? next : (low + high) / 2;
  }
  return at;
}

function fraction(x: number, a: number, b: number): number {
  let numerator = 1;
  let denominator = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let value = denominator;
  const take = (coefficient: number): number => {
    denominator = 1 / guarded(1 + coefficient * denominator);
    numerator = guarded(1 + coefficient / numerator);
    value *= numerator * denominator;
    return Math.abs(numerator * denominator - 1);
  };
  for (let m = 1; m < STEPS_MAX; m++) {
    take((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)));
    if (take((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))) < 1e-15) break;
  }
  return value;
}

function guarded(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** For positive arguments: moved up to where Stirling's series is exact to the last digits. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 15; at++) shift += Math.log(at);
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}
