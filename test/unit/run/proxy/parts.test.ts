import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../harness/model/random.ts';
import { formatHostPort, parseHostPort } from '../../../../harness/run/proxy/address.ts';
import { proxyNameOfEdge } from '../../../../harness/run/proxy/edge-name.ts';
import type { TapRecord } from '../../../../harness/run/proxy/contract.ts';
import { observerOf } from '../../../../harness/model/observe.ts';
import { BodyCollector } from '../../../../harness/run/proxy/tap/observe.ts';
import { TapLog } from '../../../../harness/run/proxy/tap/tap-log.ts';
import { cutPoints } from '../../../../harness/run/proxy/toxics/slicer.ts';

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

test('slices add up to the chunk, are never empty and never larger than size + variation', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 300 }), fc.nat(300), fc.integer(), (length, size, wish, seed) => {
      const variation = Math.min(wish, size);
      const cuts = cutPoints(length, size, variation, seededRandom(seed, 'slices'));
      expect(cuts.at(-1) ?? 0).toBe(length);
      const sizes = cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0));
      expect(sizes.every((bytes) => bytes >= 1 && bytes <= size + variation)).toBe(true);
    }),
  );
});

test('a tap reads an answer by the rules of the load driver, cuts included, and leaves what is no JSON', () => {
  const observe = { degraded: ['/_stale', '/_unavailable'], value: '/a~1b/~0/1', version: '/v', age: '/ageMs' };
  const read = (text: string): unknown => {
    const collector = new BodyCollector();
    for (const letter of Buffer.from(text)) collector.add(Buffer.of(letter));
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

const record: TapRecord = {
  edge: 'a->b',
  instance: 'b',
  connection: 1,
  startedUs: 1,
  firstByteUs: null,
  endedUs: 2,
  outcome: 'answered',
  status: 200,
  method: 'GET',
  path: '/',
  traceId: '',
  bytesUp: 1,
  bytesDown: 1,
  observed: null,
  fault: null,
  touch: null,
};

test('a log without a reader keeps what fits, counts the rest and says so to the reader that comes', () => {
  const log = new TapLog(3);
  for (let count = 0; count < 5; count++) log.record(record);
  expect(log.lost).toBe(2);
  const lines: string[] = [];
  log.attach({ write: (text) => lines.push(...text.trimEnd().split('\n')) > 0 });
  expect(lines.length).toBe(4);
  expect(lines.at(-1)).toBe('{"lost":2}');
});

test('a reader that wants no more is written to again only once it has drained', () => {
  const log = new TapLog();
  for (let count = 0; count < 2000; count++) log.record(record);
  let isOpen = false;
  let writes = 0;
  log.attach({
    write: () => {
      writes++;
      return isOpen;
    },
  });
  expect(writes).toBe(1);
  log.record(record);
  expect(writes).toBe(1);
  isOpen = true;
  log.drained();
  expect(writes).toBeGreaterThan(2);
});
