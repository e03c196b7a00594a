import { COVERAGE_STATES } from '../model/coverage.ts';
import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';

/** What keeps data that was stored from being a coverage of this version: without a problem it is `Coverage`. */
export function coverageProblems(value: unknown): readonly Problem[] {
  if (!isRecord(value)) return [{ path: 'coverage', expected: 'an object', found: show(value) }];
  if (value['schemaVersion'] !== 1) return [{ path: 'schemaVersion', expected: '1', found: show(value['schemaVersion']) }];
  const { systems, scenarios } = value;
  return [
    ...each(systems, 'systems', (system, at) => [
      ...texts(system, ['system'], at),
      ...namesProblems(system['edges'], `${at}.edges`),
      ...namesProblems(system['kinds'], `${at}.kinds`),
      ...each(system['cells'], `${at}.cells`, cellProblems),
    ]),
    ...each(scenarios, 'scenarios', (scenario, at) => texts(scenario, ['name'], at)),
  ];
}

function cellProblems(cell: Readonly<Record<string, unknown>>, at: string): readonly Problem[] {
  const isState = COVERAGE_STATES.some((state) => state === cell['state']);
  return [
    ...texts(cell, ['edge', 'kind'], at),
    ...(isState ? [] : [{ path: `${at}.state`, expected: `one of ${COVERAGE_STATES.join(', ')}`, found: show(cell['state']) }]),
    ...['declaredBy', 'exercisedBy', 'assertedBy'].flatMap((list) => namesProblems(cell[list], `${at}.${list}`)),
  ];
}

function each(
  list: unknown,
  path: string,
  check: (entry: Readonly<Record<string, unknown>>, at: string) => readonly Problem[],
): readonly Problem[] {
  if (!Array.isArray(list)) return [{ path, expected: 'a list', found: show(list) }];
  return list.flatMap((entry: unknown, index) =>
    isRecord(entry) ? check(entry, `${path}[${index}]`) : [{ path: `${path}[${index}]`, expected: 'an object', found: show(entry) }],
  );
}

function texts(record: Readonly<Record<string, unknown>>, names: readonly string[], path: string): readonly Problem[] {
  return names.flatMap((name) =>
    typeof record[name] === 'string' ? [] : [{ path: `${path}.${name}`, expected: 'a text', found: show(record[name]) }],
  );
}

function namesProblems(list: unknown, path: string): readonly Problem[] {
  return Array.isArray(list) && list.every((name) => typeof name === 'string')
    ? []
    : [{ path, expected: 'a list of names', found: show(list) }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
