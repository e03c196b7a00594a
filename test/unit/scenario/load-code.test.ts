// Goal: load that is code – journeys, a k6 script – enters a scenario as plain data that survives JSON, and is checked like any other.
import { describe, expect, it } from 'vitest';
import { scheduleArrivals } from '../../../harness/plan/schedule.ts';
import { get, journeyOf, k6Script, openLoad } from '../../../harness/scenario/load.ts';
import { validateScenario } from '../../../harness/scenario/validate.ts';
import { catalogue, slow } from './shop.ts';

const buying = journeyOf('buying', 'journeys/buying.journey.ts', { ratePerSecond: 2, timeout: '10s' });
const problems = (load: unknown): string[] => validateScenario({ ...slow, load }, catalogue).map(({ path }) => path);

describe('journeys', () => {
  const load = openLoad({ ratePerSecond: 10, requests: slow.load.requests, values: { sku: ['tea'] }, journeys: [buying] });

  it('have their own rate: they move no request, and all come in order of time', () => {
    const span = { totalUs: 5_000_000, faultStartUs: 1_000_000, seed: 1 };
    const { journeys: _, ...without } = load;
    const [plain, mixed] = [scheduleArrivals(without, span), scheduleArrivals(load, span)];
    const isJourney = (request: number): boolean => request === load.requests.length;
    expect(mixed.request.filter(isJourney)).toHaveLength(10);
    expect(mixed.intendedUs).toEqual(mixed.intendedUs.toSorted((left, right) => left - right));
    const requests = mixed.intendedUs.filter((_atUs, index) => !isJourney(mixed.request[index] ?? 0));
    expect(requests).toEqual(plain.intendedUs);
  });

  it('survive JSON, and may be named by expectations', () => {
    expect(JSON.parse(JSON.stringify(load))).toEqual(load);
    expect(problems(load)).toEqual([]);
  });

  it('are refused with their place where they are wrong', () => {
    expect(() => journeyOf('a', '../outside.ts', { ratePerSecond: 1 })).toThrow('must be a path inside the project');
    expect(() => journeyOf('a', 'a.ts', { ratePerSecond: 0 })).toThrow("'ratePerSecond' must be above 0");
    expect(() => openLoad({ ratePerSecond: 1, requests: [get('buying', '/')], journeys: [buying] })).toThrow('different names');
    const wrong = { ...buying, file: '/etc/passwd', ratePerSecond: -1, export: 3 };
    expect(problems({ ...load, journeys: [wrong, buying, buying] })).toEqual([
      'load.journeys[0].file',
      'load.journeys[0].ratePerSecond',
      'load.journeys[0].export',
      'load.journeys[1].name',
      'load.journeys[2].name',
    ]);
  });
});

describe('a k6 script', () => {
  it('is plain data with its variables and the names of its calls', () => {
    const load = k6Script('load/checkout.js', { requests: [get('quote', '/quote/{sku}')] });
    expect(JSON.parse(JSON.stringify(load))).toEqual(load);
    expect(load.env).toEqual({ BASE_URL: '{entry}' });
    expect(problems({ ...load, requests: slow.load.requests })).toEqual([]);
  });

  it('is refused with its place where it is wrong', () => {
    expect(() => k6Script('')).toThrow("'file' must be a path inside the project's folder");
    expect(() => k6Script('a.js', { requests: [get('other', '/')] })).toThrow("none 'other'");
    expect(problems({ kind: 'k6-script', file: 'C:\\x.js', requests: 1, env: { 'a b': 1 }, more: 1 })).toEqual(
      expect.arrayContaining(['load.more', 'load.file', 'load.requests', 'load.env']),
    );
  });
});
