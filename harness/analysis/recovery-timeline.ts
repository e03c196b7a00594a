import type { EvidenceRef, RecoveryMoment, RecoveryTimeline } from '../model/finding.ts';
import { microseconds } from '../model/time.ts';
import type { Evidence, RecoveryObjective, Span } from './evidence.ts';
import { breakersClosed, firstGoodCall, leftoverWork } from './recovery-edge.ts';
import { CENSORED, seen, type Moment } from './recovery-moment.ts';
import { containedAt, firstHarm, reentry } from './recovery-users.ts';
import { bucketUsFor } from './series.ts';

/**
 * The recovery timeline of one fault (DESIGN §8), in run time:
 *
 * - t0 the fault was first acknowledged; t3 its last occurrence was acknowledged as withdrawn.
 * - t1 the intended time of the first arrival after t0 that was not ok or took longer than `p95Ms`; does not apply to a fault that harmed nobody.
 * - t2 begin of the first window from t1 on in which at least `availability` of the arrivals were ok or degraded.
 * - t4 the end of the first good call on the fault's edges that started after t3 and that no fault touched.
 * - t5 the last of the breakers on these edges that had left closed was closed again; does not apply where none had.
 * - t6 begin of the first window after t3 that meets the objective and begins a hold (see `reentry`).
 * - t7 the end of the last retry or late answer among arrivals from before t6; does not apply where none ended after t3.
 * - t8 `holdMs` after t6, which the recording confirms.
 *
 * What the recording does not show before the horizon (the end of the recovery phase) is censored: it may have happened
 * later, so it has no number. Windows are of intended time, `bucketUs` wide and counted from t3 (those of t2 from t1).
 */
export function recoveryTimeline(evidence: Evidence, objective: RecoveryObjective): RecoveryTimeline {
  const horizonUs = evidence.phase('recovery')?.toUs ?? evidence.endUs;
  const t0 = firstAcknowledged(evidence, objective.fault);
  const t3 = t0.atUs === null ? CENSORED : lastWithdrawn(evidence, objective.fault);
  const disturbed: Span = { fromUs: t0.atUs ?? horizonUs, toUs: Math.max(horizonUs, t0.atUs ?? horizonUs) };
  const arrivals = evidence.requestsIn(disturbed, objective.request).length;
  const bucketUs = bucketUsFor(arrivals, disturbed.toUs - disturbed.fromUs);

  const t1 = t0.atUs === null ? CENSORED : firstHarm(evidence, objective, disturbed);
  const t2 = t1.atUs === null ? t1 : containedAt(evidence, objective, { fromUs: t1.atUs, toUs: horizonUs }, bucketUs);
  const after: Span | null = t3.atUs === null || t3.atUs >= horizonUs ? null : { fromUs: t3.atUs, toUs: horizonUs };
  const t4 = after === null ? CENSORED : firstGoodCall(evidence, objective.fault, after);
  const t5 = after === null ? CENSORED : breakersClosed(evidence, objective.fault, disturbed, after.fromUs);
  const t6 = after === null ? CENSORED : reentry(evidence, objective, after, bucketUs);
  const t7 =
    t6.atUs === null || after === null
      ? CENSORED
      : leftoverWork(evidence, objective, { disturbed, withdrawnUs: after.fromUs, reenteredUs: t6.atUs });
  const t8 = t6.atUs === null ? CENSORED : held(t6.atUs, t6.evidence, objective.holdMs);

  const moments: Readonly<Record<RecoveryMoment, Moment>> = { t0, t1, t2, t3, t4, t5, t6, t7, t8 };
  return {
    fault: objective.fault,
    bucketUs,
    moments: (Object.keys(moments) as RecoveryMoment[]).map((moment) => ({ moment, ...moments[moment] })),
    recoveryMs: t6.atUs === null || t3.atUs === null ? null : (t6.atUs - t3.atUs) / 1000,
    horizonUs,
  };
}

function firstAcknowledged(evidence: Evidence, fault: string): Moment {
  for (const { acknowledgedUs, eventIds } of evidence.occurrences(fault)) {
    if (acknowledgedUs !== null) return seen(acknowledgedUs, { table: 'events', ids: stepIds(evidence, eventIds, 'acknowledged') });
  }
  return CENSORED;
}

function lastWithdrawn(evidence: Evidence, fault: string): Moment {
  let last = CENSORED;
  for (const { acknowledgedUs, withdrawnUs, eventIds } of evidence.occurrences(fault)) {
    if (acknowledgedUs === null) continue;
    if (withdrawnUs === null) return CENSORED;
    last = seen(withdrawnUs, { table: 'events', ids: stepIds(evidence, eventIds, 'withdrawn') });
  }
  return last;
}

function stepIds(evidence: Evidence, eventIds: readonly number[], step: string): number[] {
  const own = new Set(eventIds);
  return evidence.recording.events
    .filter((event) => event.kind === 'fault' && event.step === step && own.has(event.id))
    .map(({ id }) => id);
}

function held(reenteredUs: number, windows: readonly EvidenceRef[], holdMs: number): Moment {
  const toUs = reenteredUs + microseconds(holdMs);
  return seen(toUs, ...windows.filter(({ table }) => table === 'windows').map((ref) => ({ ...ref, fromUs: reenteredUs, toUs })));
}
