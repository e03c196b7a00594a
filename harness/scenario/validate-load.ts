import type { Catalogue } from '../model/catalogue.ts';
import { LIMITS } from '../model/limits.ts';
import type { Problem } from '../model/problem.ts';
import { OTHER_REQUEST } from '../model/load.ts';
import { isProjectPath } from '../model/project-path.ts';
import { shapeProblems, show, type Shape } from '../model/shape.ts';
import {
  NO_NAMES,
  duplicateProblems,
  fieldPath,
  isRecord,
  nameProblems,
  rowOf,
  unknownFieldProblems,
  type Unknowns,
} from './validate-data.ts';
import { observeProblems } from './validate-system.ts';

const REQUEST_FIELDS = ['name', 'method', 'path', 'weight', 'headers', 'body', 'timeoutMs', 'observe', 'schema'];
/** Generators that every load has. */
const BUILT_IN_VALUES = ['uuid', 'seq'];

/** All problems of a load. */
export function loadProblems(load: unknown, catalogue: Catalogue, path = 'load'): Problem[] {
  if (!isRecord(load)) return [{ path, expected: 'a load made by openLoad', found: show(load) }];
  if (load['kind'] === 'k6-script') return scriptProblems(load, path);
  const requests: readonly unknown[] = Array.isArray(load['requests']) ? load['requests'] : [];
  const journeys: readonly unknown[] = Array.isArray(load['journeys']) ? load['journeys'] : [];
  const values = isRecord(load['values']) ? load['values'] : {};
  const problems = unknownFieldProblems(load, ['kind', 'arrivals', 'requests', 'values', 'journeys'], path);
  if (load['kind'] !== 'open') problems.push({ path: `${path}.kind`, expected: "'open' or 'k6-script'", found: show(load['kind']) });
  problems.push(...arrivalsProblems(load['arrivals'], catalogue, `${path}.arrivals`));
  if (requests.length === 0) problems.push({ path: `${path}.requests`, expected: 'at least one request', found: show(load['requests']) });
  if (!isRecord(load['values'])) problems.push({ path: `${path}.values`, expected: 'lists of texts by name', found: show(load['values']) });
  for (const [name, list] of Object.entries(values)) {
    const isTexts = Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === 'string');
    if (!isTexts) problems.push({ path: fieldPath(`${path}.values`, name), expected: 'a list of at least one text', found: show(list) });
  }
  const known = [...Object.keys(values), ...BUILT_IN_VALUES];
  problems.push(...requests.flatMap((request, index) => requestProblems(request, known, `${path}.requests[${index}]`)));
  if (load['journeys'] !== undefined && !Array.isArray(load['journeys']))
    problems.push({ path: `${path}.journeys`, expected: 'a list of journeys', found: show(load['journeys']) });
  problems.push(...journeys.flatMap((journey, index) => journeyProblems(journey, `${path}.journeys[${index}]`)));
  const places = [...requests.map((_, index) => `${path}.requests[${index}]`), ...journeys.map((_, index) => `${path}.journeys[${index}]`)];
  problems.push(...duplicateProblems([...requests, ...journeys].map(nameOf), (index) => `${places[index]}.name`, 'name'));
  return problems;
}

function nameOf(entry: unknown): unknown {
  return isRecord(entry) ? entry['name'] : undefined;
}

/** All problems of a k6 script as the load; its content is looked at by k6. */
function scriptProblems(load: Unknowns, path: string): Problem[] {
  const problems = unknownFieldProblems(load, ['kind', 'file', 'requests', 'env'], path);
  problems.push(...codeFileProblems(load['file'], `${path}.file`));
  const { requests, env } = load;
  if (!Array.isArray(requests)) problems.push({ path: `${path}.requests`, expected: 'a list of requests', found: show(requests) });
  const list: readonly unknown[] = Array.isArray(requests) ? requests : [];
  // Its paths are patterns: any name may stand in braces.
  problems.push(...list.flatMap((request, index) => requestProblems(request, placeholdersIn(request), `${path}.requests[${index}]`)));
  problems.push(...duplicateProblems([...list.map(nameOf), OTHER_REQUEST], (index) => `${path}.requests[${index}].name`, 'name'));
  const isTexts = isRecord(env) && Object.entries(env).every(([name, value]) => /^\w+$/.test(name) && typeof value === 'string');
  if (!isTexts) problems.push({ path: `${path}.env`, expected: 'texts by the name of a variable', found: show(env) });
  return problems;
}

const JOURNEY: Shape = {
  ratePerSecond: { type: 'number', min: 0.001, max: LIMITS.journeysPerSecond, unit: 'arrivals a second', optional: true },
  users: { type: 'integer', min: 1, max: LIMITS.journeyUsers, optional: true },
  thinkMs: { type: 'number', min: 0, max: LIMITS.runMs, unit: 'ms', optional: true },
  timeoutMs: { type: 'number', min: 1, max: LIMITS.runMs, unit: 'ms' },
  export: { type: 'string' },
};

function journeyProblems(journey: unknown, path: string): Problem[] {
  if (!isRecord(journey)) return [{ path, expected: 'a journey made by journeyOf', found: show(journey) }];
  const { name, file } = journey;
  return [
    ...nameProblems(name, `${path}.name`),
    ...codeFileProblems(file, `${path}.file`),
    ...shapeProblems(journey, JOURNEY, NO_NAMES, path, ['name', 'file']),
    ...pacingProblems(journey, path),
  ];
}

/** Who goes a journey: so many a second, or so many at a time who think in between. */
function pacingProblems({ ratePerSecond, users, thinkMs }: Unknowns, path: string): Problem[] {
  const hasRate = ratePerSecond !== undefined;
  const hasUsers = users !== undefined;
  if (hasRate === hasUsers) return [{ path, expected: "exactly one of 'ratePerSecond' and 'users'", found: hasRate ? 'both' : 'neither' }];
  if (hasUsers && thinkMs === undefined) return [{ path: `${path}.thinkMs`, expected: 'a number of ms (0 for none)', found: 'nothing' }];
  if (hasRate && thinkMs !== undefined)
    return [{ path: `${path}.thinkMs`, expected: "left out, as it goes with 'users'", found: show(thinkMs) }];
  return [];
}

function codeFileProblems(file: unknown, path: string): Problem[] {
  return isProjectPath(file) ? [] : [{ path, expected: "a path inside the project's folder, counted from there", found: show(file) }];
}

function arrivalsProblems(arrivals: unknown, catalogue: Catalogue, path: string): Problem[] {
  if (!isRecord(arrivals)) return [{ path, expected: 'a load shape', found: show(arrivals) }];
  if (catalogue.arrivals === undefined) return [];
  const found = rowOf(catalogue.arrivals, arrivals['kind'], `${path}.kind`);
  return 'problem' in found ? [found.problem] : shapeProblems(arrivals, found.row.schema, NO_NAMES, path, ['kind']);
}

function requestProblems(request: unknown, values: readonly string[], path: string): Problem[] {
  if (!isRecord(request)) return [{ path, expected: 'a request', found: show(request) }];
  const { method, weight, timeoutMs, headers, observe } = request;
  const problems = [...unknownFieldProblems(request, REQUEST_FIELDS, path), ...nameProblems(request['name'], `${path}.name`)];
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method) || method === 'CONNECT') {
    problems.push({ path: `${path}.method`, expected: 'an HTTP method in capitals, and not CONNECT', found: show(method) });
  }
  if (typeof request['path'] !== 'string' || !/^\/[!"$-~]*$/.test(request['path'])) {
    problems.push({
      path: `${path}.path`,
      expected: "a path that begins with '/', of printable ASCII without spaces or '#'",
      found: show(request['path']),
    });
  }
  if (typeof weight !== 'number' || !Number.isFinite(weight) || weight <= 0) {
    problems.push({ path: `${path}.weight`, expected: 'a number above 0', found: show(weight) });
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= LIMITS.runMs)) {
    problems.push({ path: `${path}.timeoutMs`, expected: `more than 0 ms and at most ${LIMITS.runMs} ms`, found: show(timeoutMs) });
  }
  if (!isRecord(headers) || !Object.values(headers).every((value) => typeof value === 'string')) {
    problems.push({ path: `${path}.headers`, expected: 'texts by header', found: show(headers) });
  }
  if (observe !== undefined) problems.push(...observeProblems(observe, `${path}.observe`));
  return [...problems, ...placeholderProblems(request, values, path)];
}

function placeholderProblems(request: Unknowns, values: readonly string[], path: string): Problem[] {
  return ['path', 'headers', 'body'].flatMap((part) =>
    placeholdersIn(request[part])
      .filter((name) => !values.includes(name))
      .map((name) => ({
        path: `${path}.${part}`,
        expected: `placeholders that have values (${values.map((value) => `{${value}}`).join(', ')})`,
        found: `{${name}}`,
        hint: `add '${name}' to the load's values`,
      })),
  );
}

function placeholdersIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(/\{(\w[\w-]*)\}/g)].map((match) => match[1] ?? '');
  if (Array.isArray(value)) return value.flatMap(placeholdersIn);
  return isRecord(value) ? Object.values(value).flatMap(placeholdersIn) : [];
}
