import { describe, expect, it } from 'vitest';
import type { EnvironmentKind } from '../../../harness/model/catalogue.ts';
import { LIMITS } from '../../../harness/model/limits.ts';
import { UsageError, type Problem } from '../../../harness/model/problem.ts';
import type { Scenario } from '../../../harness/model/scenario.ts';
import { httpStatus } from '../../../harness/run/faults/http-status.ts';
import { compilePlan, scenarioHash, type PlanOptions } from '../../../harness/plan/compile.ts';
import { catalogue, config, opens, slow, told } from '../scenario/shop.ts';

const options: PlanOptions = { config, environment: 'embedded', seed: 7, pace: 'full', overrides: {}, catalogue };

function problemsOf(scenario: Scenario, changed: Partial<PlanOptions> = {}): readonly Problem[] {
  try {
    compilePlan(scenario, { ...options, ...changed });
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

function pathsOf(scenario: Scenario, changed: Partial<PlanOptions> = {}): string[] {
  return problemsOf(scenario, changed).map(({ path }) => path);
}

function withFault(fields: Partial<Scenario['faults'][number]>): Scenario {
  return { ...slow, faults: slow.faults.map((fault) => ({ ...fault, ...fields })) };
}

describe('the timeline', () => {
  it('lays the phases back to back, the fault phase ending with the last fault', () => {
    expect(compilePlan(slow, options).phases).toEqual([
      { name: 'warmup', fromUs: 0, toUs: 2_000_000 },
      { name: 'baseline', fromUs: 2_000_000, toUs: 7_000_000 },
      { name: 'fault', fromUs: 7_000_000, toUs: 13_000_000 },
      { name: 'recovery', fromUs: 13_000_000, toUs: 23_000_000 },
    ]);
  });

  it("counts a fault's start from the end of the baseline", () => {
    expect(compilePlan(slow, options).faults[0]?.windows).toEqual([{ fromUs: 8_000_000, toUs: 13_000_000 }]);
  });

  it('expands a repeating fault into its windows', () => {
    const plan = compilePlan(withFault({ from: '0s', for: '3s', every: '4s', times: 3 }), options);
    expect(plan.faults[0]?.windows).toEqual([
      { fromUs: 7_000_000, toUs: 10_000_000 },
      { fromUs: 11_000_000, toUs: 14_000_000 },
      { fromUs: 15_000_000, toUs: 18_000_000 },
    ]);
    expect(plan.phases.at(-1)).toEqual({ name: 'recovery', fromUs: 18_000_000, toUs: 28_000_000 });
  });

  it('takes the shorter phases at the fast pace and keeps those that have none', () => {
    expect(compilePlan(slow, { ...options, pace: 'fast' }).phases.map(({ toUs }) => toUs)).toEqual([
      2_000_000, 4_000_000, 10_000_000, 14_000_000,
    ]);
  });

  it('leaves out phases of no length', () => {
    const scenario = { ...slow, timeline: { ...slow.timeline, warmupMs: 0 } };
    expect(compilePlan(scenario, options).phases[0]).toEqual({ name: 'baseline', fromUs: 0, toUs: 5_000_000 });
  });

  it('is filled with arrivals, each within it', () => {
    const { schedule, phases } = compilePlan(slow, options);
    expect(schedule.intendedUs).toHaveLength(230);
    expect(schedule.intendedUs.at(-1)).toBeLessThan(phases.at(-1)?.toUs ?? 0);
  });
});

describe('the plan', () => {
  it('is the same for the same arguments, and plain data', () => {
    const plan = compilePlan(slow, options);
    expect(compilePlan(slow, options)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('draws other arrivals from another seed', () => {
    expect(compilePlan(slow, { ...options, seed: 8 }).schedule.request).not.toEqual(compilePlan(slow, options).schedule.request);
  });

  it('gathers the powers of faults, expectations and probes', () => {
    expect(compilePlan(slow, options).needs).toEqual(['tcp', 'stdout']);
  });

  it('takes guard limits from the configuration and the rest from the defaults', () => {
    const { guards } = compilePlan(slow, { ...options, config: { ...config, guards: { sentinelP95MsMax: 40 } } });
    expect(guards).toMatchObject({ sentinelP95MsMax: 40, baselineOkRatioMin: 0.99 });
  });

  it('says what each fault does and what it reaches', () => {
    const [fault] = compilePlan(slow, options).faults;
    expect(fault?.summary).toContain('2000 ms');
    expect(fault?.reach).toEqual({ edges: ['orders->payments'], services: [], bite: 'tap' });
  });
});

describe('the fingerprint', () => {
  it('does not depend on the order of keys', () => {
    const turned = Object.fromEntries(Object.entries(slow).reverse()) as unknown as Scenario;
    expect(scenarioHash(turned)).toBe(scenarioHash(slow));
  });

  it('changes with any value', () => {
    expect(scenarioHash(withFault({ for: '6s' }))).not.toBe(scenarioHash(slow));
    expect(scenarioHash(slow)).toMatch(/^[0-9a-f]{16}$/);
  });
});

const broken = { name: 'slowness', inject: httpStatus('orders->payments', { status: 503 }), from: '1s', for: '5s' } as const;

describe('refusals', () => {
  it('names every power that the environment lacks, where it is needed, and an environment that has it', () => {
    const problems = problemsOf({ ...slow, expect: [told], faults: [broken] }, { environment: 'attach' });
    expect(problems).toMatchObject([{ path: 'faults[0].inject', hint: 'run it with --env embedded' }]);
    expect(problems[0]?.expected).toContain("'http', which http-status needs");
  });

  it('bears that a check or a probe cannot see here, and says which breakers nobody watches', () => {
    const plan = compilePlan(
      { ...slow, expect: [opens('orders.payments', 'slowness', 2000), told] },
      { ...options, environment: 'attach' },
    );
    expect(plan.unwatched).toEqual(['orders.payments']);
    expect(plan.needs).toContain('stdout');
    expect(compilePlan(slow, options).unwatched).toBeUndefined();
  });

  it('but refuses a run of which nothing can be told', () => {
    const problems = problemsOf(slow, { environment: 'attach' });
    expect(problems).toMatchObject([{ path: 'expect', hint: 'run it with --env embedded' }]);
    expect(problems[0]?.found).toContain("opens needs the power 'stdout'");
  });

  it('refuses variables for services that nobody starts', () => {
    const overrides = { orders: { DEFECT: 'x' } };
    expect(pathsOf({ ...slow, expect: [told] }, { environment: 'attach', overrides })).toEqual(['overrides']);
  });

  it('takes powers and problems of the place from the environment', () => {
    const attach = {
      ...catalogue.environments['attach'],
      place: () => ({ powers: ['tcp', 'stdout'], problems: [{ path: 'config.attach', expected: 'a', found: 'b' }], notes: [] }),
    } as EnvironmentKind;
    const placed = { ...catalogue, environments: { attach } };
    expect(pathsOf(slow, { environment: 'attach', catalogue: placed })).toEqual(['config.attach']);
    const found = { ...attach, place: () => ({ powers: ['tcp', 'stdout'], problems: [], notes: [] }) } as EnvironmentKind;
    const plan = compilePlan(slow, { ...options, environment: 'attach', catalogue: { ...catalogue, environments: { attach: found } } });
    expect([plan.powers, plan.unwatched]).toEqual([['tcp', 'stdout'], undefined]);
  });

  it('hints at the near environment and the near service', () => {
    expect(problemsOf(slow, { environment: 'embeded', overrides: { oders: { DEFECT: 'x' } } })).toEqual([
      { path: 'overrides.oders', expected: 'one of orders, payments', found: '"oders"', hint: "did you mean 'orders'?" },
      { path: 'environment', expected: 'one of embedded, attach', found: '"embeded"', hint: "did you mean 'embedded'?" },
    ]);
  });

  it('accepts an override of a service that exists', () => {
    expect(compilePlan(slow, { ...options, overrides: { orders: { DEFECT: 'never-opens' } } }).overrides).toEqual({
      orders: { DEFECT: 'never-opens' },
    });
  });

  it('refuses limits that this timeline cannot exceed', () => {
    const scenario = { ...slow, expect: [opens('orders.payments', 'slowness', 2000), opens('orders.payments', 'slowness', 5000)] };
    expect(pathsOf(scenario)).toEqual(['expect[1].withinMs']);
  });

  it('refuses a scenario that expects nothing', () => {
    expect(pathsOf({ ...slow, expect: [] })).toEqual(['expect']);
  });

  it('refuses a timeline longer than the longest run', () => {
    expect(pathsOf({ ...slow, timeline: { ...slow.timeline, recoveryMs: LIMITS.runMs } })).toEqual(['timeline']);
  });

  it('refuses more arrivals than one run may have', () => {
    const load = { ...slow.load, arrivals: { kind: 'constant', ratePerSecond: LIMITS.ratePerSecond } } as const;
    expect(pathsOf({ ...slow, load, timeline: { ...slow.timeline, recoveryMs: 600_000 } })).toEqual(['load.arrivals']);
  });

  it('refuses a negative rate and a seed that is none, at once', () => {
    const load = { ...slow.load, arrivals: { kind: 'constant', ratePerSecond: -1 } } as const;
    expect(pathsOf({ ...slow, load }, { seed: 1.5 })).toEqual(['seed', 'load.arrivals.ratePerSecond']);
  });
});
