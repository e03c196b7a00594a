import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { changedAttributes } from '../../../../harness/run/proxy/toxic.ts';
import { toxicKinds, type ToxicType } from '../../../../harness/run/proxy/toxics/index.ts';
import { advance, startToxic, stopTime } from './toxics-rig.ts';

// Thousands of turns of the event loop: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

const types = Object.keys(toxicKinds) as ToxicType[];

test('Toxiproxy’s own attributes are always all there, 0 by default; ours only where they were given', () => {
  const bare = Object.fromEntries(types.map((type) => [type, changedAttributes(toxicKinds[type], {}, {})]));
  expect(bare).toEqual({
    latency: { latency: 0, jitter: 0 },
    bandwidth: { rate: 0 },
    slow_close: { delay: 0 },
    timeout: { timeout: 0 },
    reset_peer: { timeout: 0 },
    slicer: { average_size: 0, size_variation: 0, delay: 0 },
    limit_data: { bytes: 0 },
    noop: {},
    limit_time: { time: 0 },
    corrupt: {},
    loss: {},
    mark: {},
  });
});

test.each<[ToxicType, Record<string, unknown>, RegExp]>([
  ['latency', { jitter: 2 ** 62 }, /^attribute jitter must be a whole number: current value is/],
  ['latency', { latency: -1 }, /^attribute latency must be at least 0: current value is -1/],
  ['latency', { latency: 1.5 }, /must be a whole number/],
  ['latency', { latency: '5' }, /must be a whole number/],
  ['latency', { distribution: 'zipf' }, /must be one of uniform, normal, lognormal, pareto/],
  ['latency', { shape: 0.5 }, /must be at least 1/],
  ['latency', { distribution: 'lognormal', jitter: 5 }, /latency must be at least 1/],
  ['bandwidth', { rate: -1 }, /must be at least 0/],
  ['bandwidth', { scope: 'all' }, /must be one of connection, proxy/],
  ['slicer', { average_size: 5, size_variation: 6 }, /size_variation must not exceed average_size/],
  ['slicer', { average_size: -5 }, /must be at least 0/],
  ['timeout', { timeout: 2 ** 53 }, /must be a whole number/],
  ['limit_data', { bytes: 2 ** 64 }, /must be a whole number/],
  ['limit_time', { reset: 2 }, /must be at most 1/],
  ['corrupt', { rate: 1e6 + 1 }, /must be at most 1000000/],
  ['loss', { loss: 100.1 }, /must be at most 100/],
  ['loss', { correlation: true }, /must be a number/],
  ['mark', { of: 'loss' }, /must be one of latency, bandwidth/],
  ['mark', { sign: 'never' }, /must be one of bytes, cut, end, break/],
])('%s refuses %j', (type, changes, problem) => {
  expect(changedAttributes(toxicKinds[type], {}, changes)).toMatch(problem);
});

/** Numbers at the edges of what JSON can say, and things that are none. */
const anyValue = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 62, 1e308, 5e-324, null, '', '1', true, [], {}),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom('uniform', 'normal', 'lognormal', 'pareto', 'connection', 'proxy'),
);

test.each(types)('%s: whatever is given is refused in words, or works without an error', async (type) => {
  const kind = toxicKinds[type];
  const names = Object.keys(kind.attributes);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...names, 'other'), anyValue), async (changes) => {
      const attributes = changedAttributes(kind, {}, changes);
      if (typeof attributes === 'string') {
        expect(attributes).toMatch(/must .*: current value is /);
        return;
      }
      expect(Object.keys(attributes)).not.toContain('other');
      const rig = startToxic(kind, attributes);
      for (let count = 0; count < 3; count++) rig.stage.chunk(Buffer.from('0123456789'));
      await advance(2, 1);
      rig.stage.update();
      rig.stage.chunk(Buffer.alloc(3000));
      await advance(2, 1);
      rig.stage.release();
      rig.stage.stop();
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 150 },
  );
});
