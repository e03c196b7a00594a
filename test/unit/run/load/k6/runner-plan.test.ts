import fc from 'fast-check';
import { originOf } from '../../../../../harness/run/load/origin.ts';
import { describe, expect, test } from 'vitest';
import { pathPattern, sharesOf, vusFor } from '../../../../../harness/run/load/k6/runner-plan.ts';
import { get } from '../../../../../harness/scenario/load.ts';

const requests = [get('short', '/', { timeout: '500ms' }), get('long', '/', { timeout: '4s' })];

describe('virtual users', () => {
  test('are as many as arrivals can be in flight at once, each with its whole timeout and a second', () => {
    const arrival = fc.record({ atMs: fc.integer({ min: 0, max: 20_000 }), request: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 60 }), (drawn) => {
        const arrivals = drawn.toSorted((left, right) => left.atMs - right.atMs);
        const busy = arrivals.map(({ atMs }) => arrivals.filter((other) => other.atMs <= atMs && atMs < endOf(other)).length);
        // Of several at one moment the last one sees them all.
        expect(vusFor(shareOf(arrivals), requests)).toBe(Math.max(...busy));
      }),
    );
  });

  test('cost no search: a hundred thousand arrivals', () => {
    const arrivals = Array.from({ length: 100_000 }, (_, place) => ({ atMs: place, request: 0 }));
    expect(vusFor(shareOf(arrivals), requests)).toBe(1500);
  });
});

function endOf({ atMs, request }: { readonly atMs: number; readonly request: number }): number {
  return atMs + (requests[request]?.timeoutMs ?? 0) + 1000;
}

function shareOf(arrivals: readonly { readonly atMs: number; readonly request: number }[]) {
  return {
    ordinals: Uint32Array.from(arrivals.keys()),
    intendedUs: Float64Array.from(arrivals, ({ atMs }) => atMs * 1000),
    request: Uint32Array.from(arrivals, ({ request }) => request),
  };
}

describe('several processes', () => {
  const schedule = { intendedUs: [0, 10, 20, 30, 40], request: [0, 1, 0, 1, 0] };

  test('get the driver’s arrivals in turn', () => {
    const shares = sharesOf({ schedule }, Uint32Array.of(0, 1, 3, 4), 2);
    expect(shares.map(({ ordinals, intendedUs, request }) => [[...ordinals], [...intendedUs], [...request]])).toEqual([
      [
        [0, 3],
        [0, 30],
        [0, 1],
      ],
      [
        [1, 4],
        [10, 40],
        [1, 0],
      ],
    ]);
  });

  test('are no more than there are arrivals', () => {
    expect(sharesOf({ schedule }, Uint32Array.of(2), 3).map(({ ordinals }) => [...ordinals])).toEqual([[2]]);
    expect(sharesOf({ schedule }, new Uint32Array(), 3)).toEqual([]);
  });
});

test.each([
  ['/quote/{sku}?n={seq}', '/quote/a%2Fb', true],
  ['/quote/{sku}', '/quotes/x', false],
  ['/a.b(c)', '/a.b(c)', true],
  ['/a.b(c)', '/axb(c)', false],
  ['/orders', '/orders/1', false],
])('%s names the path %s: %s', (path, actual, isNamed) => {
  expect(new RegExp(pathPattern(get('r', path))).test(actual)).toBe(isNamed);
});

test('an origin of version 6 stands in brackets', () => {
  expect([originOf({ host: '::1', port: 80 }), originOf({ host: '127.0.0.1', port: 80 })]).toEqual([
    'http://[::1]:80',
    'http://127.0.0.1:80',
  ]);
});
