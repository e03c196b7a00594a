/** Goal: the scanner agrees with `JSON.parse` on what is JSON, and knows where a list's entries begin. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanJson } from '../../../harness/cli/json-scan.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('what JSON.parse takes, and nothing else', () => {
  const mutated = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '{', '[', '"', ':', '0', ' ', 'x', '\n', '\\'));
  fc.assert(
    fc.property(mutated, ([text, at, piece]) => {
      const place = at % (text.length + 1);
      for (const each of [text, text.slice(0, place) + piece + text.slice(place), text.slice(0, place) + piece + text.slice(place + 1)])
        expect(scanJson(each).errorAt === undefined, each).toBe(parses(each));
    }),
    { numRuns: 1000 },
  );
});

test('entries begin where they stand', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom(undefined, 1, 4), (list, indent) => {
      const text = JSON.stringify(list, null, indent);
      const { entries } = scanJson(text);
      expect(entries.map((at) => text.slice(at, at + 1))).toEqual(list.map((entry) => JSON.stringify(entry)?.charAt(0)));
    }),
  );
  expect(scanJson('{"a": [1, 2]}').entries).toEqual([]);
  expect(scanJson('[{"a": [1]}, [2], 3]').entries).toEqual([1, 13, 18]);
});
