/**
 * Goal: what the rules of one edge decide together does not depend on how requests interleave, and held calls are released in order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeldOutcome, HttpAction, HttpTarget, RuleSpec } from '../../../../harness/run/proxy/contract.ts';
import { Quota } from '../../../../harness/run/proxy/http/quota.ts';
import { RuleSet, type Rule } from '../../../../harness/run/proxy/http/rules.ts';
import type { TargetHead } from '../../../../harness/run/proxy/http/target.ts';

const refuse: HttpAction = { kind: 'refuse' };
const spec = (name: string, target: HttpTarget = {}, action: HttpAction = refuse): RuleSpec => ({ name, action, target, seed: 7 });
const get = (path: string): TargetHead => ({ method: 'GET', path, traceId: '', text: `GET ${path} HTTP/1.1\r\nhost: x` });

/** Rules of one edge, in order. */
function ruleSet(...specs: RuleSpec[]): RuleSet {
  const rules = new RuleSet();
  for (const each of specs) rules.add(each);
  return rules;
}

test("a rule without a seed of its own takes the proxy's", () => {
  const placesWith = (seed: number): string => {
    const rules = new RuleSet(seed);
    rules.add({ name: 'some', action: refuse, target: { share: 0.5 } });
    return Array.from({ length: 40 }, () => (rules.decide(get('/')) === null ? '.' : 'x')).join('');
  };
  expect(placesWith(1)).toBe(placesWith(1));
  expect(placesWith(1)).not.toBe(placesWith(2));
});

describe('deciding', () => {
  test('every rule that matches counts, the first that hits acts, with the number of its hit', () => {
    const rules = ruleSet(spec('second', { everyNth: 2 }), spec('all'), spec('other', { path: '/other' }));
    const acted = Array.from({ length: 4 }, () => rules.decide(get('/')));
    expect(acted.map((acting) => [acting?.spec.name, acting?.hit])).toEqual([
      ['all', 1],
      ['second', 1],
      ['all', 3],
      ['second', 2],
    ]);
    expect(rules.list().map(({ matched, hit }) => [matched, hit])).toEqual([
      [4, 2],
      [4, 4],
      [0, 0],
    ]);
  });

  test('a rule added again counts anew, and stands behind the others', () => {
    const rules = ruleSet(spec('storm', { first: 1 }), spec('rest'));
    expect(rules.decide(get('/'))?.spec.name).toBe('storm');
    rules.add(spec('storm', { first: 1 }));
    expect(rules.list().map(({ spec: { name }, matched }) => [name, matched])).toEqual([
      ['rest', 1],
      ['storm', 0],
    ]);
  });

  test('interleaving with requests that do not match leaves a rule’s choices as they are', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (turns, share) => {
        const alone = ruleSet(spec('storm', { path: '/a/*', share }));
        const mixed = ruleSet(spec('noise', { path: '/b', share: 0.3 }), spec('storm', { path: '/a/*', share }));
        const expected: (number | null)[] = [];
        const found: (number | null)[] = [];
        for (const isOurs of turns) {
          const acting = mixed.decide(get(isOurs ? '/a/1' : '/b'));
          if (!isOurs) continue;
          expected.push(alone.decide(get('/a/2'))?.hit ?? null);
          found.push(acting?.hit ?? null);
        }
        expect(found).toEqual(expected);
      }),
    );
  });

  test('a quota lets its limit through in each window and acts on the rest, saying how long to wait', () => {
    const rules = ruleSet(spec('quota', {}, { kind: 'quota', limit: 2, windowMs: 3_600_000 }), spec('behind', { path: '/behind' }));
    expect(rules.decide(get('/behind'))?.spec.name).toBe('behind');
    expect(rules.decide(get('/'))).toBeNull();
    expect(rules.decide(get('/'))).toMatchObject({ hit: 1, retryAfterS: 3600 });
    expect(rules.get('quota')).toMatchObject({ matched: 3, hit: 1 });
  });

  test('a quota’s windows follow each other from its first request on, however long nobody asks', () => {
    const quota = new Quota({ limit: 2, windowMs: 10 });
    expect([1000, 1001, 5000, 10_999, 11_000, 20_999, 21_000, 57_000].map((nowUs) => quota.take(nowUs))).toEqual([
      0, 0, 6000, 1, 0, 0, 0, 0,
    ]);
    expect(quota.take(58_000)).toBe(0);
    expect(quota.take(60_999)).toBe(1);
  });

  test('a quota never lets more than its limit through in a window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 100 }), fc.nat(5), (gapsUs, limit) => {
        const quota = new Quota({ limit, windowMs: 5 });
        const through = new Map<number, number>();
        let nowUs = 0;
        for (const gapUs of gapsUs) {
          const waitUs = quota.take(nowUs);
          const window = Math.floor(nowUs / 5000);
          if (waitUs === 0) through.set(window, (through.get(window) ?? 0) + 1);
          else expect(waitUs).toBe((window + 1) * 5000 - nowUs);
          nowUs += gapUs;
        }
        expect(Math.max(0, ...through.values())).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('holding', () => {
  const hold = spec('gate', {}, { kind: 'hold', at: 'request' });

  /** Holds one call under a number; `log` gets what becomes of it. */
  function holdCall(rule: Rule, ordinal: number, log: string[]): Disposable {
    const facts = { ordinal, method: 'GET', path: '/', traceId: '', at: 'request', status: 0, heldMs: 1 } as const;
    return rule.hold({ facts: () => facts, release: (outcome: HeldOutcome) => log.push(`${ordinal} ${outcome.kind}`) });
  }

  test('calls are released oldest first, so many as asked for, with the outcome asked for', () => {
    const rule = ruleSet(hold).get('gate');
    if (rule === undefined) throw new Error('no rule');
    const log: string[] = [];
    const holds = [1, 2, 3, 4, 5].map((ordinal) => holdCall(rule, ordinal, log));
    expect(rule.heldCalls().map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5]);
    expect(rule.release({ count: 2, outcome: { kind: 'reset' } })).toBe(2);
    expect(rule.release({ ordinals: [5, 9] })).toBe(1);
    expect(rule.release({ count: 0 })).toBe(0);
    holds[2]?.[Symbol.dispose]();
    // What was released already is not there to be taken out.
    holds[0]?.[Symbol.dispose]();
    expect(rule.held).toBe(1);
    expect(rule.release({})).toBe(1);
    expect(rule.release({})).toBe(0);
    expect(log).toEqual(['1 reset', '2 reset', '5 pass', '4 pass']);
  });

  test('a rule that is removed, replaced or cleared passes on what it holds', () => {
    const rules = ruleSet(hold);
    const log: string[] = [];
    for (const [ordinal, end] of [() => rules.remove('gate'), () => rules.add(hold), () => rules.clear()].entries()) {
      holdCall(rules.get('gate') ?? rules.add(hold), ordinal, log);
      end();
    }
    expect(log).toEqual(['0 pass', '1 pass', '2 pass']);
    expect(rules.size).toBe(0);
  });

  test('a release that brings the next call does not release that one', () => {
    const rule = ruleSet(hold).get('gate');
    if (rule === undefined) throw new Error('no rule');
    const log: string[] = [];
    const facts = { ordinal: 1, method: 'GET', path: '/', traceId: '', at: 'request', status: 0, heldMs: 1 } as const;
    rule.hold({ facts: () => facts, release: () => holdCall(rule, 2, log) });
    expect(rule.release({})).toBe(1);
    expect([rule.held, log]).toEqual([1, []]);
  });
});
