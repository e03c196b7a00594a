import { milliseconds, type Duration } from '../../model/time.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Field } from '../../model/shape.ts';

/** What an option must hold: who asks, how the option is called, and its bounds. */
export interface Bounds {
  readonly doing: string;
  readonly name: string;
  readonly min: number;
  readonly max?: number;
}

/** A length in whole milliseconds: the proxy's API knows no fractions. */
export function wholeMs(value: Duration, { doing, name, min, max = LIMITS.runMs }: Bounds): number {
  const lengthMs = milliseconds(value, name);
  if (Number.isInteger(lengthMs) && lengthMs >= min && lengthMs <= max) return lengthMs;
  throw new RangeError(`Cannot ${doing} as '${name}' must be ${min} to ${max} whole milliseconds: current value is ${lengthMs} ms`);
}

/** A whole number within bounds. */
export function wholeNumber(value: number, { doing, name, min, max = Number.MAX_SAFE_INTEGER }: Bounds): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw new RangeError(`Cannot ${doing} as '${name}' must be a whole number, ${range}: current value is ${value}`);
}

/** A number, whole or not, over `above` and up to `max`. */
export function realNumber(
  value: number,
  { doing, name, above, max }: { readonly doing: string; readonly name: string; readonly above: number; readonly max: number },
): number {
  if (value > above && value <= max) return value;
  throw new RangeError(`Cannot ${doing} as '${name}' must be over ${above} and at most ${max}: current value is ${value}`);
}

/** How a length in whole milliseconds is declared to the validator. */
export function msField(min: number): Extract<Field, { type: 'number' | 'integer' }> {
  return { type: 'integer', min, max: LIMITS.runMs, unit: 'ms' };
}
