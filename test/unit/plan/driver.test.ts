// Goal: who sends a load is fixed by the plan: asked for, or by the kind of load; what cannot be is refused with what can.
import { describe, expect, it } from 'vitest';
import type { JourneyTemplate, OpenLoad } from '../../../harness/model/load.ts';
import { compilePlan } from '../../../harness/plan/compile.ts';
import { userProblems } from '../../../harness/plan/driver.ts';
import { get, journeyOf, k6Script, openLoad } from '../../../harness/scenario/load.ts';
import { catalogue, config, slow } from '../scenario/shop.ts';

const options = { config, environment: 'embedded', seed: 7, pace: 'full', overrides: {}, catalogue } as const;
const script = { ...slow, load: k6Script('load/checkout.js') };
const files = { 'load/checkout.js': 'ab12' };

describe('the load driver of a plan', () => {
  it('is the one that was asked for, else the configuration’s, else the one of the load’s kind', () => {
    expect(compilePlan(slow, options).driver).toBe('builtin');
    expect(compilePlan(slow, { ...options, config: { ...config, load: 'k6' } }).driver).toBe('k6');
    expect(compilePlan(slow, { ...options, driver: 'k6' }).driver).toBe('k6');
    const plan = compilePlan(script, { ...options, files });
    expect([plan.driver, plan.files, plan.schedule.intendedUs]).toEqual(['k6', [{ path: 'load/checkout.js', sha256: 'ab12' }], []]);
  });

  it('is refused where nobody knows it, or where it cannot carry out this load', () => {
    expect(() => compilePlan(slow, { ...options, driver: 'k7' })).toThrow(
      'driver: expected one of builtin, k6, found "k7" (did you mean \'k6\'?)',
    );
    expect(() => compilePlan(script, { ...options, files, driver: 'builtin' })).toThrow(
      'driver: expected one that can carry out a load of kind \'k6-script\': k6, found "builtin"',
    );
  });

  it('finds its files there', () => {
    const journeys = [journeyOf('buying', 'journeys/buying.journey.ts', { ratePerSecond: 1 })];
    const load = openLoad({ ratePerSecond: 10, requests: [get('quote', '/quote')], journeys });
    expect(() =>
      compilePlan({ ...slow, load, expect: slow.expect.slice(0, 1) }, { ...options, files: { 'journeys/buying.journey.ts': null } }),
    ).toThrow('load.journeys[0].file: expected a file that is there');
  });

  it('opens a page for each user, and has one left for those who come at a rate', () => {
    const withUsers = (users: number, ...more: readonly JourneyTemplate[]): OpenLoad => {
      const journeys = [journeyOf('looking', 'looking.journey.ts', { users }), ...more];
      return { ...openLoad({ ratePerSecond: 10, requests: [get('quote', '/quote')] }), journeys };
    };
    const buying = journeyOf('buying', 'buying.journey.ts', { ratePerSecond: 1 });
    expect(userProblems(withUsers(20))).toEqual([]);
    expect(userProblems(withUsers(21), { pagesMax: 21 })).toEqual([]);
    expect(userProblems(withUsers(21))).toMatchObject([{ path: 'load.journeys', found: '21' }]);
    const crowded = { ...slow, load: withUsers(21), expect: slow.expect.slice(0, 1) };
    expect(() => compilePlan(crowded, { ...options, files: { 'looking.journey.ts': 'ab12' } })).toThrow(
      'load.journeys: expected at most 20 users in all',
    );
    expect(userProblems(withUsers(19, buying))).toEqual([]);
    expect(userProblems(withUsers(20, buying)).map(({ expected }) => expected)).toEqual([
      'at most 19 users in all, as the browser opens 20 pages at a time and journeys at a rate need one of them',
    ]);
  });
});
