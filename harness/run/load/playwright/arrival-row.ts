import type { RequestRow } from '../../../model/recording.ts';

/** Who sent a row. */
export const INSTANCE = 'playwright';

/** What a row has from its arrival's beginning. */
export interface Arrival {
  readonly ordinal: number;
  /** On the run's clock, in microseconds. */
  readonly intendedUs: number;
  readonly name: string;
  readonly traceId: string;
}

/** The row of an arrival that nothing was sent for: `aborted` unless told otherwise. */
export function unsentRow({ ordinal, intendedUs, name, traceId }: Arrival, endedUs: number, why: Partial<RequestRow> = {}): RequestRow {
  return {
    id: ordinal,
    name,
    instance: INSTANCE,
    intendedUs: Math.round(intendedUs),
    startedUs: null,
    firstByteUs: null,
    endedUs: Math.round(endedUs),
    outcome: 'aborted',
    status: 0,
    traceId,
    bytes: 0,
    reused: false,
    observed: null,
    ...why,
  };
}
