import type { BreakerState } from '../model/breaker.ts';
import type { RecoveryTimeline } from '../model/finding.ts';
import type { PhaseName, Plan, PlannedFault } from '../model/plan.ts';
import type { ExchangeRow, Recording, RequestRow } from '../model/recording.ts';
import { journeysByUsers } from '../model/users.ts';
import { breakerStretches } from './breaker-stretches.ts';
import { occurrencesOf, spanInForce } from './fault-occurrences.ts';
import { proxyClockUncertaintyUs } from './proxy-clock.ts';
import { recoveryTimeline } from './recovery-timeline.ts';
import { indexByName, indexRows } from './row-index.ts';

/** A stretch of run time, in microseconds since run start. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** One occurrence of a fault as it was: null where that step was never seen. */
export interface FaultOccurrence {
  readonly fault: PlannedFault;
  readonly occurrence: number;
  readonly requestedUs: number | null;
  readonly acknowledgedUs: number | null;
  readonly withdrawRequestedUs: number | null;
  readonly withdrawnUs: number | null;
  /** Ids of the events that prove it. */
  readonly eventIds: readonly number[];
}

/** A stretch during which a breaker was in one state, as well as it is known. */
export interface BreakerStretch extends Span {
  readonly state: BreakerState;
  readonly instance: string;
  /** The event that began it; null for the stretch before the first event. */
  readonly eventId: number | null;
  /** How uncertain its begin is, in microseconds. */
  readonly uncertaintyUs: number;
}

/** A recording made ready for questions: derived once, shared by all checks. */
export interface Evidence {
  readonly recording: Recording;
  readonly plan: Plan;
  /** Arrivals but for the journeys that users go again and again, which nobody can schedule. */
  readonly scheduled: readonly RequestRow[];
  /** When the load began, in microseconds since run start; null if it never did. */
  readonly loadStartedUs: number | null;
  /** When what was recorded ends. */
  readonly endUs: number;
  /** By how much times of exchanges may be off from all others, in microseconds; 0 where the proxy has the run's clock. */
  readonly clockUncertaintyUs: number;
  phase(name: PhaseName): Span | null;
  /** Occurrences of one fault, in order. */
  occurrences(fault: string): readonly FaultOccurrence[];
  /** From the first acknowledgement of the fault to its last withdrawal (or the recording's end); null if it never was in force. */
  faultSpan(fault: string): Span | null;
  breaker(name: string): readonly BreakerStretch[];
  /**
   * Requests of that name whose intended time lies in the span; without a name all but the journeys that users go again and again. How
   * many these are depends on how fast the system is, so that they would weigh most while it is well.
   */
  requestsIn(span: Span, name?: string): readonly RequestRow[];
  /** Exchanges on the edge that started in the span. */
  exchangesIn(span: Span, edge: string): readonly ExchangeRow[];
  /** The recovery timeline of a fault under one objective; memoised by its arguments. */
  recovery(objective: RecoveryObjective): RecoveryTimeline;
}

/** What "recovered" means. */
export interface RecoveryObjective {
  readonly fault: string;
  /** Least share of ok answers in a window. */
  readonly availability: number;
  readonly p95Ms: number;
  readonly holdMs: number;
  /** Only this kind of request counts; all without it. */
  readonly request?: string;
}

/** Derives what checks ask for; costly parts on their first question only. */
export function evidenceOf(recording: Recording): Evidence {
  const { plan } = recording.run;
  const events = indexRows(recording.events, ({ atUs }) => atUs).rows;
  const byUsers = new Set(journeysByUsers(plan.load).map(({ name }) => name));
  const scheduled = byUsers.size === 0 ? recording.requests : recording.requests.filter(({ name }) => !byUsers.has(name));
  const requests = indexRows(scheduled, ({ intendedUs }) => intendedUs);
  const requestsNamed = indexByName(
    recording.requests,
    ({ name }) => name,
    ({ intendedUs }) => intendedUs,
  );
  const exchangesOn = indexByName(
    recording.exchanges,
    ({ edge }) => edge,
    ({ startedUs }) => startedUs,
  );
  const loadStartedUs = events.find(({ kind }) => kind === 'load-started')?.atUs ?? null;
  const endUs = lastMomentUs(recording);
  const occurrences = memoised((name: string): readonly FaultOccurrence[] => {
    const fault = plan.faults.find((planned) => planned.name === name);
    return fault === undefined ? [] : occurrencesOf(fault, events);
  });
  const breaker = memoised((name: string) => breakerStretches(name, plan.system.breakers[name]?.service, events, endUs));
  const evidence: Evidence = {
    recording,
    plan,
    scheduled,
    loadStartedUs,
    endUs,
    clockUncertaintyUs: proxyClockUncertaintyUs(events),
    phase(name) {
      const planned = plan.phases.find((phase) => phase.name === name);
      if (planned === undefined || loadStartedUs === null) return null;
      return { fromUs: loadStartedUs + planned.fromUs, toUs: loadStartedUs + planned.toUs };
    },
    occurrences,
    faultSpan: (fault) => spanInForce(occurrences(fault), endUs),
    breaker,
    requestsIn: (span, name) => (name === undefined ? requests : requestsNamed(name)).within(span),
    exchangesIn: (span, edge) => exchangesOn(edge).within(span),
    recovery: memoised((objective) => recoveryTimeline(evidence, objective)),
  };
  return evidence;
}

function memoised<A, R>(answer: (question: A) => R): (question: A) => R {
  const known = new Map<string, R>();
  return (question) => {
    const key = JSON.stringify(question);
    const before = known.get(key);
    if (before !== undefined) return before;
    const fresh = answer(question);
    known.set(key, fresh);
    return fresh;
  };
}

function lastMomentUs({ events, requests, sentinel, exchanges, effects }: Recording): number {
  let lastUs = 0;
  for (const { atUs } of events) if (atUs > lastUs) lastUs = atUs;
  for (const { endedUs } of requests) if (endedUs > lastUs) lastUs = endedUs;
  for (const { endedUs } of sentinel) if (endedUs > lastUs) lastUs = endedUs;
  for (const { endedUs } of exchanges) if (endedUs > lastUs) lastUs = endedUs;
  for (const { atUs } of effects) if (atUs > lastUs) lastUs = atUs;
  return lastUs;
}
