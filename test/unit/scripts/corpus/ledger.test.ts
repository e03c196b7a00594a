import { describe, expect, it } from 'vitest';
import { lowerBound, upperBound } from '../../../../scripts/corpus/bounds.ts';
import { describeLedger, type Entry } from '../../../../scripts/corpus/ledger.ts';

describe('exact bounds', () => {
  it('are the closed forms at the ends, and those of the tables between', () => {
    expect(upperBound(0, 299)).toBeCloseTo(1 - 0.05 ** (1 / 299), 10);
    expect(lowerBound(12, 12)).toBeCloseTo(0.05 ** (1 / 12), 10);
    // Worked out apart from this code, with whole binomial coefficients (Python's math.comb).
    expect(lowerBound(3, 20)).toBeCloseTo(0.0421694, 6);
    expect(upperBound(3, 20)).toBeCloseTo(0.343664, 4);
    expect([upperBound(5, 5), lowerBound(0, 5)]).toEqual([1, 0]);
  });
});

describe('the ledger', () => {
  const entry = (more: Partial<Entry>): Entry => ({
    scenario: 's',
    verdict: 'pass',
    seed: 1,
    sentence: '',
    commit: 'c',
    pace: 'fast',
    ...more,
  });
  const page = describeLedger({
    schemaVersion: 1,
    machine: 'm',
    entries: [
      entry({}),
      entry({ verdict: 'fail', sentence: 'a false alarm' }),
      entry({ verdict: 'inconclusive' }),
      entry({ twin: 'orders.x', verdict: 'fail', caught: true }),
      entry({ twin: 'orders.x', verdict: 'pass', caught: false }),
      entry({ twin: 'orders.x', verdict: 'invalid', caught: false }),
    ],
  });

  it('counts a false alarm and a miss, and takes what was not decided for neither', () => {
    expect(page).toContain('**Detected**: 1 of 2 runs');
    expect(page).toContain('(missed: 1;');
    expect(page).toContain('**False alarms**: 1 in 2 decided runs');
    expect(page).toContain('**Undecided**: 1 of 3 runs of the correct shop and 1 of 3 of broken ones');
    expect(page).toContain('| s | orders.x | 3 | 1 | 1 | 1 |');
    expect(page).toContain('- fail: s, seed 1, c: a false alarm');
  });
});
