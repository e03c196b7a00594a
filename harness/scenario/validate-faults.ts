import type { Catalogue } from '../model/catalogue.ts';
import type { Fault } from '../model/fault.ts';
import { LIMITS } from '../model/limits.ts';
import { PHASES } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { shapeProblems, show, type Names } from '../model/shape.ts';
import type { System } from '../model/system.ts';
import { duplicateProblems, isRecord, nameProblems, readDuration, rowOf, unknownFieldProblems, type Unknowns } from './validate-data.ts';

const FIELDS = ['name', 'inject', 'from', 'for', 'every', 'times'];

export interface FaultSurroundings {
  readonly catalogue: Catalogue;
  readonly names: Names;
  /** Null where the system itself is wrong: what a fault reaches cannot be told then. */
  readonly system: System | null;
}

/** All problems of the faults: names, times, kinds and what they reach. */
export function faultsProblems(faults: unknown, surroundings: FaultSurroundings, path = 'faults'): Problem[] {
  if (!Array.isArray(faults)) return [{ path, expected: 'a list of faults', found: show(faults) }];
  const names = faults.map((fault: unknown) => (isRecord(fault) ? fault['name'] : undefined));
  return [
    ...faults.flatMap((fault: unknown, index) => faultProblems(fault, surroundings, `${path}[${index}]`)),
    ...duplicateProblems(names, (index) => `${path}[${index}].name`, 'name'),
  ];
}

function faultProblems(fault: unknown, surroundings: FaultSurroundings, path: string): Problem[] {
  if (!isRecord(fault)) return [{ path, expected: 'a fault', found: show(fault) }];
  return [
    ...unknownFieldProblems(fault, FIELDS, path),
    // Expectations may speak of a phase or of a fault by one field: a name must not be both.
    ...nameProblems(fault['name'], `${path}.name`, PHASES),
    ...injectProblems(fault['inject'], surroundings, `${path}.inject`),
    ...timingProblems(fault, path),
  ];
}

function injectProblems(inject: unknown, { catalogue, names, system }: FaultSurroundings, path: string): Problem[] {
  if (!isRecord(inject)) return [{ path, expected: 'a fault such as latency(edge, { delay })', found: show(inject) }];
  const found = rowOf(catalogue.faults, inject['kind'], `${path}.kind`);
  if ('problem' in found) return [found.problem];
  const problems = shapeProblems(inject, found.row.schema, names, path, ['kind']);
  if (problems.length > 0 || system === null) return problems;
  const reach = found.row.reach(inject as unknown as Fault, system);
  if (reach.edges.length > 0 || reach.services.length > 0) return [];
  const hint = "edges run from a service to those in its 'calls'; faults on requests need an edge of protocol 'http'";
  return [{ path, expected: 'a fault that reaches at least one edge', found: `none of ${names.edge.join(', ')}`, hint }];
}

function timingProblems(fault: Unknowns, path: string): Problem[] {
  const problems: Problem[] = [];
  const read = (key: 'from' | 'for' | 'every'): number | null => {
    const length = readDuration(fault[key], `${path}.${key}`);
    if ('lengthMs' in length) return length.lengthMs;
    problems.push(length.problem);
    return null;
  };
  const fromMs = read('from');
  const forMs = read('for');
  const everyMs = fault['every'] === undefined ? undefined : read('every');
  if (forMs === 0) problems.push({ path: `${path}.for`, expected: 'more than 0 ms', found: show(fault['for']) });
  if (everyMs !== undefined && everyMs !== null && forMs !== null && everyMs <= forMs) {
    problems.push({
      path: `${path}.every`,
      expected: `a period longer than 'for' (${forMs} ms)`,
      found: show(fault['every']),
      hint: 'the fault must be out of force before it comes again',
    });
  }
  problems.push(...timesProblems(fault, path));
  const times = typeof fault['times'] === 'number' && everyMs !== undefined ? fault['times'] : 1;
  const endMs = (fromMs ?? 0) + (forMs ?? 0) + (everyMs ?? 0) * (times - 1);
  if (endMs > LIMITS.runMs) {
    const expected = `an end within the longest run (${LIMITS.runMs} ms)`;
    problems.push({ path: (forMs ?? 0) > LIMITS.runMs ? `${path}.for` : path, expected, found: `an end at ${endMs} ms` });
  }
  return problems;
}

function timesProblems({ every, times }: Unknowns, path: string): Problem[] {
  if (every === undefined && times === undefined) return [];
  if (every === undefined) return [{ path: `${path}.every`, expected: "a period, as 'times' is given", found: 'nothing' }];
  const isCount = typeof times === 'number' && Number.isInteger(times) && times >= 1 && times <= LIMITS.faultTimes;
  return isCount
    ? []
    : [{ path: `${path}.times`, expected: `a whole number from 1 to ${LIMITS.faultTimes}, as 'every' is given`, found: show(times) }];
}
