import { describe, expect, it } from 'vitest';
import { kaplanMeier } from '../../../../harness/gate/statistics/kaplan-meier.ts';
import { shareInterval } from '../../../../harness/gate/statistics/binomial.ts';
import type { Observation } from '../../../../harness/gate/statistics/sample.ts';

/** Freireich's 6-MP group, the textbooks' example: weeks, and whether they ended in a relapse. */
const WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35];
const ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
const SIX_MP: Observation[] = WEEKS.map((week, index) => (ENDED[index] === 1 ? { value: week } : { censoredAtMs: week }));

function curveOf(observations: readonly Observation[], confidence = 0.95) {
  const survival = kaplanMeier(observations, confidence);
  if (survival.kind !== 'curve') throw new Error(survival.kind);
  return survival;
}

describe('the curve', () => {
  it('is that of lifelines', () => {
    // lifelines 0.30.3: KaplanMeierFitter().fit(WEEKS, ENDED).survival_function_, .median_survival_time_
    const { steps, median } = curveOf(SIX_MP);
    expect(steps.filter(({ recovered }) => recovered > 0).map(({ time, share }) => [time, Number(share.toFixed(12))])).toEqual([
      [6, 0.857142857143],
      [7, 0.806722689076],
      [10, 0.752941176471],
      [13, 0.690196078431],
      [16, 0.627450980392],
      [22, 0.53781512605],
      [23, 0.448179271709],
    ]);
    expect(median).toBe(23);
  });

  it.each([
    // The procedure of Fay, Brittain & Proschan in Python with SciPy 1.17.1: at each time t multiply the moments by those of
    // Beta(Y - d + 1, d); upper = beta.ppf(.975, mean * s, (1 - mean) * s) with s = (mean - m2) / (m2 - mean**2); lower = the same
    // at .025 after Beta(left, 1). The product itself, drawn two million times with NumPy, agrees to 0.005:
    // 0.5724 … 0.9448 at 7, 0.4251 … 0.8782 at 13, 0.1714 … 0.7214 at 23.
    [6, 0.6317740904095075, 0.9695110323784843],
    [7, 0.5723043506419312, 0.9448213548747809],
    [13, 0.4265512217689221, 0.8789013822391574],
    [17, 0.3557235072892375, 0.8384169336010248],
    [23, 0.17619681089809747, 0.7260637383232715],
    [35, 0, 0.7260637383232715],
  ])('has the bounds of the beta product at %d', (time, lower, upper) => {
    const step = curveOf(SIX_MP).steps.find((one) => one.time === time);
    expect(step?.lower).toBeCloseTo(lower, 9);
    expect(step?.upper).toBeCloseTo(upper, 9);
  });

  it('has Clopper and Pearson’s bounds without censoring', () => {
    const { steps } = curveOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((value) => ({ value })));
    steps.forEach(({ lower, upper }, index) => {
      const exact = shareInterval({ hits: 9 - index, runs: 10 }, 0.95);
      expect(lower).toBeCloseTo(exact.lower, 10);
      expect(upper).toBeCloseTo(exact.upper, 10);
    });
  });
});

describe('the median', () => {
  it('has an interval that is open where the bound does not reach the half', () => {
    expect(curveOf(SIX_MP)).toMatchObject({ medianLower: 11, median: 23, medianUpper: null });
    expect(curveOf([1, 2, 3, 4, 5].map((value) => ({ value })))).toMatchObject({ medianLower: null, median: 3, medianUpper: null });
  });

  it('is not reached where most runs are censored', () => {
    expect(curveOf([{ value: 1 }, { censoredAtMs: 5 }, { censoredAtMs: 5 }])).toMatchObject({ median: null, medianUpper: null });
  });

  it('counts a run that is censored at the moment of a recovery as still at risk', () => {
    expect(curveOf([{ value: 5 }, { censoredAtMs: 5 }]).steps).toMatchObject([{ time: 5, atRisk: 2, recovered: 1, share: 0.5 }]);
  });

  it('of runs that are all tied is that time', () => {
    expect(curveOf(Array.from({ length: 12 }, () => ({ value: 250 })))).toMatchObject({ medianLower: 250, median: 250, medianUpper: 250 });
  });
});

it('answers where there is no curve', () => {
  expect(kaplanMeier([], 0.95)).toEqual({ kind: 'no-runs' });
  expect(kaplanMeier([{ censoredAtMs: 3 }, { censoredAtMs: 4 }], 0.95)).toEqual({ kind: 'all-censored', runs: 2 });
  expect(curveOf([{ value: 3 }])).toMatchObject({ median: 3, medianLower: null, medianUpper: null });
});

it('refuses what is no time', () => {
  expect(() => kaplanMeier([{ value: 1 }, { value: Number.NaN }], 0.95)).toThrow(
    "'observations[1]' must be a finite number of at least 0: current value is NaN",
  );
  expect(() => kaplanMeier([{ censoredAtMs: -1 }], 0.95)).toThrow(
    "'observations[0]' must be a finite number of at least 0: current value is -1",
  );
});
