import { describe, expect, it } from 'vitest';
import { mannWhitney } from '../../../../harness/gate/statistics/mann-whitney.ts';
import { distributionOfU, groupSizes } from '../../../../harness/gate/statistics/rank-sum.ts';

describe('without ties', () => {
  it('is SciPy’s exact test', () => {
    // SciPy 1.17.1: mannwhitneyu(candidate, baseline, alternative=…, method='exact')
    const test = mannWhitney([812, 1034, 958, 1210, 899, 1502, 1003], [1120, 1370, 1240, 1640, 1005, 1555, 1081, 1442]);
    expect(test).toMatchObject({
      kind: 'tested',
      u: 46,
      pairs: 56,
      pLarger: expect.closeTo(0.020046620046620046, 13),
      pSmaller: expect.closeTo(0.9855477855477855, 13),
      pTwoSided: expect.closeTo(0.04009324009324009, 13),
      method: 'exact',
    });
  });

  it('is SciPy’s exact test with 60 a side', () => {
    const baseline = Array.from({ length: 60 }, (_, index) => ((index * 37) % 101) * 2);
    const candidate = Array.from({ length: 60 }, (_, index) => ((index * 53) % 103) * 2 + 13);
    expect(mannWhitney(baseline, candidate)).toMatchObject({ u: 1960, pLarger: expect.closeTo(0.20193391747943615, 12), method: 'exact' });
  });
});

describe('with ties', () => {
  it('is SciPy’s permutation test, all 1,716 ways', () => {
    // SciPy 1.17.1: permutation_test((candidate, baseline), U, permutation_type='independent', n_resamples=inf, alternative=…)
    const test = mannWhitney([1000, 1250, 1250, 1500, 1000, 1250], [1250, 1500, 1500, 1750, 1250, 2000, Infinity]);
    expect(test).toMatchObject({
      u: 36,
      pLarger: expect.closeTo(0.02156177156177156, 13),
      pSmaller: expect.closeTo(0.995920745920746, 13),
      method: 'exact',
    });
  });

  it('counts the ways to deal them out as they are', () => {
    // Two of 1, 1, 2: {1, 1} has U 0, {1, 2} twice has 1.5.
    expect([...(distributionOfU(2, [2, 1])?.probabilities ?? [])].map((share) => Number(share.toFixed(12)))).toEqual([
      0.333333333333, 0, 0, 0.666666666667, 0,
    ]);
    expect([...(distributionOfU(1, [2, 1])?.probabilities ?? [])].map((share) => Number(share.toFixed(12)))).toEqual([
      0, 0.666666666667, 0, 0, 0.333333333333,
    ]);
    expect(groupSizes([1, 1, 2, 3, 3, 3, Infinity, Infinity])).toEqual([2, 1, 3, 2]);
  });
});

describe('with more runs than can be counted out', () => {
  it('is SciPy’s approximation, and says so', () => {
    // SciPy 1.17.1: mannwhitneyu(candidate, baseline, alternative='greater', method='asymptotic')
    const baseline = Array.from({ length: 300 }, (_, index) => (index * 37) % 1001);
    const candidate = Array.from({ length: 300 }, (_, index) => ((index * 53) % 1003) + 60);
    expect(mannWhitney(baseline, candidate)).toMatchObject({
      u: 49492,
      pLarger: expect.closeTo(0.017191393809149025, 10),
      method: 'approximate',
    });
  });

  it('has p = 1 where all are tied', () => {
    const same = Array.from({ length: 300 }, () => 250);
    expect(mannWhitney(same, same)).toMatchObject({ pLarger: 1, pSmaller: 1, pTwoSided: 1, pLargerLeast: 1, method: 'approximate' });
  });
});

describe('every sample has an answer', () => {
  it('no runs', () => {
    expect(mannWhitney([], [1])).toEqual({ kind: 'no-runs', side: 'baseline' });
    expect(mannWhitney([1], [])).toEqual({ kind: 'no-runs', side: 'candidate' });
  });

  it('one run a side cannot be significant', () => {
    expect(mannWhitney([1], [2])).toMatchObject({ pLarger: 0.5, pSmaller: 1, pLargerLeast: 0.5 });
  });

  it('three a side reach 0.05 and no less', () => {
    expect(mannWhitney([1, 2, 3], [4, 5, 6])).toMatchObject({ pLarger: expect.closeTo(0.05, 13), pLargerLeast: expect.closeTo(0.05, 13) });
  });

  it('all tied, all not reached', () => {
    expect(mannWhitney([7, 7, 7], [7, 7])).toMatchObject({ u: 3, pLarger: 1, pSmaller: 1, pTwoSided: 1 });
    expect(mannWhitney([Infinity, Infinity], [Infinity])).toMatchObject({ u: 1, pLarger: 1, pSmaller: 1 });
  });

  it('and what is no number is refused', () => {
    expect(() => mannWhitney([1, 2, Number.NaN], [1])).toThrow("'baseline[2]' must be a number or Infinity: current value is NaN");
    expect(() => mannWhitney([1], [-Infinity])).toThrow("'candidate[0]' must be a number or Infinity: current value is -Infinity");
  });
});
