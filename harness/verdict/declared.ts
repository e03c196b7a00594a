import type { Finding } from '../model/finding.ts';

/** Fields of an expectation whose name in code is another one. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  availability: { of: 'during', phase: 'during' },
  latencyWithin: { of: 'during', phase: 'during' },
  fallback: { of: 'during', edge: 'source' },
  isolation: { of: 'from' },
  page: { of: 'during', phase: 'during' },
};

/** Fields that are durations in code, by their name there: `withinMs: 8000` was `within: '8s'`. */
const DURATIONS: ReadonlySet<string> = new Set(['withinMs', 'holdForMs', 'stalenessMaxMs', 'endsWithinMs', 'firstMinMs', 'afterMs']);

/** Expectations that are methods of `breaker(name)`, and those of them that take a bare list. */
const OF_A_BREAKER: ReadonlySet<string> = new Set(['opens', 'staysClosed', 'visits', 'staysOpen', 'trialCalls', 'closes']);

/** The expectation as its author wrote it, or near enough to be pasted: `recovery({ of: 'storm', within: '8s' })`. A guard is its name. */
export function declare({ check, guard, expectation }: Finding): string {
  if (guard || expectation === undefined) return check;
  const { check: _, breaker, ...fields } = expectation;
  if (!OF_A_BREAKER.has(check)) return `${check}(${options(check, breaker === undefined ? fields : { breaker, ...fields })})`;
  const prefix = `breaker(${literal(breaker)}).${check}`;
  if (check === 'visits') return `${prefix}(${literal(fields['states'])})`;
  return `${prefix}(${Object.keys(fields).length === 0 ? '' : options(check, fields)})`;
}

function options(check: string, fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).map(([name, value]) => {
    if (DURATIONS.has(name) && typeof value === 'number') return `${name.slice(0, -2)}: ${duration(value)}`;
    return `${RENAMED[check]?.[name] ?? name}: ${literal(value)}`;
  });
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function duration(lengthMs: number): string {
  return lengthMs >= 1000 ? `'${lengthMs / 1000}s'` : `'${lengthMs}ms'`;
}

/** A value in the project's quotes. */
function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return JSON.stringify(value) ?? 'undefined';
}
