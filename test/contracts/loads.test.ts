import { describe, expect, test } from 'vitest';
import type { Arrivals } from '../../harness/model/load.ts';
import { POWERS } from '../../harness/model/plan.ts';
import { shapeProblems } from '../../harness/model/shape.ts';
import { arrivalKinds, scheduleArrivals } from '../../harness/plan/schedule.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { constant, get, openLoad, poisson, ramp, spike } from '../../harness/scenario/load.ts';

const noNames = { service: [], edge: [], breaker: [], fault: [], request: [] };

/** What each kind's constructor makes; a kind without one here does not compile. */
const constructed: { readonly [K in Arrivals['kind']]: Arrivals } = {
  constant: constant(20),
  poisson: poisson(20),
  ramp: ramp({ from: 0, to: 40 }),
  spike: spike({ base: 10, peak: 40, from: '1s', for: '2s' }),
};

test('there are rows to hold to the contract', () => {
  expect(Object.keys(loadDrivers).length).toBeGreaterThan(0);
  expect(Object.keys(arrivalKinds).toSorted()).toEqual(Object.keys(constructed).toSorted());
});

describe.each(Object.entries(loadDrivers))('the load driver %s', (name, driver) => {
  test('stands under its own kind and needs only powers that exist', () => {
    expect(driver.kind).toBe(name);
    for (const power of driver.needs) expect(POWERS).toContain(power);
  });
});

describe.each(Object.entries(arrivalKinds))('the arrivals %s', (name, row) => {
  const arrivals = constructed[name as Arrivals['kind']];

  test('stand under their own kind, and the schema takes what the constructor makes', () => {
    expect(row.kind).toBe(name);
    expect(arrivals.kind).toBe(name);
    expect(shapeProblems(JSON.parse(JSON.stringify(arrivals)), row.schema, noNames, 'arrivals', ['kind'])).toEqual([]);
  });

  test('every field is checked: left out, of another type, negative', () => {
    for (const field of Object.keys(row.schema)) {
      for (const value of [undefined, 'fast', -1, Number.NaN]) {
        const problems = shapeProblems({ ...arrivals, [field]: value }, row.schema, noNames, 'arrivals', ['kind']);
        expect(problems.map(({ path }) => path)).toEqual([`arrivals.${field}`]);
      }
    }
  });

  test('give a schedule', () => {
    const load = openLoad({ arrivals, requests: [get('r', '/')] });
    const { intendedUs } = scheduleArrivals(load, { totalUs: 5_000_000, faultStartUs: 1_000_000, seed: 1 });
    expect(intendedUs.length).toBeGreaterThan(20);
  });
});
