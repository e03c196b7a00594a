import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpTarget } from '../../../../harness/run/proxy/contract.ts';
import { parseRequestHead } from '../../../../harness/run/proxy/http/head.ts';
import { createChooser, createMatcher, glob, lazyFields, sharePlaces } from '../../../../harness/run/proxy/http/target.ts';

function matches(target: HttpTarget, line: string, ...headers: string[]): boolean {
  const head = parseRequestHead(Buffer.from([line, ...headers].join('\r\n')));
  if (head === null) throw new Error(`not a request head: ${line}`);
  return createMatcher(target)(head, lazyFields(head));
}

/** Hits as `x`, spared ones as `.`. */
function choices(target: HttpTarget, count: number, seed = 1): string {
  const choose = createChooser(target, 'storm', seed);
  return Array.from({ length: count }, () => (choose() ? 'x' : '.')).join('');
}

describe('which exchanges match', () => {
  test('a path pattern takes its other characters literally', () => {
    expect(
      ['/a.b/x/c', '/a.b/x/y/c', '/aXb/x/c', '/a.b/c', '/a.b/x/c/d'].map((path) =>
        matches({ path: '/a.b/*/c' }, `GET ${path}?q=1 HTTP/1.1`),
      ),
    ).toEqual([true, true, false, false, false]);
  });

  test('a pattern means what the same regular expression means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 });
    fc.assert(
      fc.property(patterns, letters, (pattern, text) => {
        expect(glob(pattern)(text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('a pattern of many stars takes linear time where a regular expression would not end', () => {
    expect(glob('*a'.repeat(40))(`${'a'.repeat(8000)}b`)).toBe(false);
  });

  test('headers match by name without regard to case and by value, with * for any text', () => {
    expect(matches({ headers: { 'X-Kind': 'a' } }, 'GET / HTTP/1.1', 'x-kind: a')).toBe(true);
    expect(matches({ headers: { 'X-Kind': 'a' } }, 'GET / HTTP/1.1', 'x-kind: A')).toBe(false);
    expect(matches({ headers: { 'X-Kind': 'a' } }, 'GET / HTTP/1.1')).toBe(false);
    expect(matches({ headers: { authorization: 'Bearer *' } }, 'GET / HTTP/1.1', 'Authorization: Bearer xyz')).toBe(true);
    expect(matches({ headers: { authorization: '*' } }, 'GET / HTTP/1.1')).toBe(false);
    expect(matches({ headers: { accept: 'a, b' } }, 'GET / HTTP/1.1', 'accept: a', 'Accept: b')).toBe(true);
    expect(matches({ headers: { a: '1', b: '2' } }, 'GET / HTTP/1.1', 'a: 1', 'b: 3')).toBe(false);
  });

  test('method and trace id match without regard to case', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const header = `traceparent: 00-${traceId}-b7ad6b7169203331-01`;
    expect(matches({ method: 'post' }, 'POST / HTTP/1.1')).toBe(true);
    expect(matches({ method: 'post' }, 'GET / HTTP/1.1')).toBe(false);
    expect(matches({ traceId: traceId.toUpperCase() }, 'GET / HTTP/1.1', header)).toBe(true);
    expect(matches({ traceId: 'f'.repeat(32) }, 'GET / HTTP/1.1', header)).toBe(false);
    expect(matches({ traceId }, 'GET / HTTP/1.1')).toBe(false);
  });
});

describe('which of the matching exchanges are hit', () => {
  test.each([
    [{}, 'xxxxxxxx'],
    [{ after: 3 }, '...xxxxx'],
    [{ first: 3 }, 'xxx.....'],
    [{ everyNth: 3 }, '..x..x..'],
    [{ pattern: 'xx.' }, 'xx.xx.xx'],
    [{ next: 2 }, 'xx......'],
    // Each numbers what the one before let through.
    [{ after: 2, first: 3 }, '..xxx...'],
    [{ after: 1, everyNth: 2 }, '..x.x.x.'],
    [{ everyNth: 2, first: 5 }, '.x.x....'],
    [{ everyNth: 2, pattern: 'x.' }, '.x...x..'],
    [{ pattern: '.x', next: 2 }, '.x.x....'],
    [{ after: 1, first: 6, everyNth: 2, pattern: 'x.x', next: 1 }, '..x.....'],
    [{ share: 0 }, '........'],
    [{ share: 1, next: 1 }, 'x.......'],
  ] satisfies [HttpTarget, string][])('%o hits %s', (target, expected) => {
    expect(choices(target, 8)).toBe(expected);
  });

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

  test('the share is exact in each block of what the other conditions let through', () => {
    const target = fc.record(
      {
        after: fc.nat(30),
        everyNth: fc.integer({ min: 1, max: 4 }),
        pattern: fc.stringMatching(/^[x.]{0,4}x[x.]{0,4}$/),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(target, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), (others, share, seed) => {
        const without = choices(others, 400, seed);
        const hits = choices({ ...others, share }, 400, seed)
          .split('')
          .filter((_, index) => without[index] === 'x');
        for (let from = 0; from + 20 <= hits.length; from += 20)
          expect(hits.slice(from, from + 20).filter((hit) => hit === 'x').length).toBe(Math.round(20 * share));
      }),
    );
  });

  test('a budget is never exceeded, and used up where the other conditions leave enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0.05, max: 1, noNaN: true }), fc.nat(5), (next, share, after) => {
        const unlimited = choices({ share, after }, 200);
        const limited = choices({ share, after, next }, 200);
        const hits = (text: string): number => text.split('x').length - 1;
        expect(hits(limited)).toBe(Math.min(next, hits(unlimited)));
        expect(unlimited.startsWith(limited.slice(0, limited.lastIndexOf('x') + 1))).toBe(true);
      }),
    );
  });
});
