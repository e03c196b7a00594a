import { LIMITS } from '../model/limits.ts';
import type { Arrivals } from '../model/load.ts';
import { show } from '../model/shape.ts';
import { milliseconds, type Duration } from '../model/time.ts';

/** Lowest rate that is one: about one arrival in a quarter of an hour. */
const LEAST_RATE = 0.001;

/**
 * Evenly spaced arrivals, in arrivals a second.
 *
 * @throws {RangeError} if the rate is not positive or above the driver's limit
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { constant } from 'halfopen';
 * assert.deepEqual(constant(60), { kind: 'constant', ratePerSecond: 60 });
 * ```
 */
export function constant(ratePerSecond: number): Extract<Arrivals, { kind: 'constant' }> {
  return { kind: 'constant', ratePerSecond: checkedRate('ratePerSecond', ratePerSecond, false) };
}

/**
 * Independent arrivals with this mean rate, in arrivals a second; fixed by the seed.
 *
 * @throws {RangeError} if the rate is not positive or above the driver's limit
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { poisson } from 'halfopen';
 * assert.equal(poisson(60).kind, 'poisson');
 * ```
 */
export function poisson(ratePerSecond: number): Extract<Arrivals, { kind: 'poisson' }> {
  return { kind: 'poisson', ratePerSecond: checkedRate('ratePerSecond', ratePerSecond, false) };
}

/**
 * A rate that changes linearly over the whole timeline, in arrivals a second. One end may be 0.
 *
 * @throws {RangeError} if a rate is negative, both are 0, or one is above the driver's limit
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { ramp } from 'halfopen';
 * assert.equal(ramp({ from: 0, to: 200 }).toRatePerSecond, 200);
 * ```
 */
export function ramp({ from, to }: { readonly from: number; readonly to: number }): Extract<Arrivals, { kind: 'ramp' }> {
  const ratePerSecond = checkedRate('from', from, true);
  return { kind: 'ramp', ratePerSecond, toRatePerSecond: checkedRate('to', to, ratePerSecond > 0) };
}

/**
 * A base rate with one spike; `from` counts from the end of the baseline. Rates in arrivals a second.
 *
 * @throws {RangeError} if a rate is not positive or above the driver's limit, or the spike has no length
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { spike } from 'halfopen';
 * assert.equal(spike({ base: 20, peak: 200, from: '1s', for: '3s' }).forMs, 3000);
 * ```
 */
export function spike(options: {
  readonly base: number;
  readonly peak: number;
  readonly from: Duration;
  readonly for: Duration;
}): Extract<Arrivals, { kind: 'spike' }> {
  const ratePerSecond = checkedRate('base', options.base, false);
  const peakRatePerSecond = checkedRate('peak', options.peak, false);
  const fromMs = milliseconds(options.from, 'from');
  const forMs = milliseconds(options.for, 'for');
  if (forMs < 1) throw new RangeError(`Cannot shape the load as 'for' must be at least 1 ms: current value is ${show(options.for)}`);
  return { kind: 'spike', ratePerSecond, peakRatePerSecond, fromMs, forMs };
}

function checkedRate(name: string, ratePerSecond: number, mayBeZero: boolean): number {
  const isRate = Number.isFinite(ratePerSecond) && (mayBeZero ? ratePerSecond >= 0 : ratePerSecond >= LEAST_RATE);
  if (isRate && ratePerSecond <= LIMITS.ratePerSecond) return ratePerSecond;
  throw new RangeError(
    `Cannot shape the load as '${name}' must be from ${mayBeZero ? 0 : LEAST_RATE} to ${LIMITS.ratePerSecond} arrivals a second: current value is ${show(ratePerSecond)}`,
  );
}
