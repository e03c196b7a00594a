import { nearest, type Problem } from '../model/problem.ts';
import { show, type Names } from '../model/shape.ts';
import { milliseconds, type Duration } from '../model/time.ts';

/** An object of which nothing is known yet. */
export type Unknowns = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For shapes that refer to no names. */
export const NO_NAMES: Names = { service: [], edge: [], breaker: [], fault: [], request: [] };

/** The path of a field inside `path`; the empty path is the input itself. */
export function fieldPath(path: string, key: string): string {
  const segment = /^[\w-]+$/.test(key) ? key : undefined;
  if (segment === undefined) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? segment : `${path}.${segment}`;
}

/** What JSON cannot keep: functions, `undefined`, dates, class instances, numbers that are not finite, cycles. */
export function plainDataProblems(value: unknown, path: string, ancestors: readonly unknown[] = []): Problem[] {
  const problem = (found: string): Problem[] => [
    { path: path === '' ? 'scenario' : path, expected: 'plain data that JSON can hold', found },
  ];
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return [];
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? [] : problem(Object.is(value, -0) ? '-0' : String(value));
    case 'object':
      break;
    default:
      return problem(value === undefined ? 'undefined' : `a ${typeof value}`);
  }
  if (value === null) return [];
  if (ancestors.includes(value)) return problem('an object that contains itself');
  const inside = [...ancestors, value];
  if (Array.isArray(value)) {
    return Array.from(value, (entry: unknown, index) => plainDataProblems(entry, `${path}[${index}]`, inside)).flat();
  }
  if (!isPlain(value)) return problem(`a ${value.constructor.name}`);
  if (Object.getOwnPropertySymbols(value).length > 0) return problem('an object with a symbol as key');
  return Object.entries(value).flatMap(([key, entry]) => plainDataProblems(entry, fieldPath(path, key), inside));
}

// Asks for a parent without a parent, not for this realm's Object: test runners load scenarios in realms of their own.
function isPlain(value: object): boolean {
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === null || (typeof parent === 'object' && Object.getPrototypeOf(parent) === null);
}

/** A duration as milliseconds, or what is wrong with it. */
export function readDuration(value: unknown, path: string): { readonly lengthMs: number } | { readonly problem: Problem } {
  if (typeof value === 'number' || typeof value === 'string') {
    try {
      return { lengthMs: milliseconds(value as Duration, path) };
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    }
  }
  const expected = "a duration of 0 or more: milliseconds, or a text such as '250ms', '2s' or '1m'";
  return { problem: { path, expected, found: show(value) } };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Names travel through URLs, file names and proxies: letters, digits, `-`, `_` and `.`. */
export function nameProblems(name: unknown, path: string, reserved: readonly string[] = []): Problem[] {
  if (typeof name !== 'string' || !NAME.test(name)) {
    return [{ path, expected: "a name of letters, digits, '-', '_' and '.', at most 64 long", found: show(name) }];
  }
  if (reserved.includes(name))
    return [{ path, expected: `a name other than ${reserved.join(', ')}`, found: `the reserved name '${name}'` }];
  return [];
}

/** One problem for each name that an earlier entry has. */
export function duplicateProblems(names: readonly unknown[], pathOf: (index: number) => string, noun: string): Problem[] {
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== 'string' || first === index) return [];
    return [{ path: pathOf(index), expected: `a ${noun} of its own`, found: `'${name}' again`, hint: `${pathOf(first)} has it already` }];
  });
}

/** The row of that kind, or the problem that there is none. Own keys only: no table has a row `constructor`. */
export function rowOf<T>(
  table: Readonly<Record<string, T>>,
  kind: unknown,
  path: string,
): { readonly row: T } | { readonly problem: Problem } {
  const row = typeof kind === 'string' && Object.hasOwn(table, kind) ? table[kind] : undefined;
  if (row !== undefined) return { row };
  return { problem: unknownName(kind, Object.keys(table), path) };
}

/** "one of a, b, c", with the nearest name as a hint. */
export function unknownName(name: unknown, known: readonly string[], path: string): Problem {
  const near = typeof name === 'string' ? nearest(name, known) : undefined;
  const expected = known.length === 0 ? 'a known name (none is declared)' : `one of ${known.join(', ')}`;
  return { path, expected, found: show(name), ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }) };
}

/** A problem for each field that is none of `known`. */
export function unknownFieldProblems(record: Unknowns, known: readonly string[], path: string): Problem[] {
  return Object.keys(record)
    .filter((key) => !known.includes(key))
    .map((key) => ({ ...unknownName(key, known, fieldPath(path, key)), found: `the unknown field '${key}'` }));
}
