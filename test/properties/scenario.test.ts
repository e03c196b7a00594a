import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../harness/model/problem.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { compilePlan, scenarioHash, type PlanOptions } from '../../harness/plan/compile.ts';
import { describePlan } from '../../harness/plan/describe.ts';
import { checkedScenario, validateScenario } from '../../harness/scenario/validate.ts';
import { latency } from '../../harness/run/faults/latency.ts';
import { catalogue, config, opens, slow } from '../unit/scenario/shop.ts';

const options: PlanOptions = { config, environment: 'embedded', seed: 1, pace: 'full', overrides: {}, catalogue };
const fault = latency('orders->payments', { delay: 5 });

/** Valid scenarios with one to four faults, repeating or not. */
const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    warmupMs: fc.integer({ min: 0, max: 3000 }),
    baselineMs: fc.integer({ min: 1000, max: 5000 }),
    recoveryMs: fc.integer({ min: 1, max: 5000 }),
    faults: fc.array(
      fc.record({
        fromMs: fc.integer({ min: 0, max: 4000 }),
        forMs: fc.integer({ min: 2, max: 3000 }),
        pauseMs: fc.integer({ min: 1, max: 3000 }),
        times: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ warmupMs, baselineMs, recoveryMs, faults }) => ({
    ...slow,
    timeline: { warmupMs, baselineMs, recoveryMs },
    faults: faults.map(({ fromMs, forMs, pauseMs, times }, index) => ({
      name: `fault-${index}`,
      inject: fault,
      from: fromMs,
      for: forMs,
      ...(times === 1 ? {} : { every: forMs + pauseMs, times }),
    })),
    expect: [opens('orders.payments', 'fault-0', 1)],
  }));

/** The places of a value: paths of keys. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, entry]) => placesIn(entry, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], replacement: unknown): unknown {
  if (key === undefined) return replacement;
  const entry = replaced((value as Readonly<Record<string, unknown>>)[key], rest, replacement);
  return Array.isArray(value)
    ? value.map((old: unknown, index) => (String(index) === key ? entry : old))
    : { ...(value as object), [key]: entry };
}

const places = placesIn(slow);

describe('a scenario', () => {
  it('loses nothing on its way through JSON', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const back: unknown = JSON.parse(JSON.stringify(scenario));
        expect(back).toEqual(scenario);
        expect(validateScenario(back, catalogue)).toEqual([]);
        expect(scenarioHash(back as Scenario)).toBe(scenarioHash(scenario));
      }),
    );
  });

  it('with any value anywhere is either planned or refused with problems that say where, never with a crash', () => {
    let refused = 0;
    const samples = fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, Number.NaN, -1, 0, '', '-1s', [], {}, null));
    fc.assert(
      fc.property(fc.constantFrom(...places), samples, (place, replacement) => {
        try {
          describePlan(compilePlan(checkedScenario(replaced(slow, place, replacement), catalogue), options), catalogue);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          const { problems } = error as UsageError;
          expect(problems.length).toBeGreaterThan(0);
          for (const { path, expected, found } of problems) expect([path, expected, found]).not.toContain('');
          refused += 1;
        }
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

describe('a plan', () => {
  it('has phases back to back from 0, faults within the fault phase, and arrivals within the phases', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { phases, faults, schedule } = compilePlan(scenario, options);
        expect(phases.map(({ fromUs }) => fromUs)).toEqual([0, ...phases.slice(0, -1).map(({ toUs }) => toUs)]);
        const phase = phases.find(({ name }) => name === 'fault');
        const ends = faults.flatMap(({ windows }) => windows.map(({ toUs }) => toUs));
        expect(Math.max(...ends)).toBe(phase?.toUs);
        for (const { windows } of faults) {
          for (const [index, { fromUs, toUs }] of windows.entries()) {
            expect(fromUs).toBeGreaterThanOrEqual(phase?.fromUs ?? Infinity);
            expect(toUs).toBeGreaterThan(fromUs);
            expect(windows[index + 1]?.fromUs ?? Infinity).toBeGreaterThan(toUs);
          }
        }
        expect(schedule.intendedUs.every((atUs) => atUs >= 0 && atUs < (phases.at(-1)?.toUs ?? 0))).toBe(true);
      }),
    );
  });

  it('is the same for the same arguments', () => {
    fc.assert(
      fc.property(scenarios, fc.nat(), (scenario, seed) => {
        expect(JSON.stringify(compilePlan(scenario, { ...options, seed }))).toBe(
          JSON.stringify(compilePlan(scenario, { ...options, seed })),
        );
      }),
      { numRuns: 20 },
    );
  });
});
