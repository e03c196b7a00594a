import { describe, expect, test } from 'vitest';
import { stampede } from '../../../../harness/analysis/checks/stampede.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { steadily } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

// The baseline lasts from 1 to 4 s, the storm from 4 to 8 s.
const expectation = stampede({ edge: 'orders->payments', of: 'storm', ratioMax: 2 });

describe('stampede', () => {
  test('rates are compared, not counts: as often a second as before passes', () => {
    const finding = judged(expectation, { exchanges: steadily(0, 18_000, 100) });
    expect(code(finding)).toBe('pass stampede');
    expect(finding.measured).toEqual({ value: 1, unit: 'x' });
  });

  test('calls that come four times as often fail, with the rates', () => {
    const finding = judged(expectation, { exchanges: [...steadily(0, 4000, 100), ...steadily(4000, 8000, 25)] });
    expect(code(finding)).toBe('fail stampede');
    expect(explain(finding).sentence).toBe(
      'Calls on orders->payments rushed in: they came 4 × as often during storm as in the baseline (40 a second after 10); 2 × was allowed.',
    );
  });

  test('exactly the limit is within it', () => {
    expect(code(judged(expectation, { exchanges: [...steadily(0, 4000, 100), ...steadily(4000, 8000, 50)] }))).toBe('pass stampede');
  });

  test('too few calls in either stretch tell nothing, nor do calls on another edge', () => {
    expect(code(judged(expectation, { exchanges: [...steadily(1000, 4000, 334), ...steadily(4000, 8000, 25)] }))).toBe(
      'inconclusive too-few',
    );
    expect(code(judged(expectation, { exchanges: [...steadily(1000, 4000, 100), ...steadily(4000, 8000, 500)] }))).toBe(
      'inconclusive too-few',
    );
    expect(code(judged(expectation, { exchanges: steadily(0, 18_000, 25, { edge: 'orders->inventory' }) }))).toBe('inconclusive too-few');
  });

  test('a fault that was not in force tells nothing', () => {
    const sketch = { exchanges: steadily(0, 18_000, 100), faults: [{ acknowledgedLateMs: null, withdrawnLateMs: null }] };
    expect(code(judged(expectation, sketch))).toBe('inconclusive fault-not-in-force');
  });

  test('a ratio below 1 cannot be declared', () => {
    expect(() => stampede({ edge: 'a->b', of: 'storm', ratioMax: 0.5 })).toThrow("'ratioMax' must be at least 1");
  });
});
