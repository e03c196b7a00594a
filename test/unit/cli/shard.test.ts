// Goal: the shards of a suite are together all of it, none of it twice, and about equally long.
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { partOf, readShard } from '../../../harness/cli/shard.ts';
import type { Problem } from '../../../harness/model/problem.ts';

it('shards part everything, in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60_000 })), fc.integer({ min: 1, max: 12 }), (lengths, count) => {
      const items = lengths.map((lengthMs, index) => ({ index, lengthMs }));
      const parts = Array.from({ length: count }, (_, place) => partOf(items, ({ lengthMs }) => lengthMs, { place: place + 1, count }));
      expect(
        parts
          .flat()
          .map(({ index }) => index)
          .sort((a, b) => a - b),
      ).toEqual(items.map(({ index }) => index));
      for (const part of parts) expect(part.map(({ index }) => index)).toEqual(part.map(({ index }) => index).sort((a, b) => a - b));
      // Longest first leaves no two parts further apart than the longest item.
      const sums = parts.map((part) => part.reduce((sum, { lengthMs }) => sum + lengthMs, 0));
      expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(Math.max(0, ...lengths));
    }),
  );
});

test.each(['0/3', '4/3', '1', '1/0', '-1/3', 'a/b', '1/3/5', '1/9999', ''])('%j is no shard', (text) => {
  const problems: Problem[] = [];
  expect(readShard(text, problems)).toBeNull();
  expect(problems).toMatchObject([{ path: '--shard' }]);
});

it('reads what is one, and nothing where nothing was asked', () => {
  const problems: Problem[] = [];
  expect([readShard('2/3', problems), readShard(undefined, problems)]).toEqual([{ place: 2, count: 3 }, null]);
  expect(problems).toEqual([]);
});
