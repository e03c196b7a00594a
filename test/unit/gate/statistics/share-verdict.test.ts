import { describe, expect, it } from 'vitest';
import { judgeShare, runsNeeded } from '../../../../harness/gate/statistics/share-verdict.ts';

const GOAL = { share: 0.95, confidence: 0.95 };

describe('runs that are needed', () => {
  it.each([
    // The smallest n for which SciPy 1.17.1 has binomtest(n - misses, n, alternative='greater').proportion_ci(c, 'exact').low >= share.
    [0.95, 0.95, 0, 59],
    [0.95, 0.95, 1, 93],
    [0.95, 0.95, 3, 153],
    [0.9, 0.95, 0, 29],
    [0.9, 0.9, 2, 52],
    [0.99, 0.95, 0, 299],
    [0.8, 0.99, 1, 31],
  ])('for %d at confidence %d with %d misses are %d', (share, confidence, misses, runs) => {
    expect(runsNeeded({ share, confidence }, misses)).toBe(runs);
  });

  it('do not exist for every time', () => {
    expect(runsNeeded({ share: 1, confidence: 0.95 })).toBeNull();
  });
});

describe('a share of runs', () => {
  it('passes from the run on at which its bound reaches the goal', () => {
    expect(judgeShare({ hits: 58, runs: 58 }, GOAL).answer).toBe('cannot-tell');
    expect(judgeShare({ hits: 59, runs: 59 }, GOAL).answer).toBe('pass');
    expect(judgeShare({ hits: 2, runs: 2 }, { share: 0.5, confidence: 0.75 }).answer).toBe('pass');
  });

  it('fails from the miss on at which its bound lies below the goal', () => {
    expect(judgeShare({ hits: 18, runs: 20 }, GOAL).answer).toBe('cannot-tell');
    expect(judgeShare({ hits: 16, runs: 20 }, GOAL).answer).toBe('fail');
  });

  it('says how many runs would tell, and those runs do', () => {
    const verdict = judgeShare({ hits: 19, runs: 20 }, GOAL);
    if (verdict.answer !== 'cannot-tell') throw new Error(verdict.answer);
    expect(verdict.runsToPass).toBe(93);
    expect(judgeShare({ hits: 92, runs: 93 }, GOAL).answer).toBe('pass');
    expect(verdict.runsToFail).toBe(23);
    expect(judgeShare({ hits: 19, runs: 22 }, GOAL).answer).toBe('cannot-tell');
    expect(judgeShare({ hits: 19, runs: 23 }, GOAL).answer).toBe('fail');
  });

  it('cannot tell anything without runs', () => {
    expect(judgeShare({ hits: 0, runs: 0 }, GOAL)).toEqual({
      answer: 'cannot-tell',
      count: { hits: 0, runs: 0 },
      lower: 0,
      upper: 1,
      runsToPass: 59,
      runsToFail: 2,
    });
  });

  it('of every time fails at the first miss and never passes', () => {
    const always = { share: 1, confidence: 0.95 };
    expect(judgeShare({ hits: 999, runs: 1000 }, always).answer).toBe('fail');
    expect(judgeShare({ hits: 1000, runs: 1000 }, always)).toMatchObject({ answer: 'cannot-tell', runsToPass: null, runsToFail: 1001 });
  });

  it('refuses goals that are none', () => {
    expect(() => judgeShare({ hits: 1, runs: 1 }, { share: 0, confidence: 0.95 })).toThrow("'share' must lie above 0 and at most at 1");
    expect(() => judgeShare({ hits: 1, runs: 1 }, { share: Number.NaN, confidence: 0.95 })).toThrow('current value is NaN');
    expect(() => runsNeeded(GOAL, -1)).toThrow("'misses' must be a whole number of at least 0: current value is -1");
  });
});
