import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';

type Unknowns = Readonly<Record<string, unknown>>;

/**
 * What keeps data that was stored from being the statistics of a run: files are edited, cut off, and written by other versions. Without
 * a problem it is `RunStatistics`.
 */
export function statisticsProblems(value: unknown, path: string): readonly Problem[] {
  if (!isRecord(value)) return [{ path, expected: 'the statistics of a run', found: show(value) }];
  if (value['schemaVersion'] !== 1) return [{ path: `${path}.schemaVersion`, expected: '1', found: show(value['schemaVersion']) }];
  const { scenario, fingerprint, noiseMs, metrics, overrides } = value;
  return [
    ...textProblems(value, ['runId', 'startedAt', 'environment', 'driver', 'pace', 'verdict'], path),
    ...within(scenario, `${path}.scenario`, (fields, at) => [
      ...textProblems(fields, ['name', 'hash'], at),
      ...listProblems(fields, ['tags'], at),
    ]),
    ...within(fingerprint, `${path}.fingerprint`, (fields, at) =>
      textProblems(fields, ['cpu', 'platform', 'arch', 'node', 'halfopen'], at),
    ),
    ...within(overrides, `${path}.overrides`, (fields, at) =>
      Object.entries(fields).flatMap(([key, set]) => within(set, `${at}.${key}`, () => [])),
    ),
    ...within(noiseMs, `${path}.noiseMs`, (fields, at) => numberProblems(fields, ['baseline', 'fault', 'recovery'], at)),
    ...within(metrics, `${path}.metrics`, metricsProblems),
    ...listProblems(value, ['exercised'], path),
  ];
}

function metricsProblems(metrics: Unknowns, path: string): readonly Problem[] {
  const problems = listProblems(metrics, ['faults', 'phases', 'edges'], path);
  if (problems.length > 0) return problems;
  const each = (field: string, check: (fields: Unknowns, at: string) => readonly Problem[]): readonly Problem[] =>
    (metrics[field] as readonly unknown[]).flatMap((entry, index) => within(entry, `${path}.${field}[${index}]`, check));
  return [
    ...each('faults', (fields, at) => [
      ...textProblems(fields, ['fault'], at),
      ...TIMES.flatMap((time) => [
        ...measuredProblems(fields[time], `${at}.${time}`),
        ...resolutionProblems(fields[time], `${at}.${time}`),
      ]),
    ]),
    ...each('phases', (fields, at) => [
      ...textProblems(fields, ['phase'], at),
      ...numberProblems(fields, ['samples'], at),
      ...['availability', 'wrongAnswers'].flatMap((name) => measuredProblems(fields[name], `${at}.${name}`)),
      ...listProblems(fields, ['latency'], at),
      ...(Array.isArray(fields['latency']) ? fields['latency'] : []).flatMap((entry, index) => [
        ...measuredProblems(entry, `${at}.latency[${index}]`),
        ...within(entry, `${at}.latency[${index}]`, (latency, place) => numberProblems(latency, ['quantile'], place)),
      ]),
    ]),
    ...each('edges', (fields, at) => [
      ...textProblems(fields, ['edge', 'fault'], at),
      ...measuredProblems(fields['amplification'], `${at}.amplification`),
    ]),
  ];
}

const TIMES = ['recovery', 'containment', 'readmission', 'drain'];

function measuredProblems(value: unknown, path: string): readonly Problem[] {
  return within(value, path, (fields) => {
    if (isNumber(fields['value']) || isNumber(fields['censoredAtMs']) || typeof fields['unknown'] === 'string') return [];
    return [{ path, expected: "a number 'value', a number 'censoredAtMs', or a reason 'unknown'", found: show(value) }];
  });
}

function resolutionProblems(value: unknown, path: string): readonly Problem[] {
  return isRecord(value) ? numberProblems(value, ['resolutionMs'], path) : [];
}

function within(value: unknown, path: string, check: (fields: Unknowns, at: string) => readonly Problem[]): readonly Problem[] {
  return isRecord(value) ? check(value, path) : [{ path, expected: 'an object', found: show(value) }];
}

function textProblems(fields: Unknowns, names: readonly string[], path: string): readonly Problem[] {
  return names.flatMap((name) =>
    typeof fields[name] === 'string' ? [] : [{ path: `${path}.${name}`, expected: 'a text', found: show(fields[name]) }],
  );
}

function numberProblems(fields: Unknowns, names: readonly string[], path: string): readonly Problem[] {
  return names.flatMap((name) =>
    isNumber(fields[name]) ? [] : [{ path: `${path}.${name}`, expected: 'a number', found: show(fields[name]) }],
  );
}

function listProblems(fields: Unknowns, names: readonly string[], path: string): readonly Problem[] {
  return names.flatMap((name) =>
    Array.isArray(fields[name]) ? [] : [{ path: `${path}.${name}`, expected: 'a list', found: show(fields[name]) }],
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
