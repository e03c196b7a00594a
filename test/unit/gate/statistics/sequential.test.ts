import { describe, expect, it } from 'vitest';
import { judgeSequentially } from '../../../../harness/gate/statistics/sequential.ts';

const GOAL = { share: 0.95, confidence: 0.95 };
const judge = (hits: number, runs: number, runsMax = 60) => judgeSequentially({ hits, runs }, GOAL, runsMax);

/** The mixture's integral by Simpson's rule, which knows nothing of binomial tails. */
function integral(from: number, to: number, of: (share: number) => number): number {
  const steps = 20_000;
  const width = (to - from) / steps;
  let sum = of(from) + of(to);
  for (let step = 1; step < steps; step++) sum += of(from + step * width) * (step % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
}

describe('the evidence', () => {
  it.each([
    [57, 60],
    [30, 30],
    [3, 10],
    [0, 4],
    [190, 193],
  ])('of %d in %d is the mixture’s likelihood against the goal’s', (hits, runs) => {
    const likelihood = (share: number): number => share ** hits * (1 - share) ** (runs - hits);
    const above = integral(0.95, 1, likelihood) / 0.05 / likelihood(0.95);
    const below = integral(0, 0.95, likelihood) / 0.95 / likelihood(0.95);
    const { evidence } = judge(hits, runs, 200);
    expect(evidence.forPass / (0.1 * above + (hits === runs ? 0.9 / likelihood(0.95) : 0))).toBeCloseTo(1, 8);
    expect(evidence.forFail / below).toBeCloseTo(1, 8);
    expect(evidence.needed).toBeCloseTo(20, 10);
  });

  it('does not run out of digits', () => {
    expect(judgeSequentially({ hits: 0, runs: 5000 }, GOAL, 5000)).toMatchObject({ answer: 'fail' });
    expect(judgeSequentially({ hits: 5000, runs: 5000 }, GOAL, 5000)).toMatchObject({ answer: 'pass' });
    expect(judgeSequentially({ hits: 4500, runs: 5000 }, GOAL, 5000)).toMatchObject({ answer: 'fail' });
  });
});

describe('the decision', () => {
  it('passes a system without a miss at 60 runs, one more than a fixed number needs', () => {
    expect(judge(59, 59)).toMatchObject({ answer: 'go-on', hitsToPass: 1, runsLeft: 1 });
    expect(judge(60, 60).answer).toBe('pass');
  });

  it('fails a system as soon as its misses cannot be chance', () => {
    expect(judge(0, 1)).toMatchObject({ answer: 'go-on', missesToFail: 1 });
    expect(judge(0, 2).answer).toBe('fail');
    expect(judge(5, 8).answer).toBe('fail');
    expect(judge(6, 9).answer).toBe('go-on');
  });

  it('says how many more runs would decide, and they do', () => {
    const verdict = judge(29, 30, 300);
    if (verdict.answer !== 'go-on' || verdict.hitsToPass === null) throw new Error(verdict.answer);
    expect(judge(29 + verdict.hitsToPass, 30 + verdict.hitsToPass, 300).answer).toBe('pass');
    expect(judge(29 + verdict.hitsToPass - 1, 30 + verdict.hitsToPass - 1, 300).answer).toBe('go-on');
    expect(judge(29, 30 + verdict.missesToFail, 300).answer).toBe('fail');
    expect(judge(29, 30 + verdict.missesToFail - 1, 300).answer).toBe('go-on');
  });

  it('stops where the runs that are left decide nothing', () => {
    expect(judge(58, 59)).toMatchObject({ answer: 'out-of-reach', hitsToPass: 134 });
    expect(judge(0, 0, 1)).toMatchObject({ answer: 'out-of-reach', hitsToPass: 60, missesToFail: 2 });
    expect(judge(0, 0)).toMatchObject({ answer: 'go-on', hitsToPass: 60, missesToFail: 2, runsLeft: 60 });
  });

  it('of every time fails at the first miss and never passes', () => {
    const always = { share: 1, confidence: 0.95 };
    expect(judgeSequentially({ hits: 9, runs: 10 }, always, 60).answer).toBe('fail');
    expect(judgeSequentially({ hits: 10, runs: 10 }, always, 60)).toMatchObject({ answer: 'go-on', hitsToPass: null, missesToFail: 1 });
    expect(judgeSequentially({ hits: 60, runs: 60 }, always, 60)).toMatchObject({ answer: 'out-of-reach' });
  });

  it('refuses counts and goals that are none', () => {
    expect(() => judge(3, 2)).toThrow("'hits' must not exceed 2 runs");
    expect(() => judge(3, 61)).toThrow("'runsMax' must be a whole number of at least 61: current value is 60");
    expect(() => judgeSequentially({ hits: 1, runs: 1 }, { share: 1.2, confidence: 0.9 }, 5)).toThrow("'share' must lie above 0");
  });
});
