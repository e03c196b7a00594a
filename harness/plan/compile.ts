import { canonicalJson } from '../model/canonical.ts';
import type { Catalogue, EnvironmentKind } from '../model/catalogue.ts';
import { DEFAULT_GUARDS } from '../model/guards.ts';
import { LIMITS } from '../model/limits.ts';
import { driverOf } from '../model/load.ts';
import { POWERS, type Plan, type Power, type Schedule } from '../model/plan.ts';
import { UsageError, nearest, type Problem } from '../model/problem.ts';
import { hash32 } from '../model/random.ts';
import type { Config, Scenario } from '../model/scenario.ts';
import { shapeProblems, show } from '../model/shape.ts';
import type { System } from '../model/system.ts';
import { driverProblems, fileProblems, filesOfLoad, userProblems } from './driver.ts';
import { arrivalKinds, scheduleArrivals } from './schedule.ts';
import { backingNeeds, blindProblems, isBearable, placeIn, systemIn, unwatchedIn } from './place.ts';
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
  /** The load driver's name in the catalogue. @default the one that the load asks for */
  readonly driver?: string;
  /** Files that the load names: path → SHA-256 of what is there, null where there is none. @default none is there */
  readonly files?: Readonly<Record<string, string | null>>;
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
  const driver = driverOf(scenario.load, options.driver ?? config.load);
  const files = options.files ?? {};
  const settings = settingsOf(config);
  const row = Object.hasOwn(catalogue.environments, environment) ? catalogue.environments[environment] : undefined;
  const { powers, problems: placeProblems } = placeIn(row, settings, scenario.system);
  const system = systemIn(scenario.system, powers);
  const unwatched = unwatchedIn(system, catalogue.probes, powers);
  const layout = layOut({ ...scenario, system }, { pace, faults: catalogue.faults, powers });
  const needs = needsOf(scenario, catalogue);
  const problems = [
    ...seedProblems(seed),
    ...overrideProblems(overrides, scenario.system, { environment, powers }),
    ...powerProblems(needs, { environment, catalogue, powers }),
    ...placeProblems,
    ...(row === undefined ? [] : blindProblems(scenario.expect, catalogue, { environment, powers, unwatched })),
    ...lengthProblems(layout),
    ...driverProblems(scenario.load, driver, catalogue),
    ...fileProblems(scenario.load, files),
    ...arrivalProblems(scenario),
    ...userProblems(scenario.load, config.browser),
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
    settings,
    seed,
    pace,
    overrides: Object.fromEntries(Object.entries(overrides).filter(([service]) => service in system.services)),
    system,
    driver,
    load: scenario.load,
    files: filesOfLoad(scenario.load).flatMap(({ path }) => {
      const sha256 = files[path];
      return sha256 === undefined || sha256 === null ? [] : [{ path, sha256 }];
    }),
    k6: config.k6 ?? {},
    browser: config.browser ?? {},
    phases: layout.phases,
    faults: layout.faults,
    schedule,
    guards: { ...DEFAULT_GUARDS, ...config.guards },
    redact: config.redact,
    ...(unwatched.length === 0 ? {} : { unwatched }),
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
  /** Something is looked at, nothing done. */
  readonly isSight: boolean;
}

function needsOf({ faults, expect, system }: Scenario, { faults: faultKinds, checks, probes }: Catalogue): Need[] {
  const rows = [
    ...faults.map(({ inject }, index) => ({
      row: faultKinds[inject.kind],
      path: `faults[${index}].inject`,
      what: inject.kind,
      isSight: false,
    })),
    ...expect.map(({ check }, index) => ({ row: checks[check], path: `expect[${index}]`, what: check, isSight: true })),
    ...Object.entries(system.breakers).map(([name, { probe }]) => ({
      row: probes[probe.kind],
      path: `system.breakers[${show(name)}].probe`,
      what: probe.kind,
      isSight: true,
    })),
  ];
  return [
    ...rows.flatMap(({ row, ...rest }) => (row?.needs ?? []).map((power) => ({ power, ...rest }))),
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
  { environment, catalogue, powers }: { readonly environment: string; readonly catalogue: Catalogue; readonly powers: readonly Power[] },
): Problem[] {
  const names = Object.keys(catalogue.environments);
  const row = names.includes(environment) ? catalogue.environments[environment] : undefined;
  if (row === undefined)
    return [{ path: 'environment', expected: `one of ${names.join(', ')}`, found: show(environment), ...hintOf(environment, names) }];
  return unmet(needs, { powers }).map(({ power, path, what }) => {
    const able = names.filter((name) => catalogue.environments[name]?.powers.includes(power) === true);
    return {
      path,
      expected: `an environment with the power '${power}', which ${what} needs`,
      found: `'${environment}' with ${powers.join(', ')}${row.lacks?.[power] === undefined ? '' : ` (${row.lacks[power]})`}`,
      ...(able.length === 0 ? {} : { hint: `run it with --env ${able.join(' or ')}` }),
    };
  });
}

/** What of these needs an environment does not meet, and cannot do without. */
function unmet(needs: readonly Need[], { powers }: Pick<EnvironmentKind, 'powers'>): readonly Need[] {
  return needs.filter((need) => !powers.includes(need.power) && !isBearable(need));
}

/** What a scenario needs, and which of it each environment lacks. */
export interface PowerNeeds {
  readonly needs: readonly Power[];
  /** Environment → what it lacks for this scenario, with the environment's own reason where it gives one; empty where the scenario can run. */
  readonly lacked: Readonly<Record<string, readonly { readonly power: Power; readonly reason?: string }[]>>;
}

/** Where a scenario can run, and what keeps it from running elsewhere. The scenario must have passed `validateScenario`. */
export function powerNeeds(scenario: Scenario, catalogue: Catalogue): PowerNeeds {
  const needs = needsOf(scenario, catalogue);
  const lacked = Object.entries(catalogue.environments).map(([name, row]) => {
    const missing = unmet(needs, row);
    const powers = POWERS.filter((power) => missing.some((need) => need.power === power));
    return [name, powers.map((power) => ({ power, ...(row.lacks?.[power] === undefined ? {} : { reason: row.lacks[power] }) }))] as const;
  });
  return { needs: POWERS.filter((power) => needs.some((need) => need.power === power)), lacked: Object.fromEntries(lacked) };
}

function overrideProblems(
  overrides: Plan['overrides'],
  { services }: System,
  { environment, powers }: Pick<Plan, 'environment' | 'powers'>,
): Problem[] {
  const names = Object.keys(services);
  // Whoever starts the services can kill them; an environment that nobody knows has no powers at all.
  if (powers.length > 0 && !powers.includes('process') && Object.keys(overrides).length > 0) {
    const found = Object.keys(overrides).join(', ');
    return [{ path: 'overrides', expected: `nothing to set in '${environment}', which starts no services`, found }];
  }
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

function arrivalProblems({ load }: Scenario): Problem[] {
  if (load.kind !== 'open') return [];
  const { arrivals } = load;
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
  // A script brings its own arrivals.
  if (scenario.load.kind !== 'open') return { intendedUs: [], request: [] };
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
