/**
 * What one run says of a statistic: its value, or that it had not been reached when watching ended. A censored value is at least
 * `censoredAtMs`; nothing more is known of it. Only durations are censored, so `value` is in milliseconds beside one that is.
 */
export type Observation = { readonly value: number } | { readonly censoredAtMs: number };

export function isCensored(observation: Observation): observation is { readonly censoredAtMs: number } {
  return 'censoredAtMs' in observation;
}

/** The value, or the least that it can be. */
export function leastOf(observation: Observation): number {
  return isCensored(observation) ? observation.censoredAtMs : observation.value;
}

/** The observation as a number that can be ranked: what was not reached comes last. */
export function rankable(observation: Observation): number {
  return isCensored(observation) ? Infinity : observation.value;
}

/**
 * The values in ascending order, as a copy; +Infinity stands for a value that was not reached.
 *
 * @throws {RangeError} at NaN or -Infinity, naming the index
 */
export function sortedSample(values: readonly number[], name: string): Float64Array {
  values.forEach((value, index) => {
    if (Number.isNaN(value) || value === -Infinity) {
      throw new RangeError(`Cannot rank values as '${name}[${index}]' must be a number or Infinity: current value is ${value}`);
    }
  });
  return Float64Array.from(values).sort();
}

/**
 * Holds observations to what can be compared: finite numbers, and none below `least` where that is given.
 *
 * @throws {RangeError} naming the index
 */
export function checkObservations(observations: readonly Observation[], name: string, least = -Infinity): void {
  observations.forEach((observation, index) => {
    const value = leastOf(observation);
    if (!Number.isFinite(value) || value < least) {
      const expected = least === -Infinity ? 'a finite number' : `a finite number of at least ${least}`;
      throw new RangeError(`Cannot compare runs as '${name}[${index}]' must be ${expected}: current value is ${value}`);
    }
  });
}

/** @throws {RangeError} unless 0 < share < 1 */
export function checkOpenShare(share: number, name: string): void {
  if (!(share > 0 && share < 1))
    throw new RangeError(`Cannot compute a bound as '${name}' must lie between 0 and 1: current value is ${share}`);
}

/** @throws {RangeError} unless a whole number of at least `least` */
export function checkWhole(count: number, name: string, least = 0): void {
  if (!(Number.isSafeInteger(count) && count >= least))
    throw new RangeError(`Cannot count runs as '${name}' must be a whole number of at least ${least}: current value is ${count}`);
}
