import type { Power } from '../model/plan.ts';
import type { Scenario } from '../model/scenario.ts';
import type { System } from '../model/system.ts';
import type { Need } from './compile.ts';

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
      mentions(inject) ? [{ power: 'backing' as const, path: `faults[${index}].inject`, what: inject.kind }] : [],
    ),
    ...expect.flatMap((expectation, index) =>
      mentions(expectation) ? [{ power: 'backing' as const, path: `expect[${index}]`, what: expectation.check }] : [],
    ),
  ];
}

function backingOf({ services }: System): readonly string[] {
  return Object.entries(services).flatMap(([name, { backing }]) => (backing === undefined ? [] : [name]));
}
