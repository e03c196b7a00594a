import { describe, expect, it } from 'vitest';
import { lowerQuantile, quantileInterval, upperQuantile } from '../../../../harness/gate/statistics/order-statistics.ts';
import type { Observation } from '../../../../harness/gate/statistics/sample.ts';

const TIMES = [812, 1034, 958, 1210, 899, 1502, 1003, 1120, 970, 880, 1340, 1055, 1081, 942, 1018, 1270, 1600, 905, 990, 1150];
const runs = (values: readonly number[]): Observation[] => values.map((value) => ({ value }));

describe('bounds of a quantile', () => {
  it.each([
    // SciPy 1.17.1: quantile_test(x, q=0, p=quantile, alternative=…).confidence_interval(.95); 'less' has the upper, 'greater' the lower.
    { quantile: 0.5, lower: 958, upper: 1150 },
    { quantile: 0.25, lower: 880, upper: 1003 },
    { quantile: 0.9, lower: 1210, upper: null },
  ])('at $quantile are those of SciPy', ({ quantile, lower, upper }) => {
    expect(lowerQuantile(runs(TIMES), { quantile, confidence: 0.95 })).toMatchObject({ kind: 'bound', value: lower });
    const found = upperQuantile(TIMES, { quantile, confidence: 0.95 });
    if (upper === null) expect(found).toEqual({ kind: 'too-few', runs: 29 });
    else expect(found).toMatchObject({ kind: 'bound', value: upper });
  });

  it('on both sides are those of SciPy', () => {
    // The same with alternative='two-sided': 958 … 1150 for the median, 880 … 1018 for the quartile.
    expect(quantileInterval(runs(TIMES), { quantile: 0.5, confidence: 0.95 })).toMatchObject({
      lower: { value: 958, rank: 6 },
      upper: { value: 1150, rank: 15 },
    });
    expect(quantileInterval(runs(TIMES), { quantile: 0.25, confidence: 0.95 })).toMatchObject({
      lower: { value: 880 },
      upper: { value: 1018 },
    });
  });

  it('state the confidence that they reach', () => {
    // SciPy 1.17.1: binom.cdf(14, 20, .5) - binom.cdf(5, 20, .5) = 0.9586105346679688
    expect(quantileInterval(runs(TIMES), { quantile: 0.5, confidence: 0.95 })).toMatchObject({
      confidence: expect.closeTo(0.9586105346679688, 12),
    });
  });

  it('need so many runs that one may lie beyond', () => {
    expect(upperQuantile([], { quantile: 0.95, confidence: 0.95 })).toEqual({ kind: 'too-few', runs: 59 });
    expect(upperQuantile([7], { quantile: 0.5, confidence: 0.95 })).toEqual({ kind: 'too-few', runs: 5 });
    expect(upperQuantile([7], { quantile: 0.5, confidence: 0.5 })).toMatchObject({ kind: 'bound', value: 7 });
    expect(lowerQuantile(runs([7]), { quantile: 0.95, confidence: 0.9 })).toMatchObject({ kind: 'bound', value: 7 });
    expect(quantileInterval(runs([7]), { quantile: 0.5, confidence: 0.95 })).toEqual({ kind: 'too-few', runs: 6 });
  });

  it('rank what was not reached last, and never call the lower one infinite', () => {
    const never: Observation = { censoredAtMs: 9000 };
    expect(upperQuantile([1, 2, 3, 4, 5, Infinity], { quantile: 0.5, confidence: 0.95 })).toMatchObject({ kind: 'censored', rank: 6 });
    expect(
      lowerQuantile(
        Array.from({ length: 8 }, () => never),
        { quantile: 0.5, confidence: 0.95 },
      ),
    ).toMatchObject({ kind: 'bound', value: 9000 });
    expect(quantileInterval([...runs([1, 2, 3, 4, 5, 6, 7]), never], { quantile: 0.5, confidence: 0.9 })).toMatchObject({
      lower: { value: 2 },
      upper: { value: 7 },
    });
  });

  it('of values that are all tied are that value', () => {
    expect(quantileInterval(runs(Array.from({ length: 9 }, () => 250)), { quantile: 0.5, confidence: 0.95 })).toMatchObject({
      lower: { value: 250 },
      upper: { value: 250 },
    });
  });

  it('refuse what is no number', () => {
    expect(() => upperQuantile([1, Number.NaN], { quantile: 0.5, confidence: 0.9 })).toThrow(
      "'values[1]' must be a number or Infinity: current value is NaN",
    );
    expect(() => lowerQuantile([{ value: 1 }, { value: Infinity }], { quantile: 0.5, confidence: 0.9 })).toThrow(
      "'observations[1]' must be a finite number: current value is Infinity",
    );
    expect(() => upperQuantile([1], { quantile: 1, confidence: 0.9 })).toThrow("'quantile' must lie between 0 and 1: current value is 1");
  });
});
