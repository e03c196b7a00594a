import { checkObservations, isCensored, type Observation } from './sample.ts';

/** How much a statistic varies from run to run. */
export type Spread =
  | { readonly kind: 'spread'; readonly cv: number }
  | { readonly kind: 'unknown'; readonly why: 'too few runs' | 'censored runs' | 'zeros' | 'no ratio' };

/**
 * The coefficient of variation of log-normal values, from the pooled variance of the logarithms within each group of runs.
 *
 * @throws {RangeError} if a value is negative or not finite, naming the index
 */
export function runToRunSpread(groups: readonly (readonly Observation[])[]): Spread {
  groups.forEach((group, index) => checkObservations(group, `groups[${index}]`, 0));
  const all = groups.flat();
  if (all.some(isCensored)) return { kind: 'unknown', why: 'censored runs' };
  if (all.some((observation) => !isCensored(observation) && observation.value === 0)) return { kind: 'unknown', why: 'zeros' };
  const degrees = groups.reduce((sum, group) => sum + Math.max(0, group.length - 1), 0);
  if (degrees === 0) return { kind: 'unknown', why: 'too few runs' };
  const squares = groups.reduce((sum, group) => sum + squaresOf(group), 0);
  return { kind: 'spread', cv: Math.sqrt(Math.expm1(squares / degrees)) };
}

/** The sum of the squared distances of the logarithms from their mean, in an order of its own so that it is the same for any order. */
function squaresOf(group: readonly Observation[]): number {
  const logs = Float64Array.from(group, (observation) => (isCensored(observation) ? 0 : Math.log(observation.value))).sort();
  const mean = logs.reduce((sum, log) => sum + log, 0) / Math.max(1, logs.length);
  return logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
}
