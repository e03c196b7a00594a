import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRequestHead } from '../../../../harness/run/proxy/http/head.ts';
import { createChooser, sharePlaces } from '../../../../harness/run/proxy/http/target.ts';

function head(line: string, ...headers: string[]) {
  const parsed = parseRequestHead([line, ...headers].join('\r\n'));
  if (parsed === null) throw new Error(`not a request head: ${line}`);
  return parsed;
}

test('each block of 20 has exactly round(20 × share) hits, at places that the seed fixes', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), fc.nat(50), (share, seed, block) => {
      const places = sharePlaces(share, 'storm', seed, block);
      expect(places.size).toBe(Math.round(20 * share));
      expect([...sharePlaces(share, 'storm', seed, block)]).toEqual([...places]);
      expect([...places].every((place) => place >= 0 && place < 20)).toBe(true);
    }),
  );
});

test('another seed, name or block puts the hits elsewhere', () => {
  const places = (name: string, seed: number, block: number) => [...sharePlaces(0.5, name, seed, block)].sort((a, b) => a - b).join();
  expect(new Set([places('a', 1, 0), places('b', 1, 0), places('a', 2, 0), places('a', 1, 1)]).size).toBe(4);
});

test('a chooser over many blocks keeps the share in each of them', () => {
  const chooser = createChooser({ share: 0.15 }, 'storm', 9);
  const hits = Array.from({ length: 200 }, () => chooser.choose());
  for (let block = 0; block < 10; block++) expect(hits.slice(block * 20, block * 20 + 20).filter(Boolean).length).toBe(3);
});

test('conditions hold together', () => {
  const chooser = createChooser({ everyNth: 2, first: 5 }, 'storm', 1);
  expect(Array.from({ length: 8 }, () => chooser.choose())).toEqual([false, true, false, true, false, false, false, false]);
});

test('a path pattern takes its other characters literally', () => {
  const chooser = createChooser({ path: '/a.b/*/c' }, 'storm', 1);
  expect(
    ['/a.b/x/c', '/a.b/x/y/c', '/aXb/x/c', '/a.b/c', '/a.b/x/c/d'].map((path) => chooser.matches(head(`GET ${path}?q=1 HTTP/1.1`))),
  ).toEqual([true, true, false, false, false]);
});

test('headers match by name without regard to case and by exact value', () => {
  const chooser = createChooser({ headers: { 'X-Kind': 'a' } }, 'storm', 1);
  expect(chooser.matches(head('GET / HTTP/1.1', 'x-kind: a'))).toBe(true);
  expect(chooser.matches(head('GET / HTTP/1.1', 'x-kind: A'))).toBe(false);
  expect(chooser.matches(head('GET / HTTP/1.1'))).toBe(false);
});
