import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom, shuffledIndices } from '../../../harness/model/random.ts';
import { formatMs, milliseconds, type Duration } from '../../../harness/model/time.ts';

describe('durations', () => {
  it('reads numbers as milliseconds and texts by their unit', () => {
    expect([milliseconds(250, 'x'), milliseconds('250ms', 'x'), milliseconds('1.5s', 'x'), milliseconds('2m', 'x')]).toEqual([
      250, 250, 1500, 120_000,
    ]);
  });

  it('refuses what is no length, naming the field', () => {
    expect(() => milliseconds('2 hours' as Duration, 'from')).toThrow(/'from' must be milliseconds or a text.*"2 hours"/);
    expect(() => milliseconds(-1, 'for')).toThrow(/'for' must be 0 or more/);
    expect(() => milliseconds('-2s', 'for')).toThrow(RangeError);
    expect(() => milliseconds(Number.NaN, 'for')).toThrow(RangeError);
  });

  it('writes lengths at a readable precision', () => {
    expect([0.4249, 250, 2500, 9790, 180_000].map(formatMs)).toEqual(['0.42 ms', '250 ms', '2.5 s', '9.79 s', '3 min']);
  });
});

describe('seeded randomness', () => {
  it('replays with its seed and label, and differs without', () => {
    const draw = (seed: number, label: string): number[] => Array.from({ length: 5 }, seededRandom(seed, label));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        expect(draw(seed, 'load')).toEqual(draw(seed, 'load'));
        expect(draw(seed, 'load')).not.toEqual(draw(seed, 'fault'));
        expect(draw(seed, 'load')).not.toEqual(draw((seed + 1) >>> 0, 'load'));
      }),
    );
  });

  it('is even enough to decide by', () => {
    const random = seededRandom(1, 'even');
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) tenths[Math.floor(random() * 10)]! += 1;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('shuffles into a permutation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer(), (length, seed) => {
        const indices = shuffledIndices(length, seededRandom(seed, 's'));
        expect(indices.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, index) => index));
      }),
    );
  });
});
