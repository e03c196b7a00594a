import { expect, test } from 'vitest';
import { itineraryFrom } from '../../../../harness/run/load/itinerary.ts';

test('arrivals and the sentinel’s questions come merged in order of time, each with its own ordinals', () => {
  const itinerary = itineraryFrom({ intendedUs: Float64Array.of(0, 40, 100, 130), sentinelEveryUs: 50, totalUs: 150 }, 1000);
  const seen: string[] = [];
  for (let due = itinerary.dueUs(); due !== null; due = itinerary.dueUs()) {
    const departure = itinerary.next();
    expect(departure?.intendedUs).toBe(due);
    seen.push(`${departure?.kind} ${departure?.ordinal} ${due}`);
  }
  expect(seen).toEqual([
    'arrival 0 1000',
    'sentinel 0 1000',
    'arrival 1 1040',
    'sentinel 1 1050',
    'arrival 2 1100',
    'sentinel 2 1100',
    'arrival 3 1130',
  ]);
  expect(itinerary.next()).toBeNull();
});
