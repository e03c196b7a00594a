import { describe, expect, test } from 'vitest';
import { availability } from '../../../../harness/analysis/checks/availability.ts';
import { backoff } from '../../../../harness/analysis/checks/backoff.ts';
import { failsFast } from '../../../../harness/analysis/checks/fails-fast.ts';
import { isolation } from '../../../../harness/analysis/checks/isolation.ts';
import { latencyWithin } from '../../../../harness/analysis/checks/latency-within.ts';
import { recovery } from '../../../../harness/analysis/checks/recovery.ts';
import { retries } from '../../../../harness/analysis/checks/retries.ts';
import { steadily, type ExchangeSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

describe('recovery', () => {
  const expectation = recovery({ of: 'storm', within: '4s', availability: 0.99, p95Ms: 100, holdFor: '2s' });
  const backAt = (ms: number) => [
    ...steadily(1000, 4000, 20),
    ...steadily(4000, ms, 20, { outcome: 'http-error' as const }),
    ...steadily(ms, 18_000, 20),
  ];

  test('users who are served again in time pass, with the resolution of the measurement', () => {
    const finding = judged(expectation, { requests: backAt(9000) });
    expect(code(finding)).toBe('pass recovery');
    expect(finding.measured).toEqual({ value: 1000, unit: 'ms' });
    expect(finding.resolutionMs).toBe(250);
    expect(finding.timeline?.moments).toHaveLength(9);
    expect(finding.evidence.map(({ table }) => table)).toContain('windows');
    expect(finding.timingMarginMs).toBe(3000);
  });

  test('users who are served again too late fail by what it was late', () => {
    const finding = judged(expectation, { requests: backAt(14_000) });
    expect(code(finding)).toBe('fail recovery');
    expect(finding.measured?.value).toBe(6000);
    expect(finding.timingMarginMs).toBe(1280);
  });

  test('a recovery that is late by less than the resolution is neither in time nor late', () => {
    expect(code(judged(expectation, { requests: backAt(12_200) }))).toBe('inconclusive recovery-unclear');
  });

  test('users who are not served again by the end fail without a number', () => {
    const finding = judged(expectation, { requests: backAt(18_000) });
    expect(code(finding)).toBe('fail recovery-censored');
    expect(finding.measured).toBeUndefined();
  });

  test('a miss that a little delay explains says how little', () => {
    const slow = [...steadily(1000, 8000, 20), ...steadily(8000, 18_000, 20, { tookMs: 115 })];
    const finding = judged(expectation, { requests: slow });
    expect(code(finding)).toBe('fail recovery-censored');
    expect(finding.timingMarginMs).toBe(10);
  });

  test('without the fault, its withdrawal or time to look at, nothing can be told', () => {
    expect(code(judged(expectation, { requests: backAt(9000), faults: [{ acknowledgedLateMs: null }] }))).toBe(
      'inconclusive fault-not-in-force',
    );
    expect(code(judged(expectation, { requests: backAt(9000), faults: [{ withdrawnLateMs: null }] }))).toBe(
      'inconclusive fault-not-withdrawn',
    );
    expect(code(judged(expectation, { requests: backAt(18_000), faults: [{ withdrawnLateMs: 7000 }] }))).toBe('inconclusive run-too-short');
  });
});

describe('availability', () => {
  const expectation = availability({ request: 'quote', during: 'storm', min: 0.9 });

  test('enough ok answers pass and too few fail', () => {
    expect(code(judged(expectation, { requests: steadily(4000, 8000, 50) }))).toBe('pass availability');
    const half = [...steadily(4000, 8000, 100), ...steadily(4050, 8000, 100, { outcome: 'timeout' as const })];
    const finding = judged(expectation, { requests: half });
    expect(code(finding)).toBe('fail availability');
    expect(finding.measured).toEqual({ value: 0.5, unit: 'ratio' });
    expect(finding.timingMarginMs).toBe(0);
    expect(judged(expectation, { requests: steadily(4000, 8000, 50) }).timingMarginMs).toBeUndefined();
  });

  test('a degraded answer counts only where it was asked to', () => {
    const degraded = { requests: steadily(4000, 8000, 50, { outcome: 'degraded' as const }) };
    expect(code(judged(expectation, degraded))).toBe('fail availability');
    expect(code(judged(availability({ request: 'quote', during: 'storm', min: 0.9, countDegraded: true }), degraded))).toBe(
      'pass availability',
    );
  });

  test('arrivals count by their intended time, and a phase is meant by its name', () => {
    const requests = [...steadily(1000, 4000, 50), ...steadily(4000, 8000, 50, { outcome: 'refused' as const })];
    expect(code(judged(availability({ during: 'baseline', min: 1 }), { requests }))).toBe('pass availability');
    expect(code(judged(availability({ during: 'fault', min: 1 }), { requests }))).toBe('fail availability');
  });

  test('few arrivals tell nothing', () => {
    expect(code(judged(expectation, { requests: steadily(4000, 8000, 400) }))).toBe('inconclusive too-few');
  });
});

describe('latencyWithin', () => {
  const expectation = latencyWithin({ request: 'quote', during: 'storm', quantile: 0.95, maxMs: 200 });

  test('the quantile of response times is held to its limit, from the intended time', () => {
    expect(code(judged(expectation, { requests: steadily(4000, 8000, 50, { tookMs: 150 }) }))).toBe('pass latency');
    const late = judged(expectation, { requests: steadily(4000, 8000, 50, { tookMs: 150, lagMs: 80 }) });
    expect(code(late)).toBe('fail latency');
    expect(late.timingMarginMs).toBe(30);
  });

  test('arrivals that timed out count with the time that they waited', () => {
    const requests = [...steadily(4000, 8000, 50), ...steadily(4025, 8000, 500, { outcome: 'timeout' as const, tookMs: 5000 })];
    expect(judged(expectation, { requests }).measured?.value).toBe(5000);
  });

  test('19 arrivals cannot tell a p95', () => {
    expect(code(judged(expectation, { requests: steadily(4000, 5900, 100) }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { requests: steadily(4000, 6000, 100) }))).toBe('pass latency');
  });

  test('a quantile that does not exist is refused', () => {
    expect(() => latencyWithin({ during: 'storm', quantile: 95, maxMs: 1 })).toThrow(/'quantile' must be above 0 and below 1/);
  });
});

describe('failsFast', () => {
  const expectation = failsFast({ breaker: 'orders.payments', request: 'quote', p95Ms: 50 });
  const open = {
    breakers: {
      'orders.payments': [
        [0, 'closed'],
        [4300, 'open'],
        [7300, 'half-open'],
        [7310, 'closed'],
      ],
    },
  } as const;
  const elsewhere = { exchanges: [{ atMs: 4100, trace: 9999 }] };

  test('requests that are turned away at once pass', () => {
    const finding = judged(expectation, { ...open, ...elsewhere, requests: steadily(4000, 8000, 100) });
    expect(code(finding)).toBe('pass fails-fast');
    expect(finding.explanation.values['rejected']).toBe(30);
  });

  test('requests that wait out the open breaker fail, even those that end after it', () => {
    const finding = judged(expectation, { ...open, ...elsewhere, requests: steadily(7000, 7300, 20, { tookMs: 900 }) });
    expect(code(finding)).toBe('fail fails-fast');
    expect(finding.timingMarginMs).toBe(850);
  });

  test('requests that reached the edge, or began while it was closed, do not count', () => {
    const reached: ExchangeSketch[] = Array.from({ length: 20 }, (_, index) => ({ atMs: 5000 + index, trace: index + 1 }));
    expect(code(judged(expectation, { ...open, exchanges: reached, requests: steadily(5000, 6000, 50, { tookMs: 900 }) }))).toBe(
      'inconclusive too-few',
    );
    expect(code(judged(expectation, { ...open, ...elsewhere, requests: steadily(1000, 4000, 50, { tookMs: 900 }) }))).toBe(
      'inconclusive too-few',
    );
  });

  test('without an open breaker or a tap nothing can be told', () => {
    expect(code(judged(expectation, { ...elsewhere, requests: steadily(4000, 8000, 100) }))).toBe('inconclusive never-opened');
    expect(code(judged(expectation, { ...open, exchanges: [], requests: steadily(4000, 8000, 100) }))).toBe('inconclusive too-few');
  });
});

/** `calls` requests, 100 ms apart from 4.1 s on, whose attempts wait `waitsMs` between them; an attempt takes 5 ms. */
function attempts(calls: number, waitsMs: (call: number) => readonly number[]): ExchangeSketch[] {
  return Array.from({ length: calls }, (_, call) => {
    let atMs = 4100 + call * 100;
    const starts = [atMs, ...waitsMs(call).map((waitMs) => (atMs += 5 + waitMs))];
    return starts.map((startMs): ExchangeSketch => ({ atMs: startMs, trace: call + 1, status: 503, fault: 'storm' }));
  }).flat();
}

describe('retries', () => {
  const expectation = retries({ edge: 'orders->payments', of: 'storm', amplificationMax: 1.6 });

  test('attempts are counted for each request that called', () => {
    const finding = judged(expectation, { exchanges: attempts(20, (call) => (call % 2 === 0 ? [60] : [])) });
    expect(code(finding)).toBe('pass retries');
    expect(finding.measured).toEqual({ value: 1.5, unit: 'x' });
    expect(finding.timingMarginMs).toBeUndefined();
    const storm = judged(expectation, { exchanges: attempts(20, () => [60, 120]) });
    expect(code(storm)).toBe('fail retries');
    expect(storm.timingMarginMs).toBeUndefined();
    const late = attempts(20, () => [60, 120]).map((attempt) => ({ ...attempt, outcome: 'caller-left' as const }));
    expect(judged(expectation, { exchanges: late }).timingMarginMs).toBe(0);
  });

  test('without a fault named, the stretch of all faults counts', () => {
    expect(code(judged(retries({ edge: 'orders->payments', amplificationMax: 1.6 }), { exchanges: attempts(20, () => [60]) }))).toBe(
      'fail retries',
    );
  });

  test('few callers, or calls without trace ids, tell nothing', () => {
    expect(code(judged(expectation, { exchanges: attempts(4, () => [60]) }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { exchanges: steadily(4000, 8000, 100, { trace: '' }) }))).toBe('inconclusive edge-untraced');
  });
});

describe('backoff', () => {
  const expectation = backoff({ edge: 'orders->payments', of: 'storm', firstMin: '40ms', growthMin: 1.5, jitter: true });

  test('waits that grow and differ pass', () => {
    const finding = judged(expectation, { exchanges: attempts(10, (call) => [50 + call * 3, 110 + call * 3]) });
    expect(code(finding)).toBe('pass backoff');
    expect(finding.measured?.value).toBe(62);
    expect(finding.timingMarginMs).toBeUndefined();
    const stretched = judged(expectation, { exchanges: attempts(10, (call) => (call < 2 ? [1, 110] : [50 + call * 3, 110])) });
    expect(code(stretched)).toBe('pass backoff');
    expect(stretched.timingMarginMs).toBe(22);
  });

  test('a retry at once fails', () => {
    const finding = judged(expectation, { exchanges: attempts(10, () => [1, 1]) });
    expect(code(finding)).toBe('fail backoff-short');
    expect(finding.timingMarginMs).toBe(39);
  });

  test('waits that do not grow fail, and so do waits that are all the same', () => {
    expect(code(judged(expectation, { exchanges: attempts(10, (call) => [50 + call * 3, 50 + call * 3]) }))).toBe('fail backoff-flat');
    expect(code(judged(expectation, { exchanges: attempts(10, () => [60, 120]) }))).toBe('fail backoff-even');
  });

  test('few retried requests tell nothing, and few that were retried twice tell nothing of growth', () => {
    expect(code(judged(expectation, { exchanges: attempts(4, (call) => [50 + call * 3]) }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { exchanges: attempts(10, (call) => [50 + call * 3]) }))).toBe('inconclusive too-few');
  });
});

describe('isolation', () => {
  const expectation = isolation({ request: 'stock', from: 'storm', p95RatioMax: 1.5 });
  const during = (sketch: object) => ({
    requests: [
      ...steadily(1000, 4000, 50, { name: 'stock', tookMs: 40 }),
      ...steadily(4000, 8000, 50, { name: 'stock', tookMs: 40, ...sketch }),
    ],
  });

  test('a request that stays as fast passes, and a few milliseconds are no failure whatever their ratio', () => {
    expect(code(judged(expectation, during({ tookMs: 55 })))).toBe('pass isolation');
    const tiny = [...steadily(1000, 4000, 50, { name: 'stock', tookMs: 2 }), ...steadily(4000, 8000, 50, { name: 'stock', tookMs: 8 })];
    expect(code(judged(expectation, { requests: tiny }))).toBe('pass isolation');
  });

  test('a pass that a slow baseline made possible can be turned by noise, one that the median allows as well cannot', () => {
    expect(judged(expectation, during({ tookMs: 55 })).timingMarginMs).toBeUndefined();
    const slowTail = steadily(1000, 4000, 50, { name: 'stock' }).map((row, index) => ({ ...row, tookMs: index % 10 === 0 ? 60 : 10 }));
    const finding = judged(expectation, { requests: [...slowTail, ...steadily(4000, 8000, 50, { name: 'stock', tookMs: 55 })] });
    expect(code(finding)).toBe('pass isolation');
    expect(finding.timingMarginMs).toBe(35);
  });

  test('one that slows down fails by what it is over the limit', () => {
    const finding = judged(expectation, during({ tookMs: 90 }));
    expect(code(finding)).toBe('fail isolation');
    expect(finding.measured?.value).toBe(2.25);
    expect(finding.timingMarginMs).toBe(30);
  });

  test('one that is as fast but fails is not isolated either', () => {
    const finding = judged(expectation, during({ outcome: 'http-error' }));
    expect(code(finding)).toBe('fail isolation-dropped');
    expect(finding.timingMarginMs).toBe(0);
    expect(judged(expectation, during({ outcome: 'timeout', tookMs: 560 })).timingMarginMs).toBe(500);
  });

  test('too few arrivals before or during the fault tell nothing', () => {
    expect(code(judged(expectation, { requests: steadily(4000, 8000, 50, { name: 'stock' }) }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { requests: steadily(1000, 4000, 50, { name: 'stock' }) }))).toBe('inconclusive too-few');
  });
});
