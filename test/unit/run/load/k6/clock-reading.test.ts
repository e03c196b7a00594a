import { expect, test } from 'vitest';
import { monotonicUs } from '../../../../../harness/run/clock.ts';
import { readClock, shiftOf } from '../../../../../harness/run/load/k6/clock-reading.ts';

test('the same clock is no shift, another one is its offset', async () => {
  expect(shiftOf(await readClock(async () => monotonicUs()))).toBe(0);
  const reading = await readClock(async () => monotonicUs() + 5_000_000);
  expect(Math.abs(shiftOf(reading) - 5_000_000)).toBeLessThanOrEqual(reading.uncertaintyUs);
});

test('the shortest way there and back is believed', async () => {
  const reading = await readClock(async (id) => {
    const at = monotonicUs() + 1_000_000;
    const until = at - 1_000_000 + (id === 3 ? 0 : 2000);
    while (monotonicUs() < until);
    return at;
  });
  expect(reading.uncertaintyUs).toBeLessThan(1000);
  expect(shiftOf({ offsetUs: 300, uncertaintyUs: 300 })).toBe(0);
  expect(shiftOf({ offsetUs: -301, uncertaintyUs: 300 })).toBe(-301);
});
