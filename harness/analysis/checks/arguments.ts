import { milliseconds, type Duration } from '../../model/time.ts';

/**
 * A limit in milliseconds that something can stay below.
 *
 * @throws {SyntaxError} if the text is no duration
 * @throws {RangeError} if it is not above 0
 */
export function limitMs(value: Duration, name: string, what: string): number {
  return numberAbove(milliseconds(value, name), 0, name, what, ' ms');
}

/** @throws {RangeError} if it is not a finite number above `floor` */
export function numberAbove(value: number, floor: number, name: string, what: string, unit = ''): number {
  if (Number.isFinite(value) && value > floor) return value;
  throw new RangeError(`Cannot expect ${what} as '${name}' must be above ${floor}${unit}: current value is ${value}${unit}`);
}

/** @throws {RangeError} if it is not a finite number of at least `floor` */
export function numberFrom(value: number, floor: number, name: string, what: string): number {
  if (Number.isFinite(value) && value >= floor) return value;
  throw new RangeError(`Cannot expect ${what} as '${name}' must be at least ${floor}: current value is ${value}`);
}

/** @throws {RangeError} if it is not above 0 and at most 1 */
export function share(value: number, name: string, what: string): number {
  if (value > 0 && value <= 1) return value;
  throw new RangeError(`Cannot expect ${what} as '${name}' must be above 0 and at most 1: current value is ${value}`);
}
