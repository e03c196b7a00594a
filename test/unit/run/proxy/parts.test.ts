import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHostPort, parseHostPort } from '../../../../harness/run/proxy/address.ts';
import { proxyNameOfEdge } from '../../../../harness/model/edge-name.ts';
import { observerOf } from '../../../../harness/model/observe.ts';
import { BodyCollector } from '../../../../harness/run/proxy/tap/observe.ts';

test('an edge has a name of its own that is safe in a path', () => {
  expect(proxyNameOfEdge('orders->payments')).toBe('orders--payments');
  const letters = fc.string({ unit: fc.constantFrom('a', '-', '>', '~', '/', 'é', '0', '2', 'd'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (left, right) => {
      expect(proxyNameOfEdge(left)).toMatch(/^[A-Za-z0-9_.~-]*$/);
      if (left !== right) expect(proxyNameOfEdge(left)).not.toBe(proxyNameOfEdge(right));
    }),
    { numRuns: 5000 },
  );
});

test('addresses are read and written in both families', () => {
  expect(parseHostPort('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(parseHostPort(':0')).toEqual({ host: '', port: 0 });
  expect(['localhost', 'a:b', 'a:99999', '::1:80', ''].map(parseHostPort)).toEqual(Array(5).fill(null));
  expect(formatHostPort({ host: '::', port: 1 })).toBe('[::]:1');
});

test('a tap reads an answer by the rules of the load driver, cuts included, and leaves what is no JSON', () => {
  const observe = { degraded: ['/_stale', '/_unavailable'], value: '/a~1b/~0/1', version: '/v', age: '/ageMs' };
  const read = (text: string): unknown => {
    const collector = new BodyCollector();
    for (const letter of Buffer.from(text)) collector.data(Buffer.of(letter));
    return collector.observe(observe);
  };
  const bodies = [
    { _stale: true, 'a/b': { '~': [10, 20] }, v: 3, ageMs: 20 },
    { _unavailable: 'cached' },
    {},
    [],
    { 'a/b': { '~': [1, 'é'.repeat(3000)] } },
  ];
  for (const body of bodies) expect(read(JSON.stringify(body))).toEqual(observerOf(observe)(body));
  expect(read('{"v":')).toBeNull();
  expect(read('')).toBeNull();
});
