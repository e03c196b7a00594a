import type { Catalogue, EnvironmentKind, PlaceReading } from '../model/catalogue.ts';
import type { EnvironmentSettings } from '../model/place.ts';
import type { Power } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Scenario } from '../model/scenario.ts';
import type { System } from '../model/system.ts';
import type { Need } from './compile.ts';

/** Powers by which a run only looks. Where one is lacking, what needs it sees nothing and says so; everything else is as it was. */
const SIGHTS: readonly Power[] = ['tap', 'stdout', 'readiness'];

/** The place that an environment finds, of which nothing is wrong where it does not look. */
export function placeIn(environment: EnvironmentKind | undefined, settings: EnvironmentSettings, system: System): PlaceReading {
  return environment?.place?.(settings, system) ?? { powers: environment?.powers ?? [], problems: [], notes: [] };
}

/** Whether a lack of this power leaves the run as it is, but for what it sees. */
export function isBearable({ power, isSight }: Need): boolean {
  return isSight && SIGHTS.includes(power);
}

/** Breakers whose probe needs what the place lacks. */
export function unwatchedIn({ breakers }: System, probes: Catalogue['probes'], powers: readonly Power[]): readonly string[] {
  return Object.entries(breakers).flatMap(([name, { probe }]) => {
    const needs = probes[probe.kind]?.needs ?? [];
    return needs.some((power) => !powers.includes(power)) ? [name] : [];
  });
}

/** Why an expectation will be inconclusive in this place, whatever happens; null if it can be told. */
export function blindness(
  { check, breaker }: Scenario['expect'][number],
  { checks }: Pick<Catalogue, 'checks'>,
  { powers, unwatched = [] }: { readonly powers: readonly Power[]; readonly unwatched?: readonly string[] },
): string | null {
  const lacking = (checks[check]?.needs ?? []).filter((power) => !powers.includes(power));
  if (lacking.length > 0) return `needs the power '${lacking.join("', '")}'`;
  return breaker !== undefined && unwatched.includes(breaker) ? `nobody can watch ${breaker}` : null;
}

/** A run of which every expectation is known to be inconclusive tells nothing. */
export function blindProblems(
  expect: Scenario['expect'],
  catalogue: Catalogue,
  place: { readonly environment: string; readonly powers: readonly Power[]; readonly unwatched: readonly string[] },
): Problem[] {
  const reasons = expect.map((expectation) => blindness(expectation, catalogue, place));
  if (reasons.length === 0 || reasons.includes(null)) return [];
  const able = Object.values(catalogue.environments).filter(({ powers }) => SIGHTS.every((power) => powers.includes(power)));
  return [
    {
      path: 'expect',
      expected: `at least one expectation that can be told in '${place.environment}', which has ${place.powers.join(', ')}`,
      found: `none: ${expect.map(({ check }, index) => `${check} ${reasons[index]}`).join('; ')}`,
      ...(able.length === 0 ? {} : { hint: `run it with --env ${able.map(({ kind }) => kind).join(' or ')}` }),
    },
  ];
}

/**
 * The system as an environment with these powers runs it: databases, caches and brokers are left out where nobody starts them, and with
 * them their edges and what guards those.
 */
export function systemIn(system: System, powers: readonly Power[]): System {
  if (powers.includes('backing')) return system;
  const backing = backingOf(system);
  if (backing.length === 0) return system;
  const edges = system.edges.filter(({ caller, callee }) => !backing.includes(caller) && !backing.includes(callee));
  const kept = edges.map(({ name }) => name);
  return {
    ...system,
    services: Object.fromEntries(Object.entries(system.services).filter(([name]) => !backing.includes(name))),
    edges,
    breakers: Object.fromEntries(Object.entries(system.breakers).filter(([, { edge }]) => kept.includes(edge))),
  };
}

/** What of a scenario needs its databases, caches and brokers: faults and expectations that name one, or an edge to one. */
export function backingNeeds(faults: Scenario['faults'], expect: Scenario['expect'], system: System): readonly Need[] {
  const backing = backingOf(system);
  const names = new Set([
    ...backing,
    ...system.edges.flatMap(({ name, caller, callee }) => (backing.includes(caller) || backing.includes(callee) ? [name] : [])),
  ]);
  const mentions = (value: object): boolean =>
    Object.values(value).some((entry: unknown) =>
      Array.isArray(entry) ? entry.some((one) => names.has(one as string)) : names.has(entry as string),
    );
  return [
    ...faults.flatMap(({ inject }, index) =>
      mentions(inject) ? [{ power: 'backing' as const, path: `faults[${index}].inject`, what: inject.kind, isSight: false }] : [],
    ),
    ...expect.flatMap((expectation, index) =>
      mentions(expectation) ? [{ power: 'backing' as const, path: `expect[${index}]`, what: expectation.check, isSight: false }] : [],
    ),
  ];
}

function backingOf({ services }: System): readonly string[] {
  return Object.entries(services).flatMap(([name, { backing }]) => (backing === undefined ? [] : [name]));
}
