import type { Plan } from '../../model/plan.ts';

/** The arrivals of one process: ordinals in the plan's schedule, and beside each its time and its place in the load's requests and, behind them, its journeys. */
export interface Share {
  readonly ordinals: Uint32Array;
  /** From the load's start, in microseconds. */
  readonly intendedUs: Float64Array;
  readonly request: Uint32Array;
}

/** Copies these arrivals out of the schedule. */
export function shareOf({ schedule }: Pick<Plan, 'schedule'>, ordinals: Uint32Array): Share {
  const { intendedUs, request } = schedule;
  return {
    ordinals,
    intendedUs: Float64Array.from(ordinals, (ordinal) => intendedUs[ordinal] ?? 0),
    request: Uint32Array.from(ordinals, (ordinal) => request[ordinal] ?? 0),
  };
}
