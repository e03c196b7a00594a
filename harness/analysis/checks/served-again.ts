import type { RequestRow } from '../../model/recording.ts';
import type { Evidence } from '../evidence.ts';
import { possiblyWithin } from '../proxy-clock.ts';
import { hasFailed, isGood } from './traffic.ts';

/** Time for answers under way, and for caches that are just being filled, once everything works again: 1 s. */
const GRACE_US = 1_000_000;

/**
 * From when on a degraded answer needs an excuse: one second after the source answered its first untouched call and all
 * breakers were closed, at the latest at the deadline.
 */
export function servedAgainUs(
  evidence: Evidence,
  { source, withdrawnUs, deadlineUs }: { readonly source: string; readonly withdrawnUs: number; readonly deadlineUs: number },
): number {
  const good = evidence
    .exchangesIn({ fromUs: withdrawnUs + evidence.clockUncertaintyUs, toUs: deadlineUs }, source)
    .find((exchange) => exchange.fault === null && isGood(exchange));
  if (good === undefined) return deadlineUs;
  return Math.min(allClosedUs(evidence, good.endedUs + evidence.clockUncertaintyUs) + GRACE_US, deadlineUs);
}

/** The first moment from `fromUs` on at which every breaker of the system is closed; Infinity if there is none. */
function allClosedUs(evidence: Evidence, fromUs: number): number {
  let atUs = fromUs;
  for (let isSettled = false; !isSettled;) {
    isSettled = true;
    for (const breaker of Object.keys(evidence.plan.system.breakers)) {
      const closed = evidence.breaker(breaker).find(({ state, toUs }) => state === 'closed' && toUs > atUs);
      if (closed === undefined) return Infinity;
      if (closed.fromUs <= atUs) continue;
      atUs = closed.fromUs;
      isSettled = false;
    }
  }
  return atUs;
}

/**
 * Whether a degraded answer after the fault is right: one of its own calls failed, or one to the source that it may have
 * waited for together with others (requests that ask for the same share one look-up), or (before the deadline) a breaker
 * was not closed while it was made.
 */
export function isExcused(
  row: RequestRow,
  evidence: Evidence,
  { source, deadlineUs }: { readonly source: string; readonly deadlineUs: number },
): boolean {
  const span = { fromUs: row.startedUs ?? row.intendedUs, toUs: row.endedUs + 1 };
  const seen = possiblyWithin(span, evidence.clockUncertaintyUs);
  const hasFailedCall = evidence.plan.system.edges.some(({ name }) =>
    evidence.exchangesIn(seen, name).some((exchange) => (exchange.traceId === row.traceId || name === source) && hasFailed(exchange)),
  );
  if (hasFailedCall) return true;
  if (span.fromUs >= deadlineUs) return false;
  return Object.keys(evidence.plan.system.breakers).some((breaker) =>
    evidence.breaker(breaker).some(({ state, fromUs, toUs }) => state !== 'closed' && fromUs < span.toUs && toUs > span.fromUs),
  );
}
