import type { ExchangeRow } from '../model/recording.ts';
import { cite } from './cite.ts';
import type { BreakerStretch, Evidence, RecoveryObjective, Span } from './evidence.ts';
import { CENSORED, NOT_APPLICABLE, seen, type Moment } from './recovery-moment.ts';
import { responseMs } from './series.ts';

/** t4: the first good call on any of the fault's edges; it surely started in the span and no fault touched it. Does not apply where no tap sees calls. */
export function firstGoodCall(evidence: Evidence, fault: string, span: Span): Moment {
  const edges = edgesOf(evidence, fault);
  if (edges.length === 0 || !evidence.plan.powers.includes('tap')) return NOT_APPLICABLE;
  const after = { ...span, fromUs: span.fromUs + evidence.clockUncertaintyUs };
  let first: ExchangeRow | undefined;
  for (const edge of edges) {
    for (const exchange of evidence.exchangesIn(after, edge)) {
      if (first !== undefined && exchange.startedUs > first.endedUs) break;
      if (isGood(exchange) && exchange.endedUs < span.toUs && (first === undefined || exchange.endedUs < first.endedUs)) first = exchange;
    }
  }
  return first === undefined ? CENSORED : seen(first.endedUs, cite('exchanges', [first]));
}

/** Answered, untouched, and no server error; a call without a status (TCP) is good when it was answered. */
function isGood({ outcome, status, fault }: ExchangeRow): boolean {
  return outcome === 'answered' && status < 500 && fault === null;
}

/**
 * t5: when the last of the breakers on the fault's edges that had left closed since t0 was closed again. One that is closed at t3
 * after it had left counts from t3.
 */
export function breakersClosed(evidence: Evidence, fault: string, disturbed: Span, withdrawnUs: number): Moment {
  const edges = edgesOf(evidence, fault);
  const breakers = Object.entries(evidence.plan.system.breakers).filter(([, { edge }]) => edges.includes(edge));
  const moments = breakers.flatMap(([name]) =>
    [...Map.groupBy(evidence.breaker(name), ({ instance }) => instance).values()].map((stretches) =>
      closedAgain(stretches, disturbed, withdrawnUs),
    ),
  );
  const left = moments.filter(({ state }) => state !== 'not-applicable');
  if (left.length === 0) return NOT_APPLICABLE;
  if (left.some(({ state }) => state === 'censored')) return CENSORED;
  const atUs = Math.max(...left.map((moment) => moment.atUs ?? 0));
  return seen(atUs, { table: 'events', ids: left.flatMap(({ evidence: refs }) => refs.flatMap(({ ids }) => ids)) });
}

function closedAgain(stretches: readonly BreakerStretch[], disturbed: Span, withdrawnUs: number): Moment {
  const leaving = stretches.findIndex(
    ({ state, fromUs, toUs }) => state !== 'closed' && state !== 'disabled' && toUs > disturbed.fromUs && fromUs < disturbed.toUs,
  );
  if (leaving < 0) return NOT_APPLICABLE;
  const closed = stretches.slice(leaving).find(({ state, toUs }) => state === 'closed' && toUs > withdrawnUs);
  if (closed === undefined || closed.fromUs >= disturbed.toUs) return CENSORED;
  const ids = closed.eventId === null ? [] : [closed.eventId];
  return seen(Math.max(closed.fromUs, withdrawnUs), { table: 'events', ids });
}

/**
 * t7: the end of the last work that the disturbance left behind: among arrivals intended between t0 and t6, the last
 * call on the fault's edges that repeats an earlier one of its trace, or the last answer later than the objective's p95.
 */
export function leftoverWork(
  evidence: Evidence,
  objective: RecoveryObjective,
  { disturbed, withdrawnUs, reenteredUs }: { readonly disturbed: Span; readonly withdrawnUs: number; readonly reenteredUs: number },
): Moment {
  const arrivals = evidence.requestsIn({ fromUs: disturbed.fromUs, toUs: reenteredUs });
  let last: Moment = NOT_APPLICABLE;
  for (const row of arrivals) {
    if (row.endedUs <= Math.max(withdrawnUs, last.atUs ?? 0) || responseMs(row) <= objective.p95Ms) continue;
    if (objective.request === undefined || row.name === objective.request) last = seen(row.endedUs, cite('requests', [row]));
  }
  const traces = new Set(arrivals.map(({ traceId }) => traceId));
  for (const edge of edgesOf(evidence, objective.fault)) {
    const called = new Set<string>();
    for (const exchange of evidence.exchangesIn(disturbed, edge)) {
      if (exchange.traceId === '' || !traces.has(exchange.traceId)) continue;
      const isRetry = called.has(exchange.traceId);
      called.add(exchange.traceId);
      if (isRetry && exchange.endedUs > Math.max(withdrawnUs, last.atUs ?? 0)) last = seen(exchange.endedUs, cite('exchanges', [exchange]));
    }
  }
  return last;
}

function edgesOf(evidence: Evidence, fault: string): readonly string[] {
  return evidence.plan.faults.find(({ name }) => name === fault)?.reach.edges ?? [];
}
