/** Goal: arrivals that the load driver did not send count as failed, and never make a system fail that answered what it was asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../harness/analysis/analyze.ts';
import { availability } from '../../../harness/analysis/checks/availability.ts';
import { isolation } from '../../../harness/analysis/checks/isolation.ts';
import { latencyWithin } from '../../../harness/analysis/checks/latency-within.ts';
import { recovery } from '../../../harness/analysis/checks/recovery.ts';
import { agreed } from '../../../harness/analysis/unsent.ts';
import type { Finding } from '../../../harness/model/finding.ts';
import type { Expectation } from '../../../harness/model/scenario.ts';
import { judge } from '../../../harness/verdict/judge.ts';
import { recordingOf, steadily, type RequestSketch } from '../../recordings.ts';

const SHED = { lagMs: null, outcome: 'shed', tookMs: 0 } as const;

/** 50 arrivals a second, of which every so many are this from 4 s to 8 s. */
function whereEvery(every: number, sketch: Partial<RequestSketch>, others: Partial<RequestSketch> = {}): readonly RequestSketch[] {
  return steadily(0, 18_000, 20).map((row, place) =>
    row.atMs < 4000 || row.atMs >= 8000 ? row : { ...row, ...(place % every === 0 ? sketch : others) },
  );
}

function found(requests: readonly RequestSketch[], ...expectations: readonly Expectation[]): readonly Finding[] {
  return analyze(recordingOf({ requests, expectations }), expectations).filter(({ guard }) => !guard);
}

function said(requests: readonly RequestSketch[], expectation: Expectation): string {
  return found(requests, expectation)
    .map(({ verdict, explanation }) => `${verdict} ${explanation.code}`)
    .join();
}

describe('an arrival that was not sent', () => {
  it('counts as failed: what is available enough all the same passes', () => {
    const [finding] = found(whereEvery(10, SHED), availability({ during: 'storm', min: 0.9 }));
    expect(finding).toMatchObject({
      verdict: 'pass',
      measured: { value: 0.9 },
      explanation: { values: { arrivals: 200, outcomes: ['20 shed'] } },
    });
    expect(said(whereEvery(10, { outcome: 'aborted' }), availability({ during: 'storm', min: 0.91 }))).toBe('inconclusive unsent-decides');
  });

  it('fails no system by itself, and excuses none', () => {
    const expectation = availability({ during: 'storm', min: 0.95 });
    expect(said(whereEvery(10, SHED), expectation)).toBe('inconclusive unsent-decides');
    expect(said(whereEvery(10, SHED, { outcome: 'refused' }), expectation)).toBe('fail availability');
    expect(judge(found(whereEvery(10, SHED), expectation)).sentence).toBe(
      'Cannot tell: 20 arrivals of the run were not sent, or not waited for, by the load driver; it would fail where they count as failed, and pass where they are left out.',
    );
  });

  it('waited for its whole timeout: a quantile that it can reach is not known', () => {
    const within = (quantile: number, maxMs: number) => latencyWithin({ during: 'storm', quantile, maxMs });
    expect(said(whereEvery(10, SHED), within(0.95, 100))).toBe('inconclusive unsent-decides');
    expect(said(whereEvery(10, SHED), within(0.8, 100))).toBe('pass latency');
    expect(said(whereEvery(10, SHED, { tookMs: 300 }), within(0.95, 100))).toBe('fail latency');
    // The margin is that of those who were answered: what a busy machine may have added to them.
    expect(found(whereEvery(10, SHED, { tookMs: 110 }), within(0.95, 100))[0]?.timingMarginMs).toBe(10);
  });

  it('is no sign that another request was cut off, unless that shows in those that were sent', () => {
    const expectation = isolation({ request: 'quote', from: 'storm', p95RatioMax: 2 });
    expect(said(whereEvery(10, SHED), expectation)).toBe('inconclusive unsent-decides');
    expect(said(whereEvery(10, SHED, { outcome: 'timeout', tookMs: 5000 }), expectation)).toBe('fail isolation-dropped');
    expect(said(whereEvery(10, {}), expectation)).toBe('pass isolation');
    // One that was lost before the fault is no measure of how long answers took then.
    const lostBefore = whereEvery(1, { tookMs: 300 }).map((row, place) =>
      row.atMs < 4000 && place % 10 === 0 ? { ...row, ...SHED } : row,
    );
    expect(said(lostBefore, expectation)).toBe('fail isolation');
  });

  it('tells nothing where too few others are left', () => {
    expect(said(whereEvery(1, SHED), availability({ during: 'storm', min: 0.5 }))).toBe('inconclusive too-few');
  });
});

it('whatever was not sent in the fault or after it: a system that answers every call well does not fail', () => {
  const expectations = [
    availability({ during: 'storm', min: 0.99 }),
    availability({ during: 'recovery', min: 0.99 }),
    latencyWithin({ during: 'storm', quantile: 0.95, maxMs: 100 }),
    latencyWithin({ during: 'recovery', quantile: 0.95, maxMs: 100 }),
    isolation({ request: 'quote', from: 'storm', p95RatioMax: 1.5 }),
    recovery({ of: 'storm', within: '4s', availability: 0.99, p95Ms: 100, holdFor: '2s' }),
  ];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 200, max: 899 }), { maxLength: 400 }), fc.constantFrom('shed', 'aborted'), (places, outcome) => {
      const missing = new Set(places);
      const requests = steadily(0, 18_000, 20).map((row, place) => (missing.has(place) ? { ...row, ...SHED, outcome } : row));
      const verdicts = judge(analyze(recordingOf({ requests, expectations }), expectations)).findings;
      return verdicts.every(({ guard, verdict }) => guard || verdict !== 'fail');
    }),
    { numRuns: 60 },
  );
});

describe('two findings of one expectation', () => {
  const finding = (verdict: Finding['verdict'], timingMarginMs?: number): Finding => ({
    check: 'latency',
    subject: 'quote',
    guard: false,
    verdict,
    explanation: { code: `of-${verdict}`, values: {} },
    ...(timingMarginMs === undefined ? {} : { timingMarginMs }),
    measured: { value: 3, unit: 'ms' },
    evidence: [],
  });

  it('that agree are the one that less noise would turn', () => {
    expect(agreed(finding('fail', 900), finding('fail', 10), 1).timingMarginMs).toBe(10);
    expect(agreed(finding('fail', 10), finding('fail', 900), 1).timingMarginMs).toBe(10);
    expect(agreed(finding('pass'), finding('pass', 10), 1).timingMarginMs).toBe(10);
    expect(agreed(finding('pass'), finding('pass'), 1).verdict).toBe('pass');
  });

  it('that contradict each other cannot tell, and bring no number that would say otherwise', () => {
    expect(agreed(finding('fail', 900), finding('pass', 10), 7)).toEqual({
      ...finding('inconclusive'),
      measured: undefined,
      explanation: { code: 'unsent-decides', values: { subject: 'quote', unsent: 7, counted: 'fail', leftOut: 'pass' } },
    });
    expect(agreed(finding('pass'), finding('inconclusive'), 7).explanation.code).toBe('of-inconclusive');
    expect(agreed(finding('inconclusive'), finding('fail'), 7).explanation.code).toBe('of-inconclusive');
  });
});
