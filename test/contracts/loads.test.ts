import { describe, expect, test } from 'vitest';
import type { Arrivals } from '../../harness/model/load.ts';
import { POWERS } from '../../harness/model/plan.ts';
import { shapeProblems } from '../../harness/model/shape.ts';
import { arrivalKinds, scheduleArrivals } from '../../harness/plan/schedule.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { constant, get, openLoad, poisson, ramp, spike } from '../../harness/scenario/load.ts';
import { loadSuite } from './load-suite.ts';

const TIMEOUT_MS = 60_000;

const noNames = { service: [], edge: [], breaker: [], fault: [], request: [] };

/** What each kind's constructor makes; a kind without one here does not compile. */
const constructed: { readonly [K in Arrivals['kind']]: Arrivals } = {
  constant: constant(20),
  poisson: poisson(20),
  ramp: ramp({ from: 0, to: 40 }),
  spike: spike({ base: 10, peak: 40, from: '1s', for: '2s' }),
};

const rows = Object.entries<LoadDriver>(loadDrivers).map(([name, driver]) => ({ name, driver }));

test('there are rows to hold to the contract', () => {
  expect(Object.keys(loadDrivers).length).toBeGreaterThan(0);
  expect(Object.keys(arrivalKinds).toSorted()).toEqual(Object.keys(constructed).toSorted());
});

describe.each(rows)('the load driver $name', ({ name, driver }) => {
  test('stands under its own kind, says what it is, and needs only powers that exist', () => {
    expect(driver.kind).toBe(name);
    expect(driver.describe()).not.toBe('');
    expect(driver.accepts.length).toBeGreaterThan(0);
    for (const power of driver.needs) expect(POWERS).toContain(power);
  });
});

// Those that need a program of their own are in test/integration/load-drivers.test.ts.
describe.each(rows.filter(({ driver }) => driver.check === undefined))('the load driver $name at work', ({ driver }) => {
  loadSuite(driver, TIMEOUT_MS);
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
