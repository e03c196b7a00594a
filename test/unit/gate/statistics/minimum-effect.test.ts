import { describe, expect, it } from 'vitest';
import { holm } from '../../../../harness/gate/statistics/holm.ts';
import { minimumEffect, runsForEffect } from '../../../../harness/gate/statistics/minimum-effect.ts';
import { runToRunSpread } from '../../../../harness/gate/statistics/spread.ts';

describe('the smallest effect that is found', () => {
  it.each([
    // Simulated before, with another program: one-sided, alpha 0.05, power 80 %, log-normal; percent at CV 5, 10, 20 and 30 %.
    { runs: 3, percents: [14, 29, 67, 114] },
    { runs: 5, percents: [9, 19, 43, 71] },
    { runs: 10, percents: [6, 13, 28, 43] },
    { runs: 15, percents: [5, 10, 21, 32] },
  ])('by $runs runs a side is that of the table', ({ runs, percents }) => {
    [0.05, 0.1, 0.2, 0.3].forEach((cv, index) => {
      const effect = minimumEffect(runs, runs, { cv });
      if (effect.kind !== 'ratio') throw new Error(effect.kind);
      expect(Math.abs(100 * (effect.ratio - 1) - (percents[index] as number))).toBeLessThanOrEqual(1 + 0.02 * (percents[index] as number));
    });
  });

  it('goes over into the approximation without a step', () => {
    const [simulated, approximate] = [minimumEffect(20, 20, { cv: 0.2 }), minimumEffect(21, 20, { cv: 0.2 })];
    expect([simulated, approximate]).toMatchObject([{ method: 'simulated' }, { method: 'approximate' }]);
    if (simulated.kind === 'ratio' && approximate.kind === 'ratio') {
      const [larger, smaller] = [Math.log(simulated.ratio), Math.log(approximate.ratio)];
      expect(smaller / larger).toBeGreaterThan(0.97);
      expect(smaller / larger).toBeLessThan(1);
    }
  });

  it('does not exist for too few runs, and is none where runs do not vary', () => {
    expect(minimumEffect(2, 2, { cv: 0.1 })).toEqual({ kind: 'too-few', runsASide: 3 });
    expect(minimumEffect(0, 9, { cv: 0.1 })).toEqual({ kind: 'too-few', runsASide: 3 });
    expect(minimumEffect(5, 5, { cv: 0 })).toMatchObject({ ratio: 1 });
  });

  it('is the same each time', () => {
    expect(minimumEffect(6, 7, { cv: 0.1 })).toEqual(minimumEffect(6, 7, { cv: 0.1 }));
  });
});

describe('the runs that an effect needs', () => {
  it('are those that find it, and one less does not', () => {
    for (const ratio of [1.1, 1.2, 1.3]) {
      const runs = runsForEffect(ratio, { cv: 0.1 }) ?? 0;
      const found = minimumEffect(runs, runs, { cv: 0.1 });
      const before = minimumEffect(runs - 1, runs - 1, { cv: 0.1 });
      expect(found.kind === 'ratio' && found.ratio <= ratio).toBe(true);
      expect(before.kind === 'ratio' && before.ratio <= ratio).toBe(false);
    }
  });

  it('have an end', () => {
    expect(runsForEffect(1.0001, { cv: 0.5 })).toBeNull();
    expect(runsForEffect(1.2, { cv: 0 })).toBe(3);
  });

  it('refuse what is no effect and no spread', () => {
    expect(() => runsForEffect(1, { cv: 0.1 })).toThrow("'ratio' must exceed 1: current value is 1");
    expect(() => minimumEffect(5, 5, { cv: Number.NaN })).toThrow("'cv' must be a finite number of at least 0: current value is NaN");
    expect(() => minimumEffect(5.5, 5, { cv: 0.1 })).toThrow("'baselines' must be a whole number");
  });
});

describe('how runs vary', () => {
  it('is taken from the logarithms, within each group', () => {
    // NumPy 2: logs = [np.log(x) for x in ([1000, 1100, 1200], [2000, 2400])]; ss = sum(((l - l.mean())**2).sum() for l in logs)
    // sqrt(exp(ss / 3) - 1) = 0.10557398790790683
    const spread = runToRunSpread([
      [{ value: 1000 }, { value: 1100 }, { value: 1200 }],
      [{ value: 2000 }, { value: 2400 }],
    ]);
    expect(spread.kind === 'spread' ? spread.cv : null).toBeCloseTo(0.10557398790790683, 12);
  });

  it('is unknown where nothing shows it', () => {
    expect(runToRunSpread([])).toEqual({ kind: 'unknown', why: 'too few runs' });
    expect(runToRunSpread([[{ value: 1 }], [{ value: 2 }]])).toEqual({ kind: 'unknown', why: 'too few runs' });
    expect(runToRunSpread([[{ value: 1 }, { censoredAtMs: 2 }]])).toEqual({ kind: 'unknown', why: 'censored runs' });
    expect(runToRunSpread([[{ value: 1 }, { value: 0 }]])).toEqual({ kind: 'unknown', why: 'zeros' });
    expect(() => runToRunSpread([[{ value: 1 }, { value: -1 }]])).toThrow("'groups[0][1]'");
  });
});

describe('many questions', () => {
  it('are adjusted as statsmodels does', () => {
    // statsmodels 0.15.0: multipletests(p, method='holm')[1]
    expect(holm([0.01, 0.04, 0.03, 0.005, 0.5]).map((p) => Number(p.toFixed(12)))).toEqual([0.04, 0.09, 0.09, 0.025, 0.5]);
    expect(holm([0.2, 0.2, 0.9]).map((p) => Number(p.toFixed(12)))).toEqual([0.6, 0.6, 0.9]);
  });

  it('can be none or one', () => {
    expect(holm([])).toEqual([]);
    expect(holm([0.03])).toEqual([0.03]);
    expect(holm([1, 1])).toEqual([1, 1]);
    expect(() => holm([0.1, Number.NaN])).toThrow("'ps[1]' must lie in 0…1: current value is NaN");
  });
});
