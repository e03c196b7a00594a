import type { Finding } from '../model/finding.ts';
import type { Recording, RequestRow } from '../model/recording.ts';

/** Whether an arrival reached the system and was waited for: what the driver itself dropped or gave up was not. */
export function reachedSystem({ outcome }: Pick<RequestRow, 'outcome'>): boolean {
  return outcome !== 'shed' && outcome !== 'aborted';
}

/** The recording as if nobody had come whom the load driver did not send, or did not wait for; null where it sent all. */
export function withoutUnsent(recording: Recording): Recording | null {
  const requests = recording.requests.filter(reachedSystem);
  return requests.length === recording.requests.length ? null : { ...recording, requests };
}

/**
 * One finding from two: `counted` takes unsent arrivals for failed ones, `leftOut` leaves them out. Nobody knows what they would have got, so
 * only what both say is said.
 */
export function agreed(counted: Finding, leftOut: Finding, unsent: number): Finding {
  if (counted.verdict === leftOut.verdict) return marginOf(leftOut) < marginOf(counted) ? leftOut : counted;
  const undecided = [leftOut, counted].find(({ verdict }) => verdict === 'inconclusive');
  if (undecided !== undefined) return undecided;
  const { measured: _measured, timeline: _timeline, timingMarginMs: _timingMarginMs, ...rest } = counted;
  const values = { subject: counted.subject, unsent, counted: counted.verdict, leftOut: leftOut.verdict };
  return { ...rest, verdict: 'inconclusive', explanation: { code: 'unsent-decides', values } };
}

/** What no delay can turn has no margin to exceed. */
function marginOf({ timingMarginMs }: Finding): number {
  return timingMarginMs ?? Infinity;
}
