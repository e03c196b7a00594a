import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corrupt } from '../../../../harness/run/proxy/toxics/corrupt.ts';
import { startToxic, stream } from './toxics-rig.ts';

/** What comes of a stream that is cut at the given places. */
function corrupted(data: Buffer, rate: number, seed: number, cuts: readonly number[] = []): Buffer {
  const rig = startToxic(corrupt, { rate }, { seed });
  let from = 0;
  for (const to of [...cuts.toSorted((left, right) => left - right), data.length]) {
    if (to > from) rig.stage.chunk(data.subarray(from, to));
    from = Math.max(from, to);
  }
  rig.stage.end();
  expect(rig.endedAtMs).not.toBeNull();
  return rig.bytes();
}

/** Places where two streams differ, each with the bits that do. */
const differences = (left: Buffer, right: Buffer): [number, number][] =>
  [...left].flatMap((byte, at): [number, number][] => (byte === right[at] ? [] : [[at, byte ^ (right[at] ?? 0)]]));

test('the same seed hits the same places, however the bytes were cut into chunks', () => {
  const data = stream(4000);
  fc.assert(
    fc.property(
      fc.array(fc.nat(4000), { maxLength: 60 }),
      fc.integer(),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (cuts, seed, rate) => {
        expect(corrupted(data, rate, seed, cuts).equals(corrupted(data, rate, seed))).toBe(true);
      },
    ),
  );
});

test('each hit changes exactly one bit, as many as the rate says, and another seed hits others', () => {
  const data = stream(1_000_000);
  const before = Buffer.from(data);
  const hits = [1, 2].map((seed) => differences(data, corrupted(data, 1000, seed)));
  for (const list of hits) {
    // Poisson: five standard deviations around the mean.
    expect(Math.abs(list.length - 1000)).toBeLessThan(5 * Math.sqrt(1000));
    expect(list.every(([, bits]) => Math.log2(bits) % 1 === 0)).toBe(true);
    expect(new Set(list.map(([, bits]) => bits)).size).toBe(8);
  }
  expect(hits[0]).not.toEqual(hits[1]);
  expect(data.equals(before)).toBe(true);
});

test('a rate of 0 changes nothing and touches nothing, the highest changes every byte', () => {
  const data = stream(5000);
  expect(corrupted(data, 0, 1).equals(data)).toBe(true);
  expect(differences(data, corrupted(data, 1_000_000, 1)).length).toBe(5000);
  const rig = startToxic(corrupt, {});
  rig.stage.chunk(data);
  expect([rig.touches, rig.chunks[0]?.data]).toEqual([0, data]);
});

test('another rate takes effect with the next byte, the same one changes nothing', () => {
  const rig = startToxic(corrupt, { rate: 0 });
  rig.stage.chunk(stream(100));
  rig.attributes['rate'] = 1_000_000;
  rig.stage.update();
  rig.stage.chunk(stream(100));
  expect(differences(Buffer.concat([stream(100), stream(100)]), rig.bytes()).map(([at]) => at)).toEqual(
    Array.from({ length: 100 }, (_, index) => 100 + index),
  );
  const places = (isUpdated: boolean): Buffer => {
    const own = startToxic(corrupt, { rate: 10_000 });
    own.stage.chunk(stream(500));
    if (isUpdated) own.stage.update();
    own.stage.chunk(stream(5000));
    return own.bytes();
  };
  expect(places(true).equals(places(false))).toBe(true);
});
