import { describe, expect, it } from 'vitest';
import { atLeast, atMost, lowerShare, shareInterval, upperShare } from '../../../../harness/gate/statistics/binomial.ts';

/**
 * SciPy 1.17.1: `binomtest(k, n).proportion_ci(0.95, 'exact')`, and the same with `alternative='greater'` (its low) and
 * `alternative='less'` (its high).
 */
const SCIPY = [
  { hits: 0, runs: 10, two: [0, 0.30849710781876294], lower: 0, upper: 0.2588655508933471 },
  { hits: 1, runs: 10, two: [0.0025285785444625728, 0.44501611702819543], lower: 0.005116196892304599, upper: 0.394163302436974 },
  { hits: 18, runs: 20, two: [0.6830172859809209, 0.9876514728297041], lower: 0.7173814751141357, upper: 0.9819347969145735 },
  { hits: 59, runs: 60, two: [0.9106009499427015, 0.9995781255475358], lower: 0.9233600050655429, upper: 0.9991454770730491 },
  { hits: 60, runs: 60, two: [0.9403705077136653, 1], lower: 0.9512970866900151, upper: 1 },
  { hits: 290, runs: 299, two: [0.9436311114846676, 0.9861456949968581], lower: 0.9480627682041334, upper: 0.9842090832447612 },
] as const;

describe('exact bounds of a share', () => {
  it.each(SCIPY)('are those of SciPy for $hits of $runs', ({ hits, runs, two, lower, upper }) => {
    const interval = shareInterval({ hits, runs }, 0.95);
    expect(interval.lower).toBeCloseTo(two[0], 12);
    expect(interval.upper).toBeCloseTo(two[1], 12);
    expect(lowerShare({ hits, runs }, 0.95)).toBeCloseTo(lower, 12);
    expect(upperShare({ hits, runs }, 0.95)).toBeCloseTo(upper, 12);
  });

  it('say nothing without runs', () => {
    expect(shareInterval({ hits: 0, runs: 0 }, 0.95)).toEqual({ lower: 0, upper: 1 });
  });

  it('refuse what is no count and no confidence', () => {
    expect(() => lowerShare({ hits: 3, runs: 2 }, 0.95)).toThrow("'hits' must not exceed 2 runs: current value is 3");
    expect(() => lowerShare({ hits: Number.NaN, runs: 2 }, 0.95)).toThrow(
      "'hits' must be a whole number of at least 0: current value is NaN",
    );
    expect(() => upperShare({ hits: 1, runs: 2.5 }, 0.95)).toThrow("'runs' must be a whole number");
    expect(() => shareInterval({ hits: 1, runs: 2 }, 1)).toThrow("'confidence' must lie between 0 and 1: current value is 1");
  });
});

describe('the tails', () => {
  it('are those of SciPy, also where they are tiny', () => {
    // SciPy 1.17.1: binom.cdf(3, 10, .2), binom.sf(2, 10, .2), binom.sf(298, 300, .95), binom.cdf(950, 1000, .95), binom.cdf(100, 2000, .2)
    expect(atMost({ hits: 3, runs: 10 }, 0.2)).toBeCloseTo(0.8791261183999999, 13);
    expect(atLeast({ hits: 3, runs: 10 }, 0.2)).toBeCloseTo(0.32220047360000015, 13);
    expect(atLeast({ hits: 299, runs: 300 }, 0.95)).toBeCloseTo(3.4843250944105814e-6, 15);
    expect(atMost({ hits: 950, runs: 1000 }, 0.95)).toBeCloseTo(0.5202589429126815, 11);
    expect(atMost({ hits: 100, runs: 2000 }, 0.2) / 1.3064391993162292e-83).toBeCloseTo(1, 9);
  });

  it('are 0 or 1 where nothing is left to chance', () => {
    expect(atMost({ hits: 2, runs: 3 }, 1)).toBe(0);
    expect(atMost({ hits: 0, runs: 3 }, 0)).toBe(1);
    expect(atLeast({ hits: 3, runs: 3 }, 1)).toBe(1);
    expect(atLeast({ hits: 1, runs: 3 }, 0)).toBe(0);
    expect(atLeast({ hits: 4, runs: 3 }, 0.5)).toBe(0);
  });

  it('refuse a share that is none', () => {
    expect(() => atMost({ hits: 1, runs: 3 }, Number.NaN)).toThrow("'share' must lie in 0…1: current value is NaN");
  });
});
