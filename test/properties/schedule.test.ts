import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Arrivals } from '../../harness/model/load.ts';
import { scheduleArrivals } from '../../harness/plan/schedule.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';

const rate = fc.double({ min: 1, max: 500, noNaN: true });
const totalMs = fc.integer({ min: 1000, max: 20_000 });
const seed = fc.integer({ min: 0, max: 2 ** 31 });
const weights = fc.array(fc.double({ min: 0.1, max: 20, noNaN: true }), { minLength: 1, maxLength: 6 });

const even: fc.Arbitrary<Arrivals> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), ratePerSecond: rate }),
  fc.record({ kind: fc.constant('ramp' as const), ratePerSecond: rate, toRatePerSecond: rate }),
  fc.record({
    kind: fc.constant('spike' as const),
    ratePerSecond: rate,
    peakRatePerSecond: rate,
    fromMs: fc.integer({ min: 0, max: 10_000 }),
    forMs: fc.integer({ min: 1, max: 10_000 }),
  }),
);
const poisson: fc.Arbitrary<Arrivals> = fc.record({ kind: fc.constant('poisson' as const), ratePerSecond: rate });

/** The rate at a moment, from the words of the declaration alone. */
function rateAt(arrivals: Arrivals, atMs: number, lengthMs: number, faultStartMs: number): number {
  if (arrivals.kind === 'ramp') return arrivals.ratePerSecond + (arrivals.toRatePerSecond - arrivals.ratePerSecond) * (atMs / lengthMs);
  if (arrivals.kind !== 'spike') return arrivals.ratePerSecond;
  const fromMs = faultStartMs + arrivals.fromMs;
  return atMs >= fromMs && atMs < fromMs + arrivals.forMs ? arrivals.peakRatePerSecond : arrivals.ratePerSecond;
}

function loadOf(arrivals: Arrivals, shares: readonly number[] = [1]) {
  return openLoad({ arrivals, requests: shares.map((weight, index) => get(`r${index}`, '/', { weight })) });
}

describe('laws of every schedule', () => {
  test('evenly spaced arrivals up to any moment number the rate’s integral, give or take one', () => {
    fc.assert(
      fc.property(even, totalMs, fc.double({ min: 0, max: 1, noNaN: true }), (arrivals, lengthMs, part) => {
        const faultStartMs = Math.floor(lengthMs / 3);
        const { intendedUs } = scheduleArrivals(loadOf(arrivals), { totalUs: lengthMs * 1000, faultStartUs: faultStartMs * 1000, seed: 1 });
        const untilMs = Math.floor(part * lengthMs);
        let integral = 0;
        for (let atMs = 0; atMs < untilMs; atMs++) integral += rateAt(arrivals, atMs + 0.5, lengthMs, faultStartMs) / 1000;
        const count = intendedUs.filter((atUs) => atUs < untilMs * 1000).length;
        expect(Math.abs(count - integral)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });

  test('a Poisson count lies within six standard deviations of its mean', () => {
    fc.assert(
      fc.property(poisson, totalMs, seed, (arrivals, lengthMs, chosen) => {
        const mean = (arrivals.ratePerSecond * lengthMs) / 1000;
        fc.pre(mean > 30);
        const { intendedUs } = scheduleArrivals(loadOf(arrivals), { totalUs: lengthMs * 1000, faultStartUs: 0, seed: chosen });
        expect(Math.abs(intendedUs.length - mean)).toBeLessThanOrEqual(6 * Math.sqrt(mean));
      }),
      { numRuns: 60 },
    );
  });

  test('times are whole microseconds within the span, in order, and fixed by the seed', () => {
    fc.assert(
      fc.property(fc.oneof(even, poisson), totalMs, seed, weights, (arrivals, lengthMs, chosen, shares) => {
        // A Poisson schedule this short may be empty, which is refused.
        fc.pre(arrivals.kind !== 'poisson' || (arrivals.ratePerSecond * lengthMs) / 1000 > 30);
        const load = loadOf(arrivals, shares);
        const options = { totalUs: lengthMs * 1000, faultStartUs: 1_000_000, seed: chosen };
        const schedule = scheduleArrivals(load, options);
        expect(schedule).toEqual(scheduleArrivals(load, options));
        expect(schedule.request).toHaveLength(schedule.intendedUs.length);
        expect(schedule.intendedUs.every((atUs) => Number.isInteger(atUs) && atUs >= 0 && atUs < options.totalUs)).toBe(true);
        expect(schedule.intendedUs.every((atUs, index) => atUs >= (schedule.intendedUs[index - 1] ?? 0))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('every request has its share of the arrivals, within two for each kind of request', () => {
    fc.assert(
      fc.property(weights, seed, (shares, chosen) => {
        const load = loadOf({ kind: 'constant', ratePerSecond: 100 }, shares);
        const { request } = scheduleArrivals(load, { totalUs: 12_000_000, faultStartUs: 0, seed: chosen });
        const total = shares.reduce((sum, share) => sum + share, 0);
        for (const [index, share] of shares.entries()) {
          const count = request.filter((one) => one === index).length;
          expect(Math.abs(count - (request.length * share) / total)).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 60 },
    );
  });
});
