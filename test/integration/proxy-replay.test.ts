// Goal: a run can be replayed. The same seed and the same serial traffic hit the same connections and calls with the same jitter, another seed
// others; and a share is exact in each block of 20 however many callers there are at once. More seeds in `npm run prove proxy-replay`.
import { expect, test } from 'vitest';
import { concurrentBlocks, correlation, EXACT_HITS, traces } from '../../scripts/prove/proxy-replay.ts';

test('the same seed replays dice, share and jitter; another seed does not', async () => {
  const [first, second, other] = [await traces(7), await traces(7), await traces(8)];
  expect(second.dice).toBe(first.dice);
  expect(second.share).toBe(first.share);
  expect(other.dice).not.toBe(first.dice);
  expect(other.share).not.toBe(first.share);
  expect(first.dice).toMatch(/^[.x]{40}$/);
  expect(new Set(first.dice).size).toBe(2);
  expect(first.share.match(/.{20}/g)?.map((block) => block.replaceAll('.', '').length)).toEqual([6, 6, 6]);
  // A busy machine adds delays of its own; what was drawn shows through them.
  expect(correlation(first.jitterMs, second.jitterMs)).toBeGreaterThan(0.8);
  expect(correlation(first.jitterMs, other.jitterMs)).toBeLessThan(0.8);
});

test('a share is exact in each block of 20 under concurrency', async () => {
  const { hits } = await concurrentBlocks(16, 25);
  expect(hits).toEqual(Array.from({ length: 20 }, () => EXACT_HITS));
});

test('a correlation tells a sequence from another', () => {
  expect(correlation([1, 5, 2, 8], [2, 10, 4, 16])).toBeCloseTo(1);
  expect(correlation([1, 5, 2, 8], [8, 2, 5, 1])).toBeLessThan(0);
});
