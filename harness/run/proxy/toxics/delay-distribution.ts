/** How delays spread; `spread` is the toxic's jitter in milliseconds. */
export type Distribution = 'uniform' | 'normal' | 'lognormal' | 'pareto';

export const DISTRIBUTIONS: readonly Distribution[] = ['uniform', 'normal', 'lognormal', 'pareto'];

export interface DelayShape {
  readonly distribution: Distribution;
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Pareto's α: the smaller, the heavier the tail. */
  readonly shape: number;
}

/** Numbers drawn have 32 bits; half a step keeps 0 and 1 out of the quantiles. */
const HALF_STEP = 2 ** -33;

/**
 * The delay, in milliseconds, that a share of `drawn` of all delays stays below: one draw gives one delay. Below zero is none.
 *
 * - uniform: whole milliseconds in [latency − jitter, latency + jitter), as Toxiproxy draws them
 * - normal: mean latency, standard deviation jitter
 * - lognormal: median latency, and one standard deviation above it (p84.1) latency + jitter, so σ = ln(1 + jitter ÷ latency)
 * - pareto: latency + jitter × ((1 − drawn)^(−1 ÷ shape) − 1), Pareto's second kind (Lomax), at least latency; with jitter = latency it is
 *   Pareto's first
 */
export function delayMs({ distribution, latencyMs, jitterMs, shape }: DelayShape, drawn: number): number {
  if (jitterMs === 0) return latencyMs;
  const share = drawn + HALF_STEP;
  switch (distribution) {
    case 'uniform':
      return Math.max(0, latencyMs - jitterMs + Math.floor(drawn * 2 * jitterMs));
    case 'normal':
      return Math.max(0, latencyMs + jitterMs * standardNormal(share));
    case 'lognormal':
      return latencyMs * Math.exp(Math.log1p(jitterMs / latencyMs) * standardNormal(share));
    case 'pareto':
      return latencyMs + jitterMs * ((1 - share) ** (-1 / shape) - 1);
  }
}

/**
 * The quantile of the standard normal distribution, to seven digits.
 * Source: M. J. Wichura, Algorithm AS 241 (PPND7), Applied Statistics 37 (1988), 477–484.
 */
export function standardNormal(share: number): number {
  const off = share - 0.5;
  if (Math.abs(off) <= 0.425) {
    const r = 0.180625 - off * off;
    const over = ((5.910937472e1 * r + 1.5929113202e2) * r + 5.0434271938e1) * r + 3.3871327179;
    return (off * over) / (((6.71875636e1 * r + 7.8757757664e1) * r + 1.7895169469e1) * r + 1);
  }
  const root = Math.sqrt(-Math.log(Math.min(share, 1 - share)));
  const size = root <= 5 ? middleTail(root - 1.6) : farTail(root - 5);
  return off < 0 ? -size : size;
}

function middleTail(r: number): number {
  return (((1.7023821103e-1 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) / ((1.2021132975e-1 * r + 7.370016425e-1) * r + 1);
}

function farTail(r: number): number {
  return (
    (((1.7337203997e-2 * r + 4.2868294337e-1) * r + 3.081226386) * r + 6.657905115) / ((1.2258202635e-2 * r + 2.4197894225e-1) * r + 1)
  );
}
