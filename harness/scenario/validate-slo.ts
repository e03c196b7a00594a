import { UsageError, type Problem } from '../model/problem.ts';
import { JUDGED_PHASES, QUANTILES } from '../model/run-statistics.ts';
import { show } from '../model/shape.ts';
import { OBJECTIVES, objectiveKind, sloOf, type Objective, type ObjectiveKind, type Slo, type SloDeclaration } from '../model/slo.ts';
import {
  duplicateProblems,
  fieldPath,
  isRecord,
  nameProblems,
  readDuration,
  unknownFieldProblems,
  unknownName,
  type Unknowns,
} from './validate-data.ts';

const FIELDS = ['name', 'objective', 'bound', 'during', 'quantile', 'proportion', 'confidence', 'scenarios', 'fault', 'edge', 'request'];
/** Fields that only some objectives have. */
const PICKS = ['during', 'quantile', 'fault', 'edge', 'request'] as const;

/** All problems of SLOs as data, wherever they come from. `path` is where the list is: `slos`. */
export function slosProblems(slos: unknown, path: string): Problem[] {
  if (!Array.isArray(slos)) return [{ path, expected: 'a list of SLOs', found: show(slos) }];
  return entriesProblems(slos, path, sloProblems);
}

/** What stands in `slos` of a configuration: SLOs, and paths of files or folders with more. */
export function configuredSloProblems(slos: unknown): Problem[] {
  if (!Array.isArray(slos)) return [{ path: 'slos', expected: 'a list of SLOs and of paths to files with SLOs', found: show(slos) }];
  return entriesProblems(slos, 'slos', (entry, path) => (typeof entry === 'string' ? pathProblems(entry, path) : sloProblems(entry, path)));
}

function entriesProblems(list: readonly unknown[], path: string, problemsOf: (entry: unknown, path: string) => Problem[]): Problem[] {
  const at = (index: number): string => `${path}[${index}]`;
  const names = list.map((entry) => (isRecord(entry) ? entry['name'] : undefined));
  return [
    ...list.flatMap((entry, index) => problemsOf(entry, at(index))),
    ...duplicateProblems(names, (index) => `${at(index)}.name`, 'name'),
  ];
}

function pathProblems(entry: string, path: string): Problem[] {
  return entry.trim() === '' ? [{ path, expected: 'a path', found: show(entry) }] : [];
}

/** All problems of one SLO. */
export function sloProblems(slo: unknown, path: string): Problem[] {
  if (!isRecord(slo)) return [{ path, expected: 'an SLO', found: show(slo) }];
  const at = (field: string): string => fieldPath(path, field);
  const { objective } = slo;
  const problems = [
    ...unknownFieldProblems(slo, FIELDS, path),
    ...nameProblems(slo['name'], at('name')),
    ...shareProblems(slo['proportion'], at('proportion'), 'a share of the runs above 0 and below 1'),
    ...shareProblems(slo['confidence'], at('confidence'), 'a confidence of at least 0.5 and below 1', 0.5),
    ...scenariosProblems(slo['scenarios'], at('scenarios')),
  ];
  if (!isObjective(objective)) return [...problems, unknownName(objective, Object.keys(OBJECTIVES), at('objective'))];
  return [...problems, ...boundProblems(slo['bound'], objective, at('bound')), ...pickProblems(slo, objective, path)];
}

/**
 * Reads SLOs that somebody wrote, with what they leave out filled in.
 *
 * @throws {UsageError} with all problems at once
 */
export function readSlos(slos: unknown, path: string): readonly Slo[] {
  return read(slos, slosProblems(slos, path));
}

/**
 * Reads what a file `*.slo.json` holds: one SLO or a list of them.
 *
 * @param file as messages call it
 * @throws {UsageError} with all problems at once; an empty list is one, as it would gate nothing
 */
export function readSloFile(content: unknown, file: string): readonly Slo[] {
  if (!Array.isArray(content))
    return read(
      [content],
      sloProblems(content, '').map((problem) => ({ ...problem, path: pathInFile(file, problem.path) })),
    );
  if (content.length === 0) return read(content, [{ path: file, expected: 'at least one SLO', found: 'an empty list' }]);
  return read(content, slosProblems(content, `${file} › `));
}

function pathInFile(file: string, path: string): string {
  return path === '' ? file : `${file} › ${path}`;
}

function read(slos: unknown, problems: readonly Problem[]): readonly Slo[] {
  if (problems.length === 0) return (slos as readonly SloDeclaration[]).map(sloOf);
  const places = problems.length === 1 ? 'one place' : `${problems.length} places`;
  throw new UsageError(`Cannot read the SLOs as they are wrong in ${places}:`, problems);
}

/** SLOs that come from several places must have names of their own. */
export function sharedNameProblems(places: readonly { readonly place: string; readonly slos: readonly Slo[] }[]): Problem[] {
  const all = places.flatMap(({ place, slos }) => slos.map(({ name }) => ({ place, name })));
  return duplicateProblems(
    all.map(({ name }) => name),
    (index) => `${all[index]?.place ?? ''} › ${all[index]?.name ?? ''}`,
    'name',
  );
}

function isObjective(value: unknown): value is Objective {
  return typeof value === 'string' && Object.hasOwn(OBJECTIVES, value);
}

const BOUNDS: Readonly<Record<ObjectiveKind['unit'], { readonly words: string; readonly holds: (bound: number) => boolean }>> = {
  ms: { words: "a time above 0: '10s', '250ms', or milliseconds", holds: (bound) => bound > 0 },
  ratio: { words: 'a share above 0 and at most 1', holds: (bound) => bound > 0 && bound <= 1 },
  count: { words: 'a whole number of 0 or more', holds: (bound) => Number.isInteger(bound) && bound >= 0 },
  x: { words: 'a number of at least 1 (attempts a call)', holds: (bound) => bound >= 1 },
};

function boundProblems(bound: unknown, objective: Objective, path: string): Problem[] {
  const { unit } = objectiveKind(objective);
  const { words, holds } = BOUNDS[unit];
  const read = unit === 'ms' ? readDuration(bound, path) : { lengthMs: bound };
  const value = 'lengthMs' in read ? read.lengthMs : Number.NaN;
  return typeof value === 'number' && Number.isFinite(value) && holds(value) ? [] : [{ path, expected: words, found: shown(bound) }];
}

function pickProblems(slo: Unknowns, objective: Objective, path: string): Problem[] {
  const { picks } = objectiveKind(objective);
  return PICKS.flatMap((field): Problem[] => {
    const value = slo[field];
    const at = fieldPath(path, field);
    if (!picks.includes(field)) {
      return value === undefined ? [] : [{ path: at, expected: `nothing: ${objective} has no ${field}`, found: shown(value) }];
    }
    if (field === 'during')
      return isOneOf(JUDGED_PHASES, value) ? [] : [{ path: at, expected: `one of ${JUDGED_PHASES.join(', ')}`, found: shown(value) }];
    if (field === 'quantile')
      return isOneOf(QUANTILES, value) ? [] : [{ path: at, expected: `one of ${QUANTILES.join(', ')}`, found: shown(value) }];
    return value === undefined || (typeof value === 'string' && value !== '')
      ? []
      : [{ path: at, expected: `the name of ${field === 'edge' ? 'an edge' : `a ${field}`}`, found: shown(value) }];
  });
}

function isOneOf(options: readonly unknown[], value: unknown): boolean {
  return options.includes(value);
}

function shareProblems(value: unknown, path: string, words: string, least = 0): Problem[] {
  if (value === undefined) return [];
  const isShare = typeof value === 'number' && value < 1 && (least === 0 ? value > 0 : value >= least);
  const hint = value === 1 ? { hint: 'no number of runs can prove it of every run' } : {};
  return isShare ? [] : [{ path, expected: words, found: shown(value), ...hint }];
}

function scenariosProblems(value: unknown, path: string): Problem[] {
  if (value === undefined) return [];
  if (!isRecord(value)) return [{ path, expected: "an object with 'names', 'tags', or both", found: shown(value) }];
  const lists = ['names', 'tags'].flatMap((key): Problem[] => {
    const list = value[key];
    if (list === undefined) return [];
    const isTexts = Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '');
    return isTexts ? [] : [{ path: fieldPath(path, key), expected: 'a list of texts, not empty', found: shown(list) }];
  });
  return [...unknownFieldProblems(value, ['names', 'tags'], path), ...lists];
}

/** JSON has no word for these: `show` would call them null. */
function shown(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : show(value);
}
