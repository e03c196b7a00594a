/** A length of time as people write it: `'250ms'`, `'2s'`, `'1.5s'`, `'3m'`, or a number of milliseconds. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m`;

export const MICROSECONDS_PER_MILLISECOND = 1000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/**
 * Reads a duration as milliseconds.
 *
 * @throws {SyntaxError} if the text is no duration
 * @throws {RangeError} if the length is negative or not finite
 */
export function milliseconds(value: Duration, name: string): number {
  const length = typeof value === 'number' ? value : parse(value, name);
  if (!Number.isFinite(length) || length < 0) {
    throw new RangeError(`Cannot read a duration as '${name}' must be 0 or more milliseconds: current value is ${JSON.stringify(value)}`);
  }
  return length;
}

function parse(text: string, name: string): number {
  const match = /^(-?\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const unit = match?.[2];
  if (match?.[1] === undefined || unit === undefined) {
    throw new SyntaxError(
      `Cannot read a duration as '${name}' must be milliseconds or a text such as '250ms', '2s' or '1m': current value is ${JSON.stringify(text)}`,
    );
  }
  return Number(match[1]) * (UNIT_MS[unit] ?? Number.NaN);
}

/** Whole microseconds of a number of milliseconds. */
export function microseconds(lengthMs: number): number {
  return Math.round(lengthMs * MICROSECONDS_PER_MILLISECOND);
}

/** A length of time for people: `0.42 ms`, `250 ms`, `2.5 s`, `3 min`. */
export function formatMs(lengthMs: number): string {
  const size = Math.abs(lengthMs);
  if (size < 10) return `${trim(lengthMs, 2)} ms`;
  if (size < 1000) return `${trim(lengthMs, 0)} ms`;
  if (size < 120_000) return `${trim(lengthMs / 1000, 2)} s`;
  return `${trim(lengthMs / 60_000, 1)} min`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
