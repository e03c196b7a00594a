import { describe, expect, it } from 'vitest';
import { nearestRank, quantile, quantileIsWithin } from '../../../harness/analysis/quantile.ts';

describe('quantile', () => {
  it('is by nearest rank: always a measured value, never an average', () => {
    expect(quantile([40, 15, 50, 20, 35], 0.3)).toBe(20);
    expect(quantile([40, 15, 50, 20, 35], 0.4)).toBe(20);
    expect(quantile([40, 15, 50, 20, 35], 0.5)).toBe(35);
    expect(quantile([40, 15, 50, 20, 35], 1)).toBe(50);
    expect(quantile([40, 15, 50, 20, 35], 0)).toBe(15);
  });

  it('sorts numbers as numbers', () => {
    expect(quantile([100, 9, 20], 0.5)).toBe(20);
  });

  it('has no answer without values', () => {
    expect(quantile([], 0.95)).toBeNull();
  });

  it('is not pushed to the next rank by the rounding of a product', () => {
    expect(0.07 * 100).toBeGreaterThan(7);
    expect(nearestRank(0.07, 100)).toBe(7);
    expect(nearestRank(0.95, 20)).toBe(19);
    expect(nearestRank(0.95, 21)).toBe(20);
  });

  it('leaves the values as they came', () => {
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
  });

  it('tells from a count of exceeding values whether a limit is kept', () => {
    expect(quantileIsWithin(0.95, 100, 5)).toBe(true);
    expect(quantileIsWithin(0.95, 100, 6)).toBe(false);
    expect(quantileIsWithin(0.95, 10, 1)).toBe(false);
    expect(quantileIsWithin(0.95, 0, 0)).toBe(false);
  });
});
