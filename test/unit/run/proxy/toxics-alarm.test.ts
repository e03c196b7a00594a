import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { monotonicUs } from '../../../../harness/run/clock.ts';
import { Alarm, CLOSE_ENOUGH_US } from '../../../../harness/run/proxy/toxics/alarm.ts';
import { lastStretch } from '../../../../harness/run/proxy/toxics/last-stretch.ts';
import { Ring } from '../../../../harness/run/proxy/toxics/ring.ts';
import { advance, stopTime } from './toxics-rig.ts';

/** How late alarms ring, in microseconds, least first. */
async function errorsUs(delaysUs: readonly number[], isExact = true): Promise<number[]> {
  const errors = await Promise.all(
    delaysUs.map(
      (delayUs) =>
        new Promise<number>((resolve) => {
          const atUs = monotonicUs() + delayUs;
          new Alarm(() => resolve(monotonicUs() - atUs), isExact).set(atUs);
        }),
    ),
  );
  return errors.toSorted((left, right) => left - right);
}

test('an exact alarm is closer than a millisecond timer in most cases, and none is early', async () => {
  const exact: number[] = [];
  const coarse: number[] = [];
  for (let round = 0; round < 40; round++) {
    exact.push(...(await errorsUs([5000 + round * 25])));
    coarse.push(...(await errorsUs([5000 + round * 25], false)));
  }
  // A busy machine delays both; the quarter that it delays least tells them apart.
  const quarter = (errors: number[]): number => errors.toSorted((left, right) => left - right)[10] ?? 0;
  expect(Math.min(...exact, ...coarse)).toBeGreaterThanOrEqual(-CLOSE_ENOUGH_US);
  expect(quarter(exact)).toBeLessThan(quarter(coarse));
});

test('a thousand at once all ring, and none is early', async () => {
  const errors = await errorsUs(Array.from({ length: 1000 }, (_, index) => 50_000 + index * 50));
  expect(errors.length).toBe(1000);
  expect(errors[0]).toBeGreaterThanOrEqual(-CLOSE_ENOUGH_US);
});

test('as much is watched as has been saved up, 100 ms at most, and an eighth of the time is saved', async () => {
  stopTime();
  try {
    let rung = 0;
    const take = (aheadMs: number): boolean =>
      lastStretch.take({ atUs: monotonicUs() + aheadMs * 1000, ring: () => void rung++ }, monotonicUs());
    // Whatever was spent before is saved up anew.
    expect(take(1e6)).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(take(101)).toBe(false);
    expect(take(80)).toBe(true);
    await advance(79, 0.02);
    expect(rung).toBe(0);
    await advance(1.1, 0.02);
    expect(rung).toBe(1);
    // 20 ms are left and 10 have come to them.
    expect(take(32)).toBe(false);
    expect(take(28)).toBe(true);
    await advance(28.1, 0.02);
    expect(rung).toBe(2);
    expect(take(8)).toBe(false);
    vi.advanceTimersByTime(40);
    expect(take(8)).toBe(true);
    await advance(8.1, 0.02);
    expect(rung).toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

test('an alarm that is cleared stays silent, in each of its ways to wait, and one that is set anew rings once', async () => {
  const rung: string[] = [];
  for (const delayUs of [-1, 500, 1500, 20_000]) {
    const cleared = new Alarm(() => rung.push('cleared'));
    cleared.set(monotonicUs() + delayUs);
    expect(cleared.isSet).toBe(true);
    cleared.clear();
    expect(cleared.isSet).toBe(false);
    const moved = new Alarm(() => rung.push('moved'));
    moved.set(monotonicUs() + delayUs);
    moved.set(monotonicUs() + 1000);
  }
  await errorsUs([40_000]);
  expect(rung).toEqual(Array(4).fill('moved'));
});

test('one alarm may clear another that is due in the same turn', async () => {
  const rung: number[] = [];
  const atUs = monotonicUs() + 800;
  const alarms: Alarm[] = [0, 1].map(
    (own) =>
      new Alarm(() => {
        rung.push(own);
        alarms[1 - own]?.clear();
      }),
  );
  for (const alarm of alarms) alarm.set(atUs);
  await errorsUs([5000]);
  expect(rung.length).toBe(1);
});

test('a moment that has passed rings in the next turn, not at once', async () => {
  let isRung = false;
  new Alarm(() => (isRung = true)).set(monotonicUs() - 1);
  expect(isRung).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isRung).toBe(true);
});

test('a ring is a queue with two ends', () => {
  const operation = fc.constantFrom('push', 'push', 'push', 'unshift', 'shift', 'shift', 'clear');
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      for (const [index, kind] of operations.entries()) {
        if (kind === 'clear') {
          if (index % 5 > 0) continue;
          ring.clear();
          model.length = 0;
        } else if (kind === 'shift') {
          expect(ring.shift()).toBe(model.shift());
        } else {
          ring[kind](index);
          model[kind](index);
        }
        expect([ring.length, ring.first, [...ring]]).toEqual([model.length, model[0], model]);
      }
    }),
  );
});
