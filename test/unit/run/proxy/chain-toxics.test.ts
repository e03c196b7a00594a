import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isForToxiproxy, markNames, marksOf, problemOnToxiproxy } from '../../../../harness/run/proxy/chain-toxics.ts';
import { faultOfToxic, type ToxicSpec } from '../../../../harness/run/proxy/contract.ts';
import { attributeProblem, changedAttributes } from '../../../../harness/run/proxy/toxic.ts';
import { toxicKinds, toxicKind } from '../../../../harness/run/proxy/toxics/index.ts';

function toxic(type: string, attributes: ToxicSpec['attributes'] = {}, more: Partial<ToxicSpec> = {}): ToxicSpec {
  return { name: 'storm', type, stream: 'downstream', attributes, ...more };
}

test.each<[string, ToxicSpec['attributes'], RegExp]>([
  ['bandwidth', { rate: -1 }, /^'rate' must be a whole number from 0 to .*: current value is -1$/],
  ['slicer', {}, /^'average_size' must be a whole number from 1 to .*: current value is undefined$/],
  ['slicer', { average_size: 0 }, /'average_size'.*: current value is 0$/],
  ['slicer', { average_size: 5, size_variation: 5 }, /^'size_variation' must be less than 'average_size' \(5\): current value is 5$/],
  ['latency', { jitter: 2 ** 62 }, /'jitter'/],
  ['latency', { latency: 1.5 }, /'latency'/],
  ['latency', { latency: '5' }, /'latency'/],
  ['latency', { distribution: 'pareto' }, /^'distribution' must be an attribute of latency \(latency, jitter\)/],
  ['limit_time', { time: 1 }, /^'type' must be one of latency, bandwidth/],
  ['constructor', {}, /^'type' must be one of/],
])('%s %j never reaches a Toxiproxy', (type, attributes, problem) => {
  expect(problemOnToxiproxy(toxic(type, attributes))).toMatch(problem);
  expect(isForToxiproxy(toxic(type, attributes))).toBe(false);
});

test('a name that could never be addressed, and a share that is none, are refused', () => {
  expect(problemOnToxiproxy(toxic('noop', {}, { name: 'a/b' }))).toMatch(/^'name'/);
  expect(problemOnToxiproxy(toxic('noop', {}, { toxicity: 7 }))).toMatch(/^'toxicity'/);
});

test('what Toxiproxy cannot do as well is the relay’s: its own toxics, shares, long waits before a reset', () => {
  expect(isForToxiproxy(toxic('latency', { latency: 5, jitter: 5 }))).toBe(true);
  expect(isForToxiproxy(toxic('reset_peer', { timeout: 500 }))).toBe(true);
  expect(isForToxiproxy(toxic('reset_peer', { timeout: 501 }))).toBe(false);
  expect(isForToxiproxy(toxic('latency', { latency: 5 }, { toxicity: 0.5 }))).toBe(false);
  expect(isForToxiproxy(toxic('bandwidth', { rate: 5, scope: 'proxy' }))).toBe(false);
  for (const type of ['loss', 'corrupt', 'limit_time', 'mark']) expect(isForToxiproxy(toxic(type))).toBe(false);
});

test('no numbers that pass are any that the real server is known to die of', () => {
  const number = fc.oneof(fc.integer({ min: -3, max: 20 }), fc.maxSafeInteger(), fc.constantFrom(2 ** 62, 1e308, 0.5));
  const attributes = fc.record({ average_size: number, size_variation: number, delay: number }, { requiredKeys: [] });
  fc.assert(
    fc.property(attributes, (given) => {
      if (problemOnToxiproxy(toxic('slicer', given)) !== undefined) return;
      const { average_size: size = 0, size_variation: variation = 0 } = given;
      expect(size >= 1 && variation < size && variation >= 0).toBe(true);
    }),
  );
});

test.each<[string, ToxicSpec['attributes'], Readonly<Record<'upstream' | 'downstream', Readonly<Record<string, string>>>>]>([
  ['latency', {}, { upstream: { upstream: 'bytes' }, downstream: { upstream: 'bytes', downstream: 'bytes' } }],
  ['timeout', {}, { upstream: { upstream: 'cut' }, downstream: { upstream: 'bytes', downstream: 'cut' } }],
  ['slow_close', {}, { upstream: { upstream: 'end' }, downstream: { downstream: 'end' } }],
  ['reset_peer', {}, { upstream: { upstream: 'bytes' }, downstream: { downstream: 'break' } }],
  ['limit_data', { bytes: 9 }, { upstream: { upstream: 'bytes after 9' }, downstream: { downstream: 'bytes after 9' } }],
  ['limit_data', {}, { upstream: { upstream: 'break' }, downstream: { downstream: 'break' } }],
  ['noop', {}, { upstream: {}, downstream: {} }],
])('a %s %j shows on the relay by %j', (type, attributes, expected) => {
  for (const stream of ['upstream', 'downstream'] as const) {
    const marks = marksOf(toxic(type, attributes, { stream }));
    const said = marks.map(({ stream: at, attributes: { sign, after } }) => [at, `${sign}${after === undefined ? '' : ` after ${after}`}`]);
    expect(Object.fromEntries(said)).toEqual(expected[stream]);
  }
});

test('every mark is one that the relay takes, belongs to the fault, and is among those that a withdrawal removes', () => {
  for (const name of ['storm', 'storm#up']) {
    for (const type of Object.keys(toxicKinds)) {
      for (const { name: markName, type: markType, attributes } of marksOf(toxic(type, {}, { name }))) {
        expect([faultOfToxic(markName), markNames(name)]).toEqual(['storm', expect.arrayContaining([markName])]);
        const kind = toxicKind(markType);
        expect(kind && changedAttributes(kind, {}, attributes)).toEqual(attributes);
      }
    }
  }
});

test('what a Toxiproxy is given, our own proxy takes as well', () => {
  const given = Object.entries(toxicKinds).flatMap(([type, kind]) =>
    Object.entries(kind.attributes).map(([attribute, rule]) => ({
      isGiven: problemOnToxiproxy(toxic(type, { ...(type === 'slicer' ? { average_size: 5 } : {}), [attribute]: 4 })) === undefined,
      problem: attributeProblem(rule, attribute, 4),
    })),
  );
  expect(given.filter(({ isGiven, problem }) => isGiven && problem !== undefined)).toEqual([]);
  expect(given.filter(({ isGiven }) => isGiven)).toHaveLength(10);
});
