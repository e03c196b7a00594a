import { describe, expect, test } from 'vitest';
import { atMostOnce } from '../../../../harness/analysis/checks/at-most-once.ts';
import { readinessTruth } from '../../../../harness/analysis/checks/readiness-truth.ts';
import { steadily, type ExchangeSketch, type RecordingSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

describe('atMostOnce', () => {
  const expectation = atMostOnce({ effect: 'charge' });

  test('one effect for each intent passes; another effect of the same intent does not count', () => {
    const effects = [
      { atMs: 4000, key: 'a' },
      { atMs: 4100, key: 'b' },
      { atMs: 4200, key: 'a', effect: 'refund' },
    ];
    expect(code(judged(expectation, { effects }))).toBe('pass at-most-once');
  });

  test('a repeated effect fails with the rows that prove it, and no delay explains it', () => {
    const finding = judged(expectation, {
      effects: [
        { atMs: 4000, key: 'a' },
        { atMs: 4100, key: 'b' },
        { atMs: 4200, key: 'a' },
      ],
    });
    expect(code(finding)).toBe('fail at-most-once');
    expect(finding.evidence[0]?.ids).toEqual([1, 3]);
    expect(finding.timingMarginMs).toBeUndefined();
  });

  test('no effect at all, or effects without a key, tell nothing', () => {
    expect(code(judged(expectation, { effects: [] }))).toBe('inconclusive too-few');
    expect(
      code(
        judged(expectation, {
          effects: [
            { atMs: 4000, key: '' },
            { atMs: 4100, key: '' },
          ],
        }),
      ),
    ).toBe('inconclusive effects-without-key');
  });
});

describe('readinessTruth', () => {
  const expectation = readinessTruth({ service: 'payments', of: 'storm' });

  /** Samples every 100 ms: not ready from 4 s to `backAtMs`, ready before and after. */
  function restarted(backAtMs: number, exchanges: readonly ExchangeSketch[]): RecordingSketch {
    const samples = steadily(0, 18_000, 100).map(({ atMs }) => {
      const isReady = atMs < 4000 || atMs >= backAtMs;
      return {
        kind: 'readiness',
        atMs,
        service: 'payments',
        ready: isReady,
        answeredUs: (atMs + 2) * 1000,
        status: isReady ? 200 : 503,
      } as const;
    });
    const moves = [
      { kind: 'service', atMs: 4050, service: 'payments', state: 'killed' },
      { kind: 'service', atMs: 6000, service: 'payments', state: 'starting' },
    ] as const;
    return { events: [...samples, ...moves], exchanges };
  }

  test('a service that fails only while it says that it is not ready tells the truth', () => {
    const exchanges = [...steadily(6000, 7400, 200, { status: 503 }), ...steadily(8000, 9000, 100)];
    expect(code(judged(expectation, restarted(7500, exchanges)))).toBe('pass readiness-truth');
  });

  test('one answer of 503 while it says that it is ready is a lie', () => {
    const finding = judged(expectation, restarted(6100, [{ atMs: 6500, status: 503 }, ...steadily(8000, 9000, 100)]));
    expect(code(finding)).toBe('fail readiness-truth');
    expect(finding.measured?.value).toBe(1);
    expect(finding.timingMarginMs).toBe(398);
  });

  test('one broken connection may be chance, two are not', () => {
    const broken = (times: number) =>
      restarted(6100, [...steadily(6500, 6500 + times * 300, 300, { outcome: 'reset' as const }), { atMs: 9000 }]);
    expect(code(judged(expectation, broken(1)))).toBe('pass readiness-truth');
    expect(code(judged(expectation, broken(2)))).toBe('fail readiness-truth');
  });

  test('a call that a fault touched, or that overlaps the change to ready, proves nothing', () => {
    const exchanges: ExchangeSketch[] = [
      { atMs: 9000, status: 503, fault: 'storm' },
      { atMs: 7450, tookMs: 300, status: 503 },
      { atMs: 10_000 },
    ];
    expect(code(judged(expectation, restarted(7500, exchanges)))).toBe('pass readiness-truth');
  });

  test('a process that came and went between two ready answers claims nothing in between', () => {
    const swift = restarted(4000, [{ atMs: 4040, status: 503 }, { atMs: 10_000 }]);
    expect(code(judged(expectation, swift))).toBe('pass readiness-truth');
    const unmoved = { ...swift, events: (swift.events ?? []).filter(({ kind }) => kind !== 'service') };
    expect(code(judged(expectation, unmoved))).toBe('fail readiness-truth');
  });

  test('without a call in a stretch of readiness nothing can be told', () => {
    expect(code(judged(expectation, restarted(7500, [{ atMs: 6500, status: 503 }])))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { exchanges: steadily(4000, 9000, 100) }))).toBe('inconclusive too-few');
  });
});
