// Goal: connections leave nothing behind, however they end: aborted downloads through toxics, limits, timeouts, refusals, resets, HTTP with
// rules. Memory is measured after a forced collection, as a slope over samples; a planted leak shows that it would be seen.
import { expect, test } from 'vitest';
import { LEAK_BYTES, leaks, slope } from '../../scripts/prove/proxy-leaks.ts';
import { ownEngine } from '../../scripts/prove/proxy-rig.ts';

test('five thousand connections leave no memory and no open file', async () => {
  const result = await leaks({ engine: ownEngine(), connections: 5000 });
  expect(result.filesAfter).toBeLessThanOrEqual(result.filesBefore);
  // A short run still sees caches fill; the full one of `npm run prove proxy-leaks` holds to LEAK_BYTES.
  expect(result.bytesPerConnection).toBeLessThan(4 * LEAK_BYTES);
});

test('a proxy that keeps its connections is found out', async () => {
  const result = await leaks({ engine: ownEngine(), connections: 2000, preload: ['./planted-leak.ts'] });
  expect(result.bytesPerConnection).toBeGreaterThan(4 * LEAK_BYTES);
});

test('the slope is that of the line', () => {
  expect(slope([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]))).toBeCloseTo(2);
});
