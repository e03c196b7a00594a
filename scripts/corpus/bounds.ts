/**
 * Exact (Clopper–Pearson) bounds of a share, by bisection on the binomial distribution.
 *
 * Source: Clopper & Pearson, Biometrika 26 (1934), 404–413.
 */

/** The largest share that `hits` of `runs` does not rule out, at one-sided confidence `1 − alpha`. */
export function upperBound(hits: number, runs: number, alpha = 0.05): number {
  if (hits >= runs) return 1;
  return bisect((share) => atMost(hits, runs, share) > alpha);
}

/** The smallest share that `hits` of `runs` does not rule out, at one-sided confidence `1 − alpha`. */
export function lowerBound(hits: number, runs: number, alpha = 0.05): number {
  if (hits <= 0) return 0;
  return bisect((share) => 1 - atMost(hits - 1, runs, share) < alpha);
}

/** P(X ≤ hits) for X ~ Binomial(runs, share). */
function atMost(hits: number, runs: number, share: number): number {
  if (share <= 0) return 1;
  if (share >= 1) return hits >= runs ? 1 : 0;
  let logChoose = 0;
  let sum = 0;
  for (let k = 0; k <= hits; k++) {
    if (k > 0) logChoose += Math.log(runs - k + 1) - Math.log(k);
    sum += Math.exp(logChoose + k * Math.log(share) + (runs - k) * Math.log1p(-share));
  }
  return Math.min(1, sum);
}

/** The point at which `holds` turns from true to false on [0, 1]. */
function bisect(holds: (share: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
