// Goal: how late requests came is told by rank, without the schedule's zero, and whatever order they were noted in.
import { describe, expect, test } from 'vitest';
import { lagsByRank, spreadOf } from '../../../../scripts/bench-load/lag.ts';

describe('lags by rank', () => {
  test('an even stream is never late, wherever it begins', () => {
    expect(lagsByRank([7000, 8000, 9000, 10_000], 1000)).toEqual([0, 0, 0, 0]);
  });

  test('a stall shows on all that it held back', () => {
    expect(lagsByRank([0, 1000, 5000, 5000, 5000, 5000, 6000], 1000)).toEqual([0, 0, 3000, 2000, 1000, 0, 0]);
  });

  test('the most punctual counts as on time: a late start makes nobody early', () => {
    expect(lagsByRank([900, 1000, 2000], 1000)).toEqual([900, 0, 0]);
  });

  test('requests that overtook each other are ranked as they came', () => {
    expect(lagsByRank([1000, 0, 2000], 1000)).toEqual([0, 0, 0]);
  });

  test('a driver that offers less than it should is ever later', () => {
    expect(lagsByRank([0, 2000, 4000], 1000)).toEqual([0, 1000, 2000]);
  });
});

describe('a spread', () => {
  test('has median, tail and maximum, and none of nothing', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(spreadOf(values)).toEqual({ p50Us: 50, p99Us: 99, mostUs: 100 });
    expect(spreadOf([])).toBeNull();
  });
});
