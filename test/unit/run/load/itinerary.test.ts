import { expect, test } from 'vitest';
import { itineraryFrom } from '../../../../harness/run/load/itinerary.ts';

test('arrivals and the sentinel’s questions come merged in order of time, each with its own ordinals', () => {
  const itinerary = itineraryFrom(
    { ordinals: Uint32Array.of(0, 2, 5, 6), intendedUs: Float64Array.of(0, 40, 100, 130), sentinelEveryUs: 50, totalUs: 150 },
    1000,
  );
  const seen: string[] = [];
  for (let due = itinerary.dueUs(); due !== null; due = itinerary.dueUs()) {
    const departure = itinerary.next();
    expect(departure?.intendedUs).toBe(due);
    seen.push(`${departure?.kind} ${departure?.ordinal} at ${departure?.place}: ${due}`);
  }
  expect(seen).toEqual([
    'arrival 0 at 0: 1000',
    'sentinel 0 at 0: 1000',
    'arrival 2 at 1: 1040',
    'sentinel 1 at 1: 1050',
    'arrival 5 at 2: 1100',
    'sentinel 2 at 2: 1100',
    'arrival 6 at 3: 1130',
  ]);
  expect(itinerary.next()).toBeNull();
});

test('without a sentinel of its own there are only arrivals', () => {
  const itinerary = itineraryFrom({ ordinals: Uint32Array.of(3), intendedUs: Float64Array.of(40), sentinelEveryUs: null, totalUs: 150 }, 0);
  expect(itinerary.next()).toEqual({ kind: 'arrival', ordinal: 3, place: 0, intendedUs: 40 });
  expect(itinerary.next()).toBeNull();
});
