import { describe, expect, test } from 'vitest';
import { breaker } from '../../../harness/analysis/checks/breaker.ts';
import { fallback } from '../../../harness/analysis/checks/fallback.ts';
import { isolation } from '../../../harness/analysis/checks/isolation.ts';
import { recovery } from '../../../harness/analysis/checks/recovery.ts';
import { retries } from '../../../harness/analysis/checks/retries.ts';
import type { Finding } from '../../../harness/model/finding.ts';
import type { Expectation } from '../../../harness/model/scenario.ts';
import { explain } from '../../../harness/verdict/explain.ts';
import { steadily, type RecordingSketch } from '../../recordings.ts';
import { judged } from '../analysis/checks/judged.ts';

/** First lines of a report: what people read. */
function sentence(expectation: Expectation, sketch: RecordingSketch): string {
  return explain(judged(expectation, sketch)).sentence;
}

const FAILING = steadily(4000, 8000, 100, { status: 503, fault: 'storm' });

describe('sentences', () => {
  test('a missed recovery says when service was normal, how finely that is known, and what was allowed', () => {
    const requests = [
      ...steadily(1000, 4000, 20),
      ...steadily(4000, 14_000, 20, { outcome: 'http-error' as const }),
      ...steadily(14_000, 18_000, 20),
    ];
    const late = recovery({ of: 'storm', within: '4s', availability: 0.99, p95Ms: 100, holdFor: '2s' });
    const words = explain(
      judged(late, {
        requests,
        exchanges: [{ atMs: 8600 }],
        breakers: {
          'orders.payments': [
            [0, 'closed'],
            [4300, 'open'],
            [13_900, 'closed'],
          ],
        },
      }),
    );
    expect(words.sentence).toBe(
      'Service was normal again 6 s (± 0.25 s) after storm ended; 4 s were allowed. The first good call came after 605 ms, the breaker closed after 5.9 s.',
    );
    expect(words).toMatchObject({ expected: 'within 4 s of the end of storm', measured: '6 s', resolution: '± 250 ms' });
  });

  test('a recovery that never came has no number', () => {
    const never = recovery({ of: 'storm', within: '4s', availability: 0.99, p95Ms: 100, holdFor: '2s', request: 'quote' });
    const words = explain(judged(never, { requests: steadily(4000, 18_000, 20, { outcome: 'http-error' as const }), exchanges: [] }));
    expect(words.measured).toBe('not recovered in 10 s');
    expect(words.sentence).toBe(
      'Service of quote had not recovered when the timeline ended, 10 s after storm ended (99 % ok and p95 ≤ 100 ms, held for 2 s); 4 s were allowed.',
    );
  });

  test('a breaker that never opens says how much it ignored', () => {
    const opens = breaker('orders.payments').opens({ within: '2s', of: 'storm' });
    expect(sentence(opens, { exchanges: FAILING })).toBe(
      'Breaker orders.payments never opened, although 40 calls on orders->payments failed after storm began; it had to open within 2 s.',
    );
  });

  test('a walk that strays says from where to where, when, and what was seen', () => {
    const visits = breaker('orders.payments').visits(['closed', 'open', 'half-open', 'closed']);
    expect(
      sentence(visits, {
        breakers: {
          'orders.payments': [
            [0, 'closed'],
            [4300, 'open'],
            [5300, 'closed'],
          ],
        },
      }),
    ).toBe(
      'Breaker orders.payments went from open to closed 4.3 s after the baseline began; closed → open → half-open → closed was expected, closed → open → closed was seen.',
    );
  });

  test('starved data says what there was too little of', () => {
    const stock = isolation({ request: 'stock', from: 'storm', p95RatioMax: 1.5 });
    expect(sentence(stock, {})).toBe('Cannot tell: there were no arrivals of stock in the baseline; 20 are needed.');
  });

  test('thousands are set apart', () => {
    const many = retries({ edge: 'orders->payments', of: 'storm', amplificationMax: 1.6 });
    expect(
      sentence(many, { exchanges: Array.from({ length: 1200 }, (_, index) => ({ atMs: 4000 + index * 3, trace: 1 + (index >> 1) })) }),
    ).toBe(
      '2 attempts a call reached orders->payments during storm (1,200 attempts for 600 requests, at most 2 for one); 1.6 were allowed.',
    );
  });

  test('a finding of a newer version is told as its code and values', () => {
    const finding: Finding = {
      check: 'novelty',
      subject: 'x',
      guard: false,
      verdict: 'fail',
      explanation: { code: 'toString', values: { a: 1 } },
      evidence: [],
    };
    expect(explain(finding).sentence).toBe(`Novelty of x ended as 'toString': {"a":1}.`);
  });
});

describe('declarations', () => {
  const declared = (expectation: Expectation): string => explain(judged(expectation, { exchanges: [] })).declared;

  test('print as the code that made them', () => {
    const storm = breaker('orders.payments');
    expect(declared(storm.opens({ within: '2s', of: 'storm' }))).toBe("breaker('orders.payments').opens({ of: 'storm', within: '2s' })");
    expect(declared(storm.staysClosed())).toBe("breaker('orders.payments').staysClosed()");
    expect(declared(storm.visits(['closed', 'open']))).toBe("breaker('orders.payments').visits(['closed', 'open'])");
    expect(declared(isolation({ request: 'stock', from: 'storm', p95RatioMax: 1.5 }))).toBe(
      "isolation({ request: 'stock', from: 'storm', p95RatioMax: 1.5 })",
    );
    expect(declared(fallback({ request: 'quote', during: 'storm', stalenessMax: '1500ms', source: 'orders->payments' }))).toBe(
      "fallback({ request: 'quote', during: 'storm', stalenessMax: '1.5s', source: 'orders->payments' })",
    );
  });

  test('of hostile names stay one line of code', () => {
    expect(declared({ check: 'atMostOnce', effect: "a'b\\\n<img>" } as Expectation)).toBe("atMostOnce({ effect: 'a\\'b\\\\\\n<img>' })");
  });
});
