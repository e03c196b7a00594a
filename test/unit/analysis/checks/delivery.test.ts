import { describe, expect, test } from 'vitest';
import { delivery } from '../../../../harness/analysis/checks/delivery.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { steadily, type EffectSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

// The storm lasts from 4 to 8 s, the timeline until 18 s.
const expectation = delivery({ from: 'accepted', to: 'announced', of: 'storm', within: '4s' });

/** One accepted order every 500 ms, from 1 s to 17 s; `announcedMs` says when each is announced, null: never. */
function orders(announcedMs: (acceptedMs: number) => number | null): EffectSketch[] {
  return steadily(1000, 17_000, 500).flatMap(({ atMs }) => {
    const key = `order-${atMs}`;
    const doneMs = announcedMs(atMs);
    const accepted = { atMs, key, effect: 'accepted', service: 'orders' };
    return doneMs === null ? [accepted] : [accepted, { atMs: doneMs, key, effect: 'announced', service: 'shipping' }];
  });
}

/** Announced after 10 ms, under the storm at its end and `drainMs` more. */
const drainedAfter =
  (drainMs: number) =>
  (atMs: number): number =>
    atMs >= 4000 && atMs < 8000 ? 8000 + drainMs : atMs + 10;

describe('delivery', () => {
  test('a backlog that is drained in time passes, and the time is told', () => {
    const finding = judged(expectation, { effects: orders(drainedAfter(1500)) });
    expect(code(finding)).toBe('pass delivery');
    expect(finding.measured).toEqual({ value: 1500, unit: 'ms' });
    expect(finding.timingMarginMs).toBe(2500);
    expect(explain(finding).sentence).toBe(
      'Announced came for each of 27 accepted effects; the backlog of 8 was drained 1.5 s after storm ended, of 4 s allowed.',
    );
  });

  test('an announcement that comes before its promise is stamped, or twice, is one', () => {
    const effects = orders((atMs) => atMs - 5);
    expect(code(judged(expectation, { effects: [...effects, ...effects] }))).toBe('pass delivery');
  });

  test('one order that is never announced fails and is named, with its row', () => {
    const finding = judged(expectation, { effects: orders((atMs) => (atMs === 5000 ? null : drainedAfter(100)(atMs))) });
    expect(code(finding)).toBe('fail delivery-lost');
    expect(finding.measured).toEqual({ value: 1, unit: 'count' });
    expect(explain(finding).sentence).toBe(
      'Announced never came for 1 of 27 accepted effects (order-5000); 4 s were allowed, from the end of storm at the latest.',
    );
    expect(finding.evidence).toEqual([{ table: 'effects', ids: [17] }]);
  });

  test('a backlog that takes too long fails by how much it was late', () => {
    const finding = judged(expectation, { effects: orders(drainedAfter(4600)) });
    expect(code(finding)).toBe('fail delivery-late');
    expect(finding.timingMarginMs).toBe(600);
    expect(explain(finding).sentence).toMatch(
      /^Announced came up to 600 ms too late for 8 of 27 accepted effects \(order-4000, .* and 5 more\)/,
    );
  });

  test('what is promised after the fault counts from its promise, and from one that is too late to be judged nothing follows', () => {
    const late = orders((atMs) => (atMs === 10_000 ? 14_100 : atMs + 10));
    expect(code(judged(expectation, { effects: late }))).toBe('fail delivery-late');
    const lostAtTheEnd = orders((atMs) => (atMs > 14_000 ? null : atMs + 10));
    expect(code(judged(expectation, { effects: lostAtTheEnd }))).toBe('pass delivery');
  });

  test('no promise at all, or promises without keys, tell nothing', () => {
    expect(code(judged(expectation, { effects: [] }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { effects: [{ atMs: 5000, key: 'a', effect: 'announced' }] }))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { effects: [{ atMs: 5000, key: '', effect: 'accepted' }] }))).toBe('inconclusive effects-without-key');
  });

  test('effects that went missing tell nothing, whatever is there; missing exchanges do not matter', () => {
    const lost = (what: string) => ({
      effects: orders(() => null),
      events: [{ kind: 'lost', atMs: 17_500, what, count: 3, limit: 0 } as const],
    });
    expect(code(judged(expectation, lost('effects')))).toBe('inconclusive effects-lost');
    expect(code(judged(expectation, lost('effect lines that cannot be read')))).toBe('inconclusive effects-lost');
    expect(code(judged(expectation, lost('log of orders (full)')))).toBe('inconclusive effects-lost');
    expect(code(judged(expectation, lost('exchanges')))).toBe('fail delivery-lost');
  });

  test('a fault that was not in force or not withdrawn tells nothing', () => {
    const effects = orders((atMs) => atMs + 10);
    expect(code(judged(expectation, { effects, faults: [{ acknowledgedLateMs: null, withdrawnLateMs: null }] }))).toBe(
      'inconclusive fault-not-in-force',
    );
    expect(code(judged(expectation, { effects, faults: [{ withdrawnLateMs: null }] }))).toBe('inconclusive fault-not-withdrawn');
  });

  test('is declared with two effects and a time', () => {
    expect(() => delivery({ from: '', to: 'b', of: 'storm', within: '1s' })).toThrow("'from' must be the name of an effect");
    expect(() => delivery({ from: 'a', to: 'a', of: 'storm', within: '1s' })).toThrow("'to' must be another effect than 'from'");
    expect(() => delivery({ from: 'a', to: 'b', of: 'storm', within: 0 })).toThrow("'within' must be above 0 ms");
  });
});
