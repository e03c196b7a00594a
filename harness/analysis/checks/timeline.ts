import type { Plan } from '../../model/plan.ts';
import type { Problem } from '../../model/problem.ts';
import { formatMs } from '../../model/time.ts';
import type { Evidence, FaultOccurrence, Span } from '../evidence.ts';

/** The plan as far as it stands when expectations are looked at. */
export type PlanSoFar = Omit<Plan, 'expectations' | 'needs'>;

/** How much of the timeline is left after the fault's first begin or last end, in milliseconds; null for an unknown fault. */
export function roomAfterMs(plan: PlanSoFar, fault: string, from: 'begin' | 'end'): number | null {
  const windows = plan.faults.find((planned) => planned.name === fault)?.windows ?? [];
  const momentUs = from === 'begin' ? windows[0]?.fromUs : windows.at(-1)?.toUs;
  const endUs = plan.phases.at(-1)?.toUs;
  return momentUs === undefined || endUs === undefined ? null : (endUs - momentUs) / 1000;
}

/** The problem of a limit that this timeline cannot exceed: an expectation that could not fail. */
export function unreachable(path: string, limitMs: number, roomMs: number | null, why: string): Problem[] {
  if (roomMs === null || limitMs < roomMs) return [];
  return [{ path, expected: `less than ${formatMs(roomMs)} (${why}), or it could never fail`, found: formatMs(limitMs) }];
}

/** A latency limit that the client's own timeout keeps from being exceeded. */
export function aboveTimeout(path: string, maxMs: number, plan: PlanSoFar, request?: string): Problem[] {
  const timeouts = plan.load.requests
    .filter((template) => request === undefined || template.name === request)
    .map((template) => template.timeoutMs);
  return timeouts.length === 0 ? [] : unreachable(path, maxMs, Math.max(...timeouts), 'the client gives up then');
}

/** When the timeline ended as it was run, in microseconds since run start: what comes later is teardown. */
export function horizonUs(evidence: Evidence): number {
  return Math.min(evidence.phase('recovery')?.toUs ?? evidence.endUs, evidence.endUs);
}

/** How much of the timeline the recording lacks at its end, in milliseconds; 0 where it is whole. */
export function missingMs(evidence: Evidence): number {
  return Math.max(0, (evidence.phase('recovery')?.toUs ?? evidence.endUs) - evidence.endUs) / 1000;
}

/** The load's whole stretch, from its start to the end of the timeline. */
export function loadSpan(evidence: Evidence): Span | null {
  return evidence.loadStartedUs === null ? null : { fromUs: evidence.loadStartedUs, toUs: horizonUs(evidence) };
}

/** The moments of a fault that checks count from; null if it never was in force. */
export interface FaultMoments {
  readonly occurrences: readonly FaultOccurrence[];
  readonly requestedUs: number;
  readonly acknowledgedUs: number;
  /** When the last occurrence was seen withdrawn; null if it never was. */
  readonly withdrawnUs: number | null;
  readonly eventIds: readonly number[];
}

export function faultMoments(evidence: Evidence, fault: string): FaultMoments | null {
  const occurrences = evidence.occurrences(fault);
  const first = occurrences.find((occurrence) => occurrence.acknowledgedUs !== null);
  if (first?.acknowledgedUs == null) return null;
  return {
    occurrences,
    requestedUs: first.requestedUs ?? first.acknowledgedUs,
    acknowledgedUs: first.acknowledgedUs,
    withdrawnUs: occurrences.at(-1)?.withdrawnUs ?? null,
    eventIds: occurrences.flatMap((occurrence) => occurrence.eventIds),
  };
}

/** The stretch in which a fault, or without a name any fault, was in force; null if that never was. */
export function forceSpan(evidence: Evidence, fault: string | undefined): Span | null {
  if (fault !== undefined) return evidence.faultSpan(fault);
  const spans = evidence.plan.faults.map((planned) => evidence.faultSpan(planned.name)).filter((span) => span !== null);
  if (spans.length === 0) return null;
  return { fromUs: Math.min(...spans.map((span) => span.fromUs)), toUs: Math.max(...spans.map((span) => span.toUs)) };
}
