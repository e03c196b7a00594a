import { canonicalJson } from '../model/canonical.ts';
import type { Catalogue } from '../model/catalogue.ts';
import { DEFAULT_GUARDS } from '../model/guards.ts';
import { LIMITS } from '../model/limits.ts';
import { POWERS, type Plan, type Power, type Schedule } from '../model/plan.ts';
import { UsageError, nearest, type Problem } from '../model/problem.ts';
import { hash32 } from '../model/random.ts';
import type { Config, Scenario } from '../model/scenario.ts';
import { shapeProblems, show } from '../model/shape.ts';
import type { System } from '../model/system.ts';
import { arrivalKinds, scheduleArrivals } from './schedule.ts';
import { backingNeeds, systemIn } from './place.ts';
import { layOut, type Layout } from './timeline.ts';

/** Spacing of the sentinel's requests. */
const SENTINEL_EVERY_US = 50_000;

export interface PlanOptions {
  readonly config: Config;
  /** The environment's name in the catalogue. */
  readonly environment: string;
  /** 0 to 2³² − 1. */
  readonly seed: number;
  readonly pace: Plan['pace'];
  readonly overrides: Plan['overrides'];
  readonly catalogue: Catalogue;
}

/**
 * Fixes everything that a run will do. The same arguments give the same plan; nothing is started.
 *
 * The scenario must have passed `validateScenario`: this looks only at what the plan adds – the environment's powers,
 * the timeline's length, limits that this timeline cannot exceed.
 *
 * @throws {UsageError} with all problems at once
 */
export function compilePlan(scenario: Scenario, options: PlanOptions): Plan {
  const { catalogue, config, environment, seed, pace, overrides } = options;
  const powers = catalogue.environments[environment]?.powers ?? [];
  const system = systemIn(scenario.system, powers);
  const layout = layOut({ ...scenario, system }, { pace, faults: catalogue.faults, powers });
  const needs = needsOf(scenario, catalogue);
  const problems = [
    ...seedProblems(seed),
    ...overrideProblems(overrides, scenario.system),
    ...powerProblems(needs, { environment, catalogue }),
    ...lengthProblems(layout),
    ...arrivalProblems(scenario),
    ...expectationsMissing(scenario),
  ];
  // A schedule of a wrong load, or of a timeline without end, is no schedule.
  const schedule = problems.length === 0 ? scheduleOf(scenario, layout, seed, problems) : null;
  if (schedule === null) throw refusal(scenario, problems);
  const planSoFar: Omit<Plan, 'expectations' | 'needs'> = {
    schemaVersion: 1,
    scenario: { name: scenario.name, title: scenario.title, tags: scenario.tags, hash: scenarioHash(scenario) },
    environment,
    powers,
    settings: settingsOf(config),
    seed,
    pace,
    overrides: Object.fromEntries(Object.entries(overrides).filter(([service]) => service in system.services)),
    system,
    load: scenario.load,
    phases: layout.phases,
    faults: layout.faults,
    schedule,
    guards: { ...DEFAULT_GUARDS, ...config.guards },
    redact: config.redact,
    sentinelEveryUs: SENTINEL_EVERY_US,
    limits: { exchanges: LIMITS.exchanges, events: LIMITS.events, effects: LIMITS.effects, drainMs: LIMITS.drainMs },
  };
  for (const [index, expectation] of scenario.expect.entries()) {
    problems.push(...(catalogue.checks[expectation.check]?.problems(expectation, planSoFar, `expect[${index}]`) ?? []));
  }
  if (problems.length > 0) throw refusal(scenario, problems);
  return { ...planSoFar, expectations: scenario.expect, needs: POWERS.filter((power) => needs.some((need) => need.power === power)) };
}

function refusal({ name, title }: Scenario, problems: readonly Problem[]): UsageError {
  return new UsageError(`Cannot plan '${name === '' ? title : name}':`, problems);
}

/** A fingerprint of everything that the scenario declares, whatever the order of its keys: 16 hex digits. */
export function scenarioHash(scenario: Scenario): string {
  const text = canonicalJson(scenario);
  return [`1${text}`, `2${text}`].map((part) => hash32(part).toString(16).padStart(8, '0')).join('');
}

export interface Need {
  readonly power: Power;
  readonly path: string;
  readonly what: string;
}

function needsOf({ faults, expect, system }: Scenario, { faults: faultKinds, checks, probes }: Catalogue): Need[] {
  const rows = [
    ...faults.map(({ inject }, index) => ({ row: faultKinds[inject.kind], path: `faults[${index}].inject`, what: inject.kind })),
    ...expect.map(({ check }, index) => ({ row: checks[check], path: `expect[${index}]`, what: check })),
    ...Object.entries(system.breakers).map(([name, { probe }]) => ({
      row: probes[probe.kind],
      path: `system.breakers[${show(name)}].probe`,
      what: probe.kind,
    })),
  ];
  return [
    ...rows.flatMap(({ row, path, what }) => (row?.needs ?? []).map((power) => ({ power, path, what }))),
    ...backingNeeds(faults, expect, system),
  ];
}

function settingsOf({ docker, compose, attach, allowTargets }: Config): Plan['settings'] {
  return {
    ...(docker === undefined ? {} : { docker }),
    ...(compose === undefined ? {} : { compose }),
    ...(attach === undefined ? {} : { attach }),
    ...(allowTargets === undefined ? {} : { allowTargets }),
  };
}

function powerProblems(
  needs: readonly Need[],
  { environment, catalogue }: { readonly environment: string; readonly catalogue: Catalogue },
): Problem[] {
  const names = Object.keys(catalogue.environments);
  const row = names.includes(environment) ? catalogue.environments[environment] : undefined;
  if (row === undefined)
    return [{ path: 'environment', expected: `one of ${names.join(', ')}`, found: show(environment), ...hintOf(environment, names) }];
  return needs
    .filter(({ power }) => !row.powers.includes(power))
    .map(({ power, path, what }) => {
      const able = names.filter((name) => catalogue.environments[name]?.powers.includes(power) === true);
      return {
        path,
        expected: `an environment with the power '${power}', which ${what} needs`,
        found: `'${environment}' with ${row.powers.join(', ')}${row.lacks?.[power] === undefined ? '' : ` (${row.lacks[power]})`}`,
        ...(able.length === 0 ? {} : { hint: `run it with --env ${able.join(' or ')}` }),
      };
    });
}

function overrideProblems(overrides: Plan['overrides'], { services }: System): Problem[] {
  const names = Object.keys(services);
  return Object.entries(overrides).flatMap(([service, variables]) => {
    if (!names.includes(service)) {
      return [{ path: `overrides.${service}`, expected: `one of ${names.join(', ')}`, found: show(service), ...hintOf(service, names) }];
    }
    return Object.keys(variables)
      .filter((variable) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      .map((variable) => ({ path: `overrides.${service}`, expected: 'the name of a variable', found: show(variable) }));
  });
}

function hintOf(name: string, names: readonly string[]): { readonly hint?: string } {
  const near = nearest(name, names);
  return near === undefined ? {} : { hint: `did you mean '${near}'?` };
}

function seedProblems(seed: number): Problem[] {
  const isSeed = Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff;
  return isSeed ? [] : [{ path: 'seed', expected: 'a whole number from 0 to 4294967295', found: show(seed) }];
}

function lengthProblems({ totalUs }: Layout): Problem[] {
  const totalMs = totalUs / 1000;
  if (totalMs <= LIMITS.runMs) return [];
  return [
    { path: 'timeline', expected: `at most ${LIMITS.runMs / 1000} s from the load's start to its end`, found: `${totalMs / 1000} s` },
  ];
}

function arrivalProblems({ load: { arrivals } }: Scenario): Problem[] {
  const kinds = Object.keys(arrivalKinds);
  if (!kinds.includes(arrivals.kind))
    return [{ path: 'load.arrivals.kind', expected: `one of ${kinds.join(', ')}`, found: show(arrivals.kind) }];
  const noNames = { service: [], edge: [], breaker: [], fault: [], request: [] };
  return shapeProblems(arrivals, arrivalKinds[arrivals.kind].schema, noNames, 'load.arrivals', ['kind']);
}

function expectationsMissing({ expect }: Scenario): Problem[] {
  if (expect.length > 0) return [];
  return [
    { path: 'expect', expected: 'at least one expectation', found: 'an empty list', hint: 'a scenario that expects nothing cannot fail' },
  ];
}

function scheduleOf(scenario: Scenario, { totalUs, faultStartUs }: Layout, seed: number, problems: Problem[]): Schedule | null {
  try {
    return scheduleArrivals(scenario.load, { totalUs, faultStartUs, seed });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push({
      path: 'load.arrivals',
      expected: `1 to ${LIMITS.arrivals} arrivals on this timeline`,
      found: 'another number',
      hint: error.message,
    });
    return null;
  }
}
