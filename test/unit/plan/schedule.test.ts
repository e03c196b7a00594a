import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../harness/model/limits.ts';
import { UsageError } from '../../../harness/model/problem.ts';
import { scheduleArrivals } from '../../../harness/plan/schedule.ts';
import { get, openLoad, poisson, ramp, spike } from '../../../harness/scenario/load.ts';

const requests = [get('quote', '/quote', { weight: 3 }), get('stock', '/stock')];
const span = { totalUs: 10_000_000, faultStartUs: 2_000_000, seed: 1 };

describe('arrivals follow the declared rate', () => {
  test('constant arrivals are evenly spaced and fill the span', () => {
    const { intendedUs } = scheduleArrivals(openLoad({ ratePerSecond: 4, requests }), { ...span, totalUs: 1_000_000 });
    expect(intendedUs).toEqual([125_000, 375_000, 625_000, 875_000]);
  });

  test('a ramp from nothing has a quarter of its arrivals in the first half', () => {
    const { intendedUs } = scheduleArrivals(openLoad({ arrivals: ramp({ from: 0, to: 80 }), requests }), span);
    expect(intendedUs).toHaveLength(400);
    expect(intendedUs.filter((atUs) => atUs < 5_000_000)).toHaveLength(100);
  });

  test('a falling ramp mirrors the rising one', () => {
    const rising = scheduleArrivals(openLoad({ arrivals: ramp({ from: 0, to: 80 }), requests }), span).intendedUs;
    const falling = scheduleArrivals(openLoad({ arrivals: ramp({ from: 80, to: 0 }), requests }), span).intendedUs;
    for (const [index, atUs] of falling.entries()) {
      expect(Math.abs(span.totalUs - atUs - (rising[rising.length - 1 - index] ?? 0))).toBeLessThanOrEqual(2);
    }
  });

  test('a spike counts from the end of the baseline and leaves the base rate around it', () => {
    const arrivals = spike({ base: 10, peak: 100, from: '1s', for: '2s' });
    const { intendedUs } = scheduleArrivals(openLoad({ arrivals, requests }), span);
    const within = (fromUs: number, toUs: number): number => intendedUs.filter((atUs) => atUs >= fromUs && atUs < toUs).length;
    expect([within(0, 3_000_000), within(3_000_000, 5_000_000), within(5_000_000, 10_000_000)]).toEqual([30, 200, 50]);
  });

  test('Poisson gaps spread as exponential ones do: standard deviation near the mean', () => {
    const { intendedUs } = scheduleArrivals(openLoad({ arrivals: poisson(1000), requests }), span);
    const gaps = intendedUs.slice(1).map((atUs, index) => atUs - (intendedUs[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeGreaterThan(0.95);
    expect(deviation / mean).toBeLessThan(1.05);
  });
});

describe('requests follow their weights', () => {
  test('each block of the weights’ sum holds exactly its shares, in an order that the seed decides', () => {
    const { request } = scheduleArrivals(openLoad({ ratePerSecond: 40, requests }), span);
    const blocks = Array.from({ length: request.length / 4 }, (_, index) => request.slice(index * 4, index * 4 + 4));
    for (const block of blocks) expect(block.toSorted((left, right) => left - right)).toEqual([0, 0, 0, 1]);
    expect(new Set(blocks.map(String)).size).toBe(4);
  });

  test('a new weight moves no arrival', () => {
    const arrivals = poisson(50);
    const before = scheduleArrivals(openLoad({ arrivals, requests }), span);
    const after = scheduleArrivals(openLoad({ arrivals, requests: [get('quote', '/quote', { weight: 9 }), get('stock', '/stock')] }), span);
    expect(after.intendedUs).toEqual(before.intendedUs);
    expect(after.request).not.toEqual(before.request);
  });
});

describe('a load that cannot be scheduled is refused', () => {
  test('more arrivals than one run may have', () => {
    const load = openLoad({ ratePerSecond: LIMITS.ratePerSecond, requests });
    expect(() => scheduleArrivals(load, { ...span, totalUs: 101_000_000 })).toThrow(UsageError);
    expect(() => scheduleArrivals(load, { ...span, totalUs: 101_000_000 })).toThrow(/at most 2000000 in one run: current value is 2020000/);
  });

  test('a timeline too short for a single arrival', () => {
    const load = openLoad({ ratePerSecond: 0.01, requests });
    expect(() => scheduleArrivals(load, { ...span, totalUs: 1_000_000 })).toThrow(/at least 1/);
  });
});
