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

describe('journeys by users', () => {
  const looking = journeyOf('looking', 'journeys/looking.journey.ts', { users: 3, thinkTime: '500ms' });
  const load = openLoad({ ratePerSecond: 10, requests: slow.load.requests, values: { sku: ['tea'] }, journeys: [buying, looking] });

  it('stand in no schedule, survive JSON, and think 0 ms unless told otherwise', () => {
    const span = { totalUs: 5_000_000, faultStartUs: 1_000_000, seed: 1 };
    const { journeys: _, ...requests } = load;
    expect(scheduleArrivals(load, span)).toEqual(scheduleArrivals({ ...requests, journeys: [buying] }, span));
    expect(JSON.parse(JSON.stringify(load))).toEqual(load);
    expect(problems(load)).toEqual([]);
    expect(journeyOf('a', 'a.ts', { users: 1 })).toMatchObject({ users: 1, thinkMs: 0 });
  });

  it('have either a rate or users, and think only where they go again', () => {
    const declare = (options: object) => () => journeyOf('a', 'a.ts', options as Parameters<typeof journeyOf>[2]);
    expect(declare({})).toThrow("exactly one of 'ratePerSecond' and 'users' must be given: current value is neither");
    expect(declare({ ratePerSecond: 1, users: 2 })).toThrow(
      "exactly one of 'ratePerSecond' and 'users' must be given: current value is both",
    );
    expect(declare({ ratePerSecond: 1, thinkTime: '1s' })).toThrow("'thinkTime' must go with 'users'");
    for (const users of [0, 1.5, 201, Number.NaN]) expect(declare({ users })).toThrow("'users' must be a whole number from 1 to 200");
    expect(declare({ users: 1, thinkTime: -1 })).toThrow(RangeError);
    const { thinkMs: _thinkMs, ...thoughtless } = looking;
    expect(
      problems({
        ...load,
        journeys: [
          { ...looking, ratePerSecond: 1 },
          { ...thoughtless, name: 'b' },
          { ...buying, thinkMs: 5 },
          { ...looking, name: 'd', users: 0.5 },
        ],
      }),
    ).toEqual(['load.journeys[0]', 'load.journeys[1].thinkMs', 'load.journeys[2].thinkMs', 'load.journeys[3].users']);
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
