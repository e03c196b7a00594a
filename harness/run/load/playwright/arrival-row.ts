import type { RequestRow } from '../../../model/recording.ts';
import { arrivalRow, type Arrival as AnyArrival } from '../arrival-row.ts';

/** Who sent a row. */
export const INSTANCE = 'playwright';

/** What a row has from its arrival's beginning. */
export type Arrival = Omit<AnyArrival, 'instance'>;

/** The row of an arrival that nothing was sent for: `aborted` unless told otherwise. */
export function unsentRow(arrival: Arrival, endedUs: number, why: Partial<RequestRow> = {}): RequestRow {
  return arrivalRow({ ...arrival, instance: INSTANCE }, endedUs, why);
}
