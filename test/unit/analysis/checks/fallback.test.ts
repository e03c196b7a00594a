import { describe, expect, test } from 'vitest';
import { fallback } from '../../../../harness/analysis/checks/fallback.ts';
import type { Observed } from '../../../../harness/model/recording.ts';
import { steadily, type ExchangeSketch, type RecordingSketch, type RequestSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

const expectation = fallback({ request: 'quote', during: 'storm', stalenessMax: '5s' });

/** The source gives a new version every 500 ms. */
const versionAt = (ms: number): Observed => ({ value: 100 + Math.floor(ms / 500), version: `fee#${Math.floor(ms / 500)}` });
const LAST_GOOD = versionAt(3950);

/** Quotes every 50 ms with their own call: fresh but for the storm (4–8 s) and the second until the breaker has closed. */
function shop(
  change: { readonly quote?: (atMs: number) => Partial<RequestSketch> | undefined; readonly closesMs?: number } = {},
): RecordingSketch {
  const closesMs = change.closesMs ?? 9000;
  const isDown = (atMs: number): boolean => atMs >= 4000 && atMs < closesMs;
  const times = steadily(1000, 18_000, 50).map(({ atMs }) => atMs);
  const requests = times.map((atMs, index): RequestSketch => {
    const quote: RequestSketch = isDown(atMs)
      ? { atMs, trace: index + 1, outcome: 'degraded', observed: { ...LAST_GOOD, degraded: true } }
      : { atMs, trace: index + 1, observed: { ...versionAt(atMs), degraded: false } };
    return { ...quote, ...change.quote?.(atMs) };
  });
  const exchanges = times.flatMap((atMs, index): ExchangeSketch[] =>
    isDown(atMs)
      ? atMs < 4500
        ? [{ atMs, trace: index + 1, status: 503, fault: 'storm' }]
        : []
      : [{ atMs, trace: index + 1, observed: versionAt(atMs) }],
  );
  const states = [
    [0, 'closed'],
    [4500, 'open'],
    [closesMs - 10, 'half-open'],
    [closesMs, 'closed'],
  ] as const;
  return { requests, exchanges, breakers: { 'orders.payments': states } };
}

describe('fallback', () => {
  test('the last known value, marked, young enough and gone afterwards, passes with the oldest age', () => {
    const finding = judged(expectation, shop({ closesMs: 8800 }));
    expect(code(finding)).toBe('pass fallback');
    expect(finding.measured?.value).toBeCloseTo(4805, 0);
    expect(finding.explanation.values['degraded']).toBe(96);
  });

  test('a value that is older than allowed fails by how old it is', () => {
    const finding = judged(fallback({ request: 'quote', during: 'storm', stalenessMax: '3s' }), shop());
    expect(code(finding)).toBe('fail fallback-stale');
    expect(finding.timingMarginMs).toBeCloseTo(2005, 0);
  });

  test('an invented value fails, marked or not, and no delay explains it', () => {
    const invented = (outcome: 'ok' | 'degraded') =>
      judged(
        expectation,
        shop({ quote: (atMs) => (atMs > 5000 && atMs < 6000 ? { outcome, observed: { value: 999, version: 'fee#0' } } : undefined) }),
      );
    for (const finding of [invented('ok'), invented('degraded')]) {
      expect(code(finding)).toBe('fail fallback-unreal');
      expect(finding.explanation.values['unreal']).toBe(19);
      expect(finding.timingMarginMs).toBeUndefined();
    }
  });

  test('a true version with another value is invented too', () => {
    const finding = judged(expectation, shop({ quote: (atMs) => (atMs === 5000 ? { observed: { ...LAST_GOOD, value: 1 } } : undefined) }));
    expect(code(finding)).toBe('fail fallback-unreal');
  });

  test('an old value without the marker fails, and so does no value without it', () => {
    const unmarked = (observed: Observed) =>
      judged(expectation, shop({ quote: (atMs) => (atMs >= 6000 && atMs < 6500 ? { outcome: 'ok', observed } : undefined) }));
    const old = unmarked(LAST_GOOD);
    expect(code(old)).toBe('fail fallback-unmarked');
    expect(old.timingMarginMs).toBe(2250);
    const silent = unmarked({ degraded: false });
    expect(code(silent)).toBe('fail fallback-unmarked');
    expect(silent.timingMarginMs).toBeUndefined();
  });

  test('an unmarked value from a call of the request itself is fresh, however late the call was', () => {
    const late = shop({ closesMs: 8800 });
    const requests = [...(late.requests ?? []), { atMs: 16_000, tookMs: 1500, trace: 77_777, observed: versionAt(16_000) }];
    const exchanges = [...(late.exchanges ?? []), { atMs: 16_005, tookMs: 10, trace: 77_777, observed: versionAt(16_000) }];
    expect(code(judged(expectation, { ...late, requests, exchanges }))).toBe('pass fallback');
  });

  test('a marked answer without any value is honest, but tells nothing of staleness alone', () => {
    const bare = { observed: { degraded: true } };
    expect(code(judged(expectation, shop({ quote: (atMs) => (atMs >= 6000 && atMs < 9000 ? bare : undefined) })))).toBe('pass fallback');
    expect(code(judged(expectation, shop({ quote: (atMs) => (atMs >= 4000 && atMs < 9000 ? bare : undefined) })))).toBe(
      'inconclusive too-few',
    );
  });

  test('a degraded answer long after all is well fails', () => {
    const kept = shop({
      closesMs: 8800,
      quote: (atMs) => (atMs >= 11_000 && atMs < 12_000 ? { outcome: 'degraded', observed: { degraded: true } } : undefined),
    });
    const finding = judged(expectation, kept);
    expect(code(finding)).toBe('fail fallback-after');
    expect(finding.explanation.values['after']).toBe(20);
    expect(finding.timingMarginMs).toBe(950);
  });

  test('a degraded answer after recovery is excused by a call of its own that failed', () => {
    const calm = shop({
      closesMs: 8800,
      quote: (atMs) => (atMs === 11_000 ? { outcome: 'degraded', observed: { degraded: true }, trace: 55_555 } : undefined),
    });
    const exchanges = [...(calm.exchanges ?? []), { atMs: 11_002, trace: 55_555, outcome: 'caller-left' as const }];
    expect(code(judged(expectation, { ...calm, exchanges }))).toBe('pass fallback');
  });

  test.each([
    ['excuses what may have waited for it with others', 11_002, 'pass fallback'],
    ['excuses nothing at another time', 10_500, 'fail fallback-after'],
  ])("a failed call to the source that is another request's %s", (_, atMs, verdict) => {
    const calm = shop({
      closesMs: 8800,
      quote: (at) => (at === 11_000 ? { outcome: 'degraded', observed: { degraded: true }, trace: 55_555 } : undefined),
    });
    const exchanges = [...(calm.exchanges ?? []), { atMs, trace: 66_666, outcome: 'caller-left' as const }];
    expect(code(judged(expectation, { ...calm, exchanges }))).toBe(verdict);
  });

  test("a value that was never the source's is wrong after recovery as well, and that is what the finding is called", () => {
    const finding = judged(
      expectation,
      shop({
        closesMs: 8800,
        quote: (atMs) => (atMs >= 11_000 && atMs < 12_000 ? { observed: { value: 999, version: 'fee#0' } } : undefined),
      }),
    );
    expect(code(finding)).toBe('fail fallback-after');
    expect(finding.explanation.values['parts']).toEqual(['fallback-after', 'fallback-unreal']);
  });

  test('an answer that does not match its schema fails', () => {
    expect(code(judged(expectation, shop({ closesMs: 8800, quote: (atMs) => (atMs === 5000 ? { outcome: 'wrong' } : undefined) })))).toBe(
      'fail fallback-wrong',
    );
  });

  test('a fault that degrades nothing, or a source that nobody saw, tells nothing', () => {
    const fine = shop({ closesMs: 4000 });
    expect(code(judged(expectation, fine))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { ...shop(), exchanges: [] }))).toBe('inconclusive too-few');
  });

  test('the end of degraded answers is taken from the recovery that the scenario expects', () => {
    const open = { ...shop({ closesMs: 12_000 }), expectations: [{ check: 'recovery', of: 'storm', withinMs: 2000 }] as never };
    const lenient = fallback({ request: 'quote', during: 'storm', stalenessMax: '9s' });
    expect(code(judged(lenient, open))).toBe('fail fallback-after');
    expect(code(judged(lenient, { ...open, expectations: [] }))).toBe('pass fallback');
    const ofAnother = [{ check: 'recovery', of: 'another', withinMs: 2000 }] as never;
    expect(code(judged(lenient, { ...open, expectations: ofAnother }))).toBe('pass fallback');
  });
});
