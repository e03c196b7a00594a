import { describe, expect, it } from 'vitest';
import { judgeComparisons, type Comparison, type RelativeVerdict } from '../../../../harness/gate/statistics/relative-verdict.ts';
import type { Observation } from '../../../../harness/gate/statistics/sample.ts';

const runs = (...values: readonly number[]): Observation[] => values.map((value) => ({ value }));
const STEADY = runs(1000, 1020, 980, 1010, 990, 1005, 995, 1015);
const never: Observation = { censoredAtMs: 30_000 };

function judge(baseline: readonly Observation[], candidate: readonly Observation[], more: Partial<Comparison> = {}): RelativeVerdict {
  const [verdict] = judgeComparisons([{ baseline, candidate, scale: 'ratio', tolerance: 0.2, ...more }], 0.95);
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
}

const slower = (ratio: number): Observation[] => STEADY.map((run) => ({ value: ratio * ('value' in run ? run.value : 0) }));

describe('a candidate beside its baseline', () => {
  it('passes where even the upper bound is within the tolerance', () => {
    expect(judge(STEADY, slower(1.05))).toMatchObject({ answer: 'pass', shift: { estimate: expect.closeTo(1.05, 2) } });
  });

  it('fails where even the lower bound is beyond it', () => {
    expect(judge(STEADY, slower(1.3))).toMatchObject({ answer: 'fail', p: expect.closeTo(1 / 12_870, 8) });
  });

  it('cannot tell between, and says how many runs would', () => {
    const noisy = runs(600, 1500, 900, 1300, 700, 1100);
    const verdict = judge(noisy, noisy);
    expect(verdict).toMatchObject({ answer: 'cannot-tell', why: 'between', spread: { kind: 'spread' } });
    if (verdict.answer === 'cannot-tell') expect(verdict.runsASide).toBeGreaterThan(20);
    expect(verdict.findableRatio).toBeGreaterThan(1.5);
  });

  it('is refused under five runs a side, however far apart', () => {
    expect(judge(STEADY.slice(0, 4), slower(9))).toMatchObject({ answer: 'cannot-tell', why: 'too-few-runs', runsASide: 5, p: 1 });
    expect(judge([], [])).toMatchObject({ answer: 'cannot-tell', why: 'too-few-runs', runsASide: 5 });
    expect(judge(STEADY, runs(1))).toMatchObject({ answer: 'cannot-tell', why: 'too-few-runs' });
  });

  it('needs more than five runs for a confidence that five cannot give', () => {
    const [verdict] = judgeComparisons(
      [{ baseline: STEADY.slice(0, 5), candidate: slower(9).slice(0, 5), scale: 'ratio', tolerance: 0 }],
      0.999,
    );
    expect(verdict).toMatchObject({ answer: 'cannot-tell', why: 'too-few-runs', runsASide: 7 });
  });

  it('fails where it does not recover any more', () => {
    expect(judge(STEADY, [never, never, never, never, never])).toMatchObject({ answer: 'fail', findableRatio: null });
  });

  it('cannot be told where neither recovers', () => {
    const all = [never, never, never, never, never];
    expect(judge(all, all)).toMatchObject({ answer: 'cannot-tell', why: 'censored', runsASide: null });
    expect(judge(all, runs(1000, 1000, 1000, 1000, 1000))).toMatchObject({ answer: 'pass' });
  });

  it('passes where all are tied', () => {
    const tied = runs(250, 250, 250, 250, 250);
    expect(judge(tied, tied)).toMatchObject({ answer: 'pass', shift: { estimate: 1, lower: 1, upper: 1 } });
  });

  it('fails a ratio that zeros make infinite, and passes zeros by the difference', () => {
    const none = runs(0, 0, 0, 0, 0);
    expect(judge(none, runs(5, 6, 7, 8, 9))).toMatchObject({ answer: 'fail', shift: { kind: 'no-ratio' } });
    expect(judge(none, none)).toMatchObject({ answer: 'cannot-tell' });
    expect(judge(none, none, { scale: 'difference', tolerance: 0 })).toMatchObject({ answer: 'pass' });
  });

  it('is judged by its difference where the tolerance is one', () => {
    expect(judge(runs(0, 1, 0, 1, 0, 1), runs(9, 8, 9, 8, 9, 8), { scale: 'difference', tolerance: 5 }).answer).toBe('fail');
    expect(judge(runs(-3, -2, -3, -2, -3, -2), runs(-2, -2, -3, -2, -3, -2), { scale: 'difference', tolerance: 5 }).answer).toBe('pass');
  });

  it('is refused with what is no number', () => {
    expect(() => judge(runs(1, Number.NaN), STEADY)).toThrow("'baseline[1]' must be a finite number of at least 0: current value is NaN");
    expect(() => judge(STEADY, STEADY, { tolerance: -1 })).toThrow(
      "'tolerance' must be a finite number of at least 0: current value is -1",
    );
    expect(() => judgeComparisons([], 0.4)).toThrow("'confidence' must exceed 0.5: current value is 0.4");
  });
});

describe('many statistics', () => {
  const comparison = (candidate: readonly Observation[]): Comparison => ({
    baseline: STEADY.slice(0, 5),
    candidate,
    scale: 'ratio',
    tolerance: 0,
  });

  it('raise what a fail needs', () => {
    const worse = comparison(slower(1.5).slice(0, 5));
    const same = comparison(STEADY.slice(0, 5));
    // The least p of five a side is 1 / 252: twelve statistics still fail with it, thirteen do not.
    expect(judgeComparisons([worse, ...Array.from({ length: 11 }, () => same)], 0.95)[0]).toMatchObject({ answer: 'fail' });
    expect(judgeComparisons([worse, ...Array.from({ length: 12 }, () => same)], 0.95)[0]).toMatchObject({ answer: 'cannot-tell' });
  });

  it('do not count those that have too few runs', () => {
    const few = comparison(runs(1));
    const verdicts = judgeComparisons([few, few, comparison(slower(1.5).slice(0, 5))], 0.95);
    expect(verdicts.map(({ p }) => Number(p.toFixed(6)))).toEqual([1, 1, 0.003968]);
  });

  it('can be none', () => {
    expect(judgeComparisons([], 0.95)).toEqual([]);
  });
});
