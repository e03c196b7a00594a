/** Goal: runs go on while they can decide something, stop when they cannot, and what they decided is wrong as rarely as promised. */
import { describe, expect, it } from 'vitest';
import { UntilDecided } from '../../../harness/gate/until-decided.ts';
import type { Measured, RunStatistics } from '../../../harness/model/run-statistics.ts';
import { seededRandom } from '../../../harness/model/random.ts';
import { faultOf, runOf, slo } from './runs.ts';

const fast = slo({ name: 'fast', bound: '8s' });

function ended(measured: Measured): RunStatistics {
  return runOf({ faults: [faultOf({ recovery: { ...measured, resolutionMs: 250 } })] });
}

/** Runs until nothing is open; answers how many it took. */
function go(decided: UntilDecided, next: () => RunStatistics | { readonly unusable: string }): number {
  let runs = 0;
  for (; decided.isOpen('outage') && runs < 1000; runs++) decided.add('outage', next());
  return runs;
}

describe('runs until decided', () => {
  it('that are all in time stop when that is sure, and pass', () => {
    const decided = new UntilDecided([fast], 100);
    expect(go(decided, () => ended({ value: 1000 }))).toBe(60);
    expect(decided.outcome()).toMatchObject({
      answer: 'pass',
      findings: [{ scenario: 'outage', counts: { met: 60, missed: 0, unclear: 0 } }],
    });
  });

  it('that are all too late stop soon, and fail', () => {
    const decided = new UntilDecided([fast], 100);
    expect(go(decided, () => ended({ value: 20_000 }))).toBeLessThan(5);
    expect(decided.outcome().answer).toBe('fail');
  });

  it('stop at once where no run that is left could decide it', () => {
    const decided = new UntilDecided([fast], 10);
    // Nine more in time are not enough, and each may be late: until few are left that decides nothing either.
    const runs = go(decided, () => ended({ value: 1000 }));
    expect(runs).toBeLessThanOrEqual(10);
    expect(decided.outcome()).toMatchObject({
      answer: 'cannot-tell',
      findings: [{ wayOut: expect.stringMatching(/^\d+ more that all keep it/) as string }],
    });
  });

  it('that are invalid decide nothing, and do not go on for ever', () => {
    const decided = new UntilDecided([fast], 20);
    expect(go(decided, () => ({ unusable: 'never felt' }))).toBe(20);
    expect(decided.outcome()).toMatchObject({ answer: 'cannot-tell', findings: [{ sentence: 'none of its 20 runs is valid' }] });
  });

  it('that cannot say do not pass', () => {
    const decided = new UntilDecided([fast], 80);
    go(decided, () => ended({ unknown: 'nobody called' }));
    expect(decided.outcome().answer).toBe('cannot-tell');
  });

  it('of a scenario that no SLO is about need one run, and say nothing', () => {
    const decided = new UntilDecided([slo({ name: 'other', scenarios: { names: ['slow'] } })], 80);
    expect(go(decided, () => ended({ value: 1000 }))).toBe(1);
    expect(decided.outcome()).toMatchObject({ answer: 'cannot-tell', findings: [] });
  });

  it.each([
    ['just good enough to fail wrongly', 0.9, 'fail'],
    ['just too bad to pass wrongly', 0.9 - 1e-9, 'pass'],
  ] as const)('%s: wrong in at most one series of twenty', (_, share, wrong) => {
    const goal = slo({ name: 'fast', bound: '8s', proportion: 0.9 });
    const random = seededRandom(11, wrong);
    let errors = 0;
    for (let series = 0; series < 400; series++) {
      const decided = new UntilDecided([goal], 60);
      go(decided, () => ended({ value: random() < share ? 1000 : 20_000 }));
      if (decided.outcome().answer === wrong) errors++;
    }
    // 5 % of 400 are 20; 31 are seen in less than 1 % of cases at exactly 5 %.
    expect(errors).toBeLessThanOrEqual(31);
  });
});
