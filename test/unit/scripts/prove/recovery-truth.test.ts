import { expect, it } from 'vitest';
import { measureInvented, summariseErrors } from '../../../../scripts/prove/recovery-truth.ts';

const calm = { ratePerSecond: 100, availability: 0.95, until: 'errors', strayRatio: 0 } as const;

it('measures a planted recovery to within one bucket, whether users got errors or slow answers before', () => {
  for (const until of ['errors', 'slow answers'] as const) {
    const summary = summariseErrors(measureInvented({ ...calm, until }, 40));
    expect(summary).toMatchObject({ cases: 40, unmeasured: 0, coverage: 1 });
    expect(summary.maxErrorBuckets).toBeLessThanOrEqual(1);
  }
});

it('would notice a measure that is off by two buckets', () => {
  const shifted = measureInvented(calm, 40).map((error) => ({ ...error, measuredMs: (error.measuredMs ?? 0) + 2 * error.resolutionMs }));
  const summary = summariseErrors(shifted);
  expect(summary.maxErrorBuckets).toBeGreaterThan(1);
  expect(summary.coverage).toBeLessThan(0.5);
});

it('counts what was not measured against the coverage', () => {
  const errors = [
    { trueMs: 100, measuredMs: 200, resolutionMs: 250 },
    { trueMs: 100, measuredMs: null, resolutionMs: 250 },
  ];
  expect(summariseErrors(errors)).toMatchObject({ cases: 2, unmeasured: 1, biasMs: 100, coverage: 0.5 });
});
