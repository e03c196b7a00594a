import { canonicalJson } from '../model/canonical.ts';
import type { Catalogue } from '../model/catalogue.ts';
import { LIMITS } from '../model/limits.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import type { Scenario } from '../model/scenario.ts';
import { shapeProblems, show, type Names } from '../model/shape.ts';
import type { System } from '../model/system.ts';
import { isRecord, plainDataProblems, rowOf, unknownFieldProblems, type Unknowns } from './validate-data.ts';
import { faultsProblems } from './validate-faults.ts';
import { loadProblems } from './validate-load.ts';
import { systemProblems } from './validate-system.ts';

const FIELDS = ['schemaVersion', 'name', 'title', 'tags', 'system', 'load', 'timeline', 'pace', 'faults', 'expect'];
const LENGTHS = ['warmupMs', 'baselineMs', 'recoveryMs'] as const;

/** All problems of a scenario as data, wherever it comes from: shape, names, times, kinds. Nothing is taken on trust. */
export function validateScenario(scenario: unknown, catalogue: Catalogue): Problem[] {
  if (!isRecord(scenario)) return [{ path: 'scenario', expected: 'a scenario made by defineScenario', found: show(scenario) }];
  if (!('schemaVersion' in scenario)) {
    return [{ path: 'schemaVersion', expected: '1', found: 'nothing', hint: 'export default defineScenario(system, { … })' }];
  }
  // Cycles and functions would break what follows, and hide nothing that a second look would not show.
  const unkept = plainDataProblems(scenario, '');
  if (unkept.length > 0) return unkept;
  const wrongSystem = systemProblems(scenario['system'], catalogue);
  const names = namesIn(scenario);
  const system = wrongSystem.length === 0 ? (scenario['system'] as unknown as System) : null;
  return [
    ...headProblems(scenario),
    ...wrongSystem,
    ...loadProblems(scenario['load'], catalogue),
    ...timelineProblems(scenario['timeline'], 'timeline', LENGTHS),
    ...paceProblems(scenario['pace']),
    ...faultsProblems(scenario['faults'], { catalogue, names, system }),
    ...expectProblems(scenario['expect'], catalogue, names),
  ];
}

/**
 * The same value as a scenario that may be planned.
 *
 * @throws {UsageError} with all problems of `validateScenario`
 */
export function checkedScenario(scenario: unknown, catalogue: Catalogue): Scenario {
  const problems = validateScenario(scenario, catalogue);
  if (problems.length === 0) return scenario as Scenario;
  const name = isRecord(scenario) && typeof scenario['name'] === 'string' ? scenario['name'] : '';
  const places = problems.length === 1 ? 'one place' : `${problems.length} places`;
  throw new UsageError(`Cannot run ${name === '' ? 'the scenario' : `'${name}'`} as it is wrong in ${places}:`, problems);
}

function headProblems(scenario: Unknowns): Problem[] {
  const { schemaVersion, name, title, tags } = scenario;
  const problems = unknownFieldProblems(scenario, FIELDS, '');
  if (schemaVersion !== 1) problems.push({ path: 'schemaVersion', expected: '1', found: show(schemaVersion) });
  // The loader names a scenario after its file; until then the name is empty. Runs are folders of that name.
  if (typeof name !== 'string' || !/^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$/.test(name)) {
    problems.push({ path: 'name', expected: "a name of letters, digits, '-', '_' and '.'", found: show(name) });
  }
  if (typeof title !== 'string' || title.trim() === '') problems.push({ path: 'title', expected: 'a sentence', found: show(title) });
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string' && tag !== '')) {
    problems.push({ path: 'tags', expected: 'a list of texts', found: show(tags) });
  }
  return problems;
}

function timelineProblems(timeline: unknown, path: string, required: readonly string[]): Problem[] {
  if (!isRecord(timeline)) return [{ path, expected: 'lengths of the phases', found: show(timeline) }];
  const problems = unknownFieldProblems(timeline, LENGTHS, path);
  for (const key of LENGTHS) {
    const length = timeline[key];
    if (length === undefined && !required.includes(key)) continue;
    const isLength = typeof length === 'number' && length <= LIMITS.runMs && (key === 'warmupMs' ? length >= 0 : length > 0);
    const least = key === 'warmupMs' ? '0 ms or more' : 'more than 0 ms';
    if (!isLength) problems.push({ path: `${path}.${key}`, expected: `${least} and at most ${LIMITS.runMs} ms`, found: show(length) });
  }
  return problems;
}

function paceProblems(pace: unknown): Problem[] {
  if (!isRecord(pace)) return [{ path: 'pace', expected: "an object, empty or with 'fast'", found: show(pace) }];
  return [
    ...unknownFieldProblems(pace, ['fast'], 'pace'),
    ...(pace['fast'] === undefined ? [] : timelineProblems(pace['fast'], 'pace.fast', [])),
  ];
}

function expectProblems(expect: unknown, catalogue: Catalogue, names: Names): Problem[] {
  if (!Array.isArray(expect)) return [{ path: 'expect', expected: 'a list of expectations', found: show(expect) }];
  if (expect.length === 0) {
    return [
      { path: 'expect', expected: 'at least one expectation', found: 'an empty list', hint: 'a scenario that expects nothing cannot fail' },
    ];
  }
  const texts = expect.map(canonicalJson);
  return expect.flatMap((expectation: unknown, index) => {
    const path = `expect[${index}]`;
    if (!isRecord(expectation)) return [{ path, expected: 'an expectation', found: show(expectation) }];
    const first = texts.indexOf(texts[index] ?? '');
    const again = first === index ? [] : [{ path, expected: 'an expectation of its own', found: `the same as expect[${first}]` }];
    const found = rowOf(catalogue.checks, expectation['check'], `${path}.check`);
    if ('problem' in found) return [found.problem, ...again];
    return [...shapeProblems(expectation, found.row.schema, names, path, ['check']), ...again];
  });
}

/** Every name that the scenario declares, as far as it can be read. */
function namesIn(scenario: Unknowns): Names {
  const { system, load, faults } = scenario;
  const declared = (list: unknown): string[] =>
    Array.isArray(list)
      ? list.flatMap((entry: unknown) => (isRecord(entry) && typeof entry['name'] === 'string' ? [entry['name']] : []))
      : [];
  const keys = (record: unknown): string[] => (isRecord(record) ? Object.keys(record) : []);
  const parts = isRecord(system) ? system : {};
  return {
    service: keys(parts['services']),
    edge: declared(parts['edges']),
    breaker: keys(parts['breakers']),
    fault: declared(faults),
    request: isRecord(load) ? [...declared(load['requests']), ...declared(load['journeys'])] : [],
  };
}
