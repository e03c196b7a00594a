import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../../../../harness/model/random.ts';
import { pieceBytes, slicer } from '../../../../harness/run/proxy/toxics/slicer.ts';
import { advance, startToxic, stopTime, stream } from './toxics-rig.ts';

beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

test('pieces add up to the chunk, are within size ± variation but for the last, and are never empty', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(300),
      fc.integer(),
      (length, size, wish, seed) => {
        const variation = Math.min(wish, size);
        const random = seededRandom(seed, 'slices');
        const sizes: number[] = [];
        for (let left = length; left > 0; left -= sizes.at(-1) ?? 0) sizes.push(pieceBytes(left, size, variation, random));
        expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBe(length);
        expect(sizes.every((bytes) => bytes >= 1 && bytes <= size + variation)).toBe(true);
        expect(sizes.slice(0, -1).every((bytes) => bytes >= Math.max(1, size - variation))).toBe(true);
      },
    ),
  );
});

test('each piece is followed by a pause, the end too', async () => {
  const rig = startToxic(slicer, { average_size: 100, size_variation: 0, delay: 10_000 });
  const sent = stream(350);
  rig.stage.chunk(sent);
  rig.stage.end();
  await advance(41);
  expect(rig.chunks.map(({ data, atMs }) => [data.length, Math.round(atMs)])).toEqual([
    [100, 0],
    [100, 10],
    [100, 20],
    [50, 30],
  ]);
  expect(Math.round(rig.endedAtMs ?? 0)).toBe(40);
  expect(rig.bytes().equals(sent)).toBe(true);
});

test('an end that comes during a pause waits for its end, and so does the next chunk', async () => {
  for (const isEnd of [true, false]) {
    const rig = startToxic(slicer, { average_size: 100, size_variation: 0, delay: 20_000 });
    rig.stage.chunk(stream(10));
    await advance(5);
    if (isEnd) rig.stage.end();
    else rig.stage.chunk(stream(10));
    await advance(16);
    expect(Math.round((isEnd ? rig.endedAtMs : rig.chunks[1]?.atMs) ?? 0)).toBe(20);
  }
});

test('without sizes nothing is cut, and without a pause nothing waits but for other connections', async () => {
  const whole = startToxic(slicer, { average_size: 0, size_variation: 0, delay: 0 });
  whole.stage.chunk(stream(100_000));
  expect(whole.chunks.map(({ data }) => data.length)).toEqual([100_000]);
  expect(whole.touches).toBe(0);
  const sent = stream(1000);
  const sliced = startToxic(slicer, { average_size: 1, size_variation: 0, delay: 0 });
  sliced.stage.chunk(sent);
  sliced.stage.end();
  expect(sliced.chunks.length).toBe(64);
  await advance(10);
  expect(sliced.bytes().equals(sent)).toBe(true);
  expect(sliced.chunks.length).toBe(1000);
  expect(sliced.endedAtMs).not.toBeNull();
});

test('an update lets the rest of the chunk go whole and cuts the next one by the new size', async () => {
  const rig = startToxic(slicer, { average_size: 10, size_variation: 0, delay: 1_000_000 });
  rig.stage.chunk(stream(100));
  rig.stage.chunk(stream(100));
  rig.attributes['average_size'] = 50;
  rig.stage.update();
  expect(rig.chunks.map(({ data }) => data.length)).toEqual([10, 90, 50]);
  rig.stage.release();
  expect(rig.chunks.map(({ data }) => data.length)).toEqual([10, 90, 50, 50]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a pause of any length can be withdrawn', () => {
  const rig = startToxic(slicer, { average_size: 1, size_variation: 1, delay: Number.MAX_SAFE_INTEGER });
  const sent = stream(30_000);
  rig.stage.chunk(sent);
  rig.stage.end();
  expect(rig.endedAtMs).toBeNull();
  rig.stage.release();
  expect(rig.bytes().equals(sent)).toBe(true);
  expect(rig.endedAtMs).toBe(0);
});

test('it is full at 64 KiB', () => {
  const rig = startToxic(slicer, { average_size: 1, size_variation: 0, delay: 1000 });
  rig.stage.chunk(Buffer.alloc(65_536));
  expect([rig.stage.full(), rig.flows]).toEqual([false, 0]);
  rig.stage.chunk(Buffer.alloc(1));
  expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
});
