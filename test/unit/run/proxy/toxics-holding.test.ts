// Goal: the memory that toxics hold together is bounded however many connections they hit, is shared out fairly, and is all given back.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bandwidth } from '../../../../harness/run/proxy/toxics/bandwidth.ts';
import { latency } from '../../../../harness/run/proxy/toxics/latency.ts';
import { resetPeer } from '../../../../harness/run/proxy/toxics/reset-peer.ts';
import { advance, startToxic, stopTime, type Rig } from './toxics-rig.ts';

const MIB = 1024 * 1024;
const TOGETHER_BYTES = 128 * MIB;
/** All of it is the same memory: what counts is that it is held. */
const CHUNK = Buffer.alloc(64 * 1024);

beforeEach(stopTime);
afterEach(() => void vi.useRealTimers());

/** Sends by turns to whoever takes more, until nobody does; what each has taken then, in bytes. */
function fill(rigs: readonly Rig[]): number[] {
  const taken = rigs.map(() => 0);
  for (let isTaken = true; isTaken;) {
    isTaken = false;
    for (const [index, { stage }] of rigs.entries()) {
      if (stage.full()) continue;
      stage.chunk(CHUNK);
      taken[index] = (taken[index] ?? 0) + CHUNK.length;
      isTaken = true;
    }
  }
  return taken;
}

const late = (): Rig => startToxic(latency, { latency: 60_000 });
const many = (count: number, start = late): Rig[] => Array.from({ length: count }, start);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const stopAll = (rigs: readonly Rig[]): void => rigs.forEach(({ stage }) => stage.stop());

test.each([
  [1, 32],
  [3, 32],
  [4, 25],
  [40, 3],
])('%i connections hold at least %i MiB each, and 128 together', (count, leastMib) => {
  const rigs = many(count);
  const taken = fill(rigs);
  stopAll(rigs);
  expect(Math.min(...taken)).toBeGreaterThanOrEqual(leastMib * MIB);
  expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(CHUNK.length);
  expect(sum(taken)).toBeLessThanOrEqual(TOGETHER_BYTES);
});

test('when others hold all, one more still takes 64 KiB', () => {
  const rigs = many(3000);
  const taken = fill(rigs);
  stopAll(rigs);
  expect(Math.min(...taken)).toBe(CHUNK.length);
});

test('however queues end, what they held is free for others', () => {
  const startEach = (): Rig[] => [
    ...many(20),
    ...many(20, () => startToxic(bandwidth, { rate: 0 })),
    ...many(20, () => startToxic(bandwidth, { rate: 100_000 })),
    ...many(20, () => startToxic(resetPeer, { timeout: 1000 })),
  ];
  for (let round = 0; round < 10; round++) {
    const rigs = startEach();
    fill(rigs);
    for (const { stage } of rigs) stage.update();
    for (const [index, { stage }] of rigs.entries()) {
      if (index % 2 === 0) {
        stage.release();
      } else {
        stage.stop();
        // Whoever is passing something on just now does not know yet.
        stage.chunk(CHUNK);
      }
    }
  }
  const alone = many(3);
  expect(fill(alone)).toEqual([32 * MIB, 32 * MIB, 32 * MIB]);
  stopAll(alone);
});

test('a sender that waits because of others is told once its own queue has moved, and only then', async () => {
  const others = many(40);
  const rig = startToxic(latency, { latency: 20 });
  fill([...others, rig]);
  expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
  stopAll(others);
  expect([rig.stage.full(), rig.flows]).toEqual([true, 1]);
  await advance(21);
  expect([rig.stage.full(), rig.flows]).toEqual([false, 2]);
  // Others that take what is left do not make it wait without its being told.
  const more = many(40);
  rig.stage.chunk(CHUNK);
  fill(more);
  expect([rig.stage.full(), rig.flows]).toEqual([false, 2]);
  stopAll([rig, ...more]);
});
