// Goal: every arrival has exactly one driver, and exactly one driver asks the sentinel.
import { expect, test } from 'vitest';
import type { Plan } from '../../../../harness/model/plan.ts';
import { partsOf } from '../../../../harness/run/load/company.ts';
import type { LoadDriver } from '../../../../harness/run/load/contract.ts';
import { recordingOf } from '../../../recordings.ts';

const named = (kind: string): LoadDriver => ({
  kind,
  needs: [],
  schema: {},
  accepts: ['open'],
  describe: () => kind,
  start: () => Promise.reject(new Error('is not started here')),
});
const drivers = { builtin: named('builtin'), k6: named('k6'), playwright: named('playwright') };
const { plan } = recordingOf({}).run;
const request = { name: 'quote', method: 'GET', path: '/', weight: 1, headers: {}, timeoutMs: 1000 };
const journey = { name: 'buying', file: 'buying.ts', export: 'default', ratePerSecond: 1, timeoutMs: 1000 };
const arrivals = { kind: 'constant', ratePerSecond: 1 } as const;
const mixed: Plan = {
  ...plan,
  load: { kind: 'open', arrivals, requests: [request], values: {}, journeys: [journey] },
  schedule: { intendedUs: [0, 10, 20, 30], request: [0, 1, 0, 1] },
};

const shares = (wanted: Plan) =>
  partsOf(wanted, drivers).map(
    ({ driver, ordinals, asksSentinel }) => `${driver.kind} ${[...ordinals].join('+')}${asksSentinel ? ' sentinel' : ''}`,
  );

test('requests go to the plan’s driver, journeys to the browser, the sentinel always to the same one', () => {
  expect(shares(mixed)).toEqual(['builtin 0+2 sentinel', 'playwright 1+3']);
  expect(shares({ ...mixed, driver: 'k6' })).toEqual(['k6 0+2', 'playwright 1+3', 'builtin  sentinel']);
  expect(shares({ ...mixed, driver: 'playwright' })).toEqual(['playwright 0+1+2+3', 'builtin  sentinel']);
  const requestsOnly = {
    ...mixed,
    load: { kind: 'open', arrivals, requests: [request], values: {} },
    schedule: { intendedUs: [0], request: [0] },
  } as const;
  expect(shares(requestsOnly)).toEqual(['builtin 0 sentinel']);
  const script = {
    ...mixed,
    driver: 'k6',
    load: { kind: 'k6-script', file: 'a.js', requests: [], env: {} },
    schedule: { intendedUs: [], request: [] },
  } as const;
  expect(shares(script)).toEqual(['k6 ', 'builtin  sentinel']);
});

test('users go in the browser, though the schedule has no arrival of theirs', () => {
  const { ratePerSecond: _, ...way } = journey;
  const byUsers: Plan = {
    ...mixed,
    load: { kind: 'open', arrivals, requests: [request], values: {}, journeys: [{ ...way, users: 2, thinkMs: 0 }] },
    schedule: { intendedUs: [0, 10], request: [0, 0] },
  };
  expect(shares(byUsers)).toEqual(['builtin 0+1 sentinel', 'playwright ']);
  expect(shares({ ...byUsers, driver: 'playwright' })).toEqual(['playwright 0+1', 'builtin  sentinel']);
});

test('a driver that nobody knows is the user’s mistake', () => {
  expect(() => partsOf({ ...mixed, driver: 'wrk' }, drivers)).toThrow('must be one of builtin, k6, playwright: current value is wrk');
});
