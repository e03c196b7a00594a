import type { RequestRow } from '../../model/recording.ts';

/** What a row has from its arrival's beginning. */
export interface Arrival {
  readonly ordinal: number;
  readonly name: string;
  /** Who sends it. */
  readonly instance: string;
  /** On the run's clock, in microseconds. */
  readonly intendedUs: number;
  readonly traceId: string;
}

/** The row of an arrival: nothing was sent for it, and it was `aborted`, unless told otherwise. */
export function arrivalRow(
  { ordinal, name, instance, intendedUs, traceId }: Arrival,
  endedUs: number,
  told: Partial<RequestRow> = {},
): RequestRow {
  return {
    id: ordinal,
    name,
    instance,
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
    ...told,
  };
}
