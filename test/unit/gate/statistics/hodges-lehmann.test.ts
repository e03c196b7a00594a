import { describe, expect, it } from 'vitest';
import { ratioOf, runsASideFor, shiftOf } from '../../../../harness/gate/statistics/hodges-lehmann.ts';
import type { Observation } from '../../../../harness/gate/statistics/sample.ts';

const runs = (...values: readonly number[]): Observation[] => values.map((value) => ({ value }));
const BASELINE = runs(812, 1034, 958, 1210, 899, 1502, 1003);
const CANDIDATE = runs(1120, 1370, 1240, 1640, 1005, 1555, 1081, 1442);
const never = (censoredAtMs: number): Observation => ({ censoredAtMs });

describe('the shift', () => {
  it.each([
    // NumPy's median of the sorted differences d; SciPy 1.17.1 for the rank: the first k with _MWU(7, 8).cdf(k) > tail;
    // the interval is d[k - 1] … d[56 - k], its confidence 1 - 2 * cdf(k - 1).
    { confidence: 0.95, lower: 2, upper: 552, reached: 0.9599067599067599 },
    { confidence: 0.9, lower: 47, upper: 484, reached: 0.9061383061383061 },
  ])('has SciPy’s interval at $confidence', ({ confidence, lower, upper, reached }) => {
    expect(shiftOf(BASELINE, CANDIDATE, confidence)).toEqual({
      kind: 'shift',
      estimate: 234.5,
      lower,
      upper,
      confidence: expect.closeTo(reached, 12),
      method: 'exact',
    });
  });

  it('names an interval of hundreds of runs approximate', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ value: (index * 37) % 211 }));
    const shift = shiftOf(many, many, 0.95);
    expect(shift).toMatchObject({ kind: 'shift', estimate: 0, method: 'approximate', confidence: expect.closeTo(0.95, 12) });
    if (shift.kind === 'shift') expect(shift.lower).toBe(-(shift.upper as number));
  });
});

describe('the ratio', () => {
  it.each([
    // exp(median(log(y / x))) and the same ranks of the sorted quotients, with NumPy.
    { confidence: 0.95, lower: 1.0019940179461615, upper: 1.586073500967118 },
    { confidence: 0.9, lower: 1.0454545454545454, upper: 1.5239154616240267 },
  ])('has SciPy’s interval at $confidence', ({ confidence, lower, upper }) => {
    expect(ratioOf(BASELINE, CANDIDATE, confidence)).toMatchObject({
      estimate: expect.closeTo(1.2417500373384125, 12),
      lower: expect.closeTo(lower, 12),
      upper: expect.closeTo(upper, 12),
    });
  });

  it('lives with zeros, and says where there is none', () => {
    expect(ratioOf(runs(0, 2, 2, 2, 2), runs(0, 4, 4, 4, 4), 0.9)).toMatchObject({ kind: 'shift', estimate: 2 });
    expect(ratioOf(runs(0, 0, 0, 0, 0), runs(1, 1, 1, 1, 1), 0.9)).toEqual({ kind: 'no-ratio' });
    expect(ratioOf(runs(0, 0, 0, 0, 0), runs(0, 0, 0, 0, 0), 0.9)).toMatchObject({ estimate: null, lower: 0, upper: null });
    expect(ratioOf(runs(1, 1, 1, 1, 1), runs(0, 0, 0, 0, 0), 0.9)).toMatchObject({ estimate: 0, lower: 0, upper: 0 });
  });
});

describe('runs that were censored', () => {
  it('are at least their horizon, and open the interval where it needs to know more', () => {
    const slower = shiftOf(runs(10, 11, 12, 13, 14), [...runs(20, 21, 22), never(30), never(30)], 0.9);
    // d sorted: the second smallest is 20 − 13; of the largest ones ten are open.
    expect(slower).toMatchObject({ kind: 'shift', lower: 8, upper: null });
    expect(shiftOf(runs(3, 3, 3, 3, 3), [never(30), never(30), never(30), never(30), never(30)], 0.9)).toMatchObject({
      estimate: null,
      lower: 27,
      upper: null,
    });
    expect(ratioOf([never(30), never(30), never(30), never(30), never(30)], runs(3, 3, 3, 3, 3), 0.9)).toMatchObject({
      lower: 0,
      upper: 0.1,
    });
  });

  it('on both sides say nothing', () => {
    const all = [never(30), never(30), never(30), never(30), never(30)];
    expect(shiftOf(all, all, 0.9)).toMatchObject({ kind: 'shift', estimate: null, lower: null, upper: null });
  });
});

describe('few runs', () => {
  it('have no interval, and are told how many would', () => {
    expect(shiftOf(runs(1, 2, 3), runs(4, 5, 6), 0.95)).toEqual({ kind: 'too-few', estimate: 3, runsASide: 4 });
    expect(shiftOf([], runs(4), 0.95)).toEqual({ kind: 'too-few', estimate: null, runsASide: 4 });
    expect(shiftOf(runs(1), runs(4), 0.95)).toEqual({ kind: 'too-few', estimate: 3, runsASide: 4 });
    // 1 / C(2n, n): 0.05 at 3, 0.0143 at 4, 0.004 at 5.
    expect([0.05, 0.02, 0.01].map(runsASideFor)).toEqual([3, 4, 5]);
  });

  it('of one value have that value’s distance', () => {
    expect(shiftOf(runs(7, 7, 7, 7, 7), runs(9, 9, 9, 9, 9), 0.95)).toMatchObject({ estimate: 2, lower: 2, upper: 2 });
  });
});

it('refuses what is no number', () => {
  expect(() => shiftOf(runs(1, Number.NaN), runs(1), 0.95)).toThrow("'baseline[1]' must be a finite number: current value is NaN");
  expect(() => ratioOf(runs(1), runs(1, -1), 0.95)).toThrow("'candidate[1]' must be a finite number of at least 0: current value is -1");
  expect(() => shiftOf(runs(1), runs(1), 0)).toThrow("'confidence' must lie between 0 and 1: current value is 0");
});
