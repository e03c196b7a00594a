/** Goal: a goal of the proxy bench is met or missed by the quotient of the medians, in the direction that the line names. */
import { describe, expect, it } from 'vitest';
import { goalRow } from '../../../../scripts/bench-proxy/goal.ts';

describe('a goal against the real Toxiproxy', () => {
  const rate = { line: 'requests/s', better: 'more', limit: 1 } as const;
  const cost = { line: 'CPU per request', better: 'less', limit: 1.2 } as const;

  it('is met by a rate that is high enough, and shows the spread of the rounds', () => {
    const { goal, off, on } = goalRow(rate, { real: [100, 110, 90], off: [120, 99, 99], on: [80, 90, 95] });
    expect(goal).toBe('≥ 1×');
    expect(off).toEqual({ text: '0.99× (0.90–1.20)', isMet: false });
    expect(on).toEqual({ text: '0.90× (0.80–1.06)', isMet: false });
    expect(goalRow(rate, { real: [100, 110, 90], on: [100, 100, 300] }).on?.isMet).toBe(true);
  });

  it('is met by a cost that is low enough', () => {
    expect(goalRow(cost, { real: [10, 10, 10], off: [12, 12, 12] }).off?.isMet).toBe(true);
    expect(goalRow(cost, { real: [10, 10, 10], off: [12.1, 12.1, 12.1] }).off?.isMet).toBe(false);
  });

  it('is not met where there is nothing to compare with, and absent where it was not measured', () => {
    const { off, on } = goalRow(cost, { real: [-1, -1, 2], off: [0, 0, 0] });
    expect(off?.isMet).toBe(false);
    expect(off?.text).toContain('nothing measurable');
    expect(on).toBeNull();
  });
});
