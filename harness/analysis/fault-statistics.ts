import type { FaultStatistics, Measured, MeasuredTime } from '../model/run-statistics.ts';
import type { RecoveryMoment, RecoveryTimeline } from '../model/finding.ts';
import { formatMs } from '../model/time.ts';
import { toMs } from './checks/finding.ts';
import { recoveriesOf, type Recovery } from './checks/recovery.ts';
import type { Evidence, RecoveryObjective } from './evidence.ts';

/** A run's evidence, and what could have been otherwise had machine and driver done as they should. */
export interface Doubted {
  readonly evidence: Evidence;
  /** The same without the arrivals that were not sent; null where all were. */
  readonly withoutUnsent: Evidence | null;
  /** How much delay was added to what a fault brought about. */
  readonly noiseMs: number;
}

/** The times of each fault: one entry for each `recovery()` of it, one without where there is none. */
export function faultStatistics(doubted: Doubted): readonly FaultStatistics[] {
  const { plan } = doubted.evidence;
  return plan.faults.flatMap(({ name }) => {
    const recoveries = recoveriesOf(plan.expectations, name);
    const readmission = readmissionAfter(name, recoveries[0], doubted.evidence);
    if (recoveries.length > 0) return recoveries.map((recovery) => underRecovery(recovery, readmission, doubted));
    const unsaid = { unknown: `no recovery() of ${name} in the scenario says when users are served again`, resolutionMs: 0 };
    return [{ fault: name, recovery: unsaid, containment: unsaid, readmission, drain: unsaid }];
  });
}

function underRecovery(expectation: Recovery, readmission: MeasuredTime, doubted: Doubted): FaultStatistics {
  const { of, request, availability, p95Ms, holdForMs } = expectation;
  const times = timesUnder(objectiveOf(expectation, p95Ms), doubted.evidence);
  const others = otherwise(expectation, doubted);
  const sure = (name: keyof Times): MeasuredTime => {
    const doubt = others.find((other) => !isAlike(times[name], other.times[name], doubted.noiseMs));
    return doubt === undefined ? times[name] : { unknown: doubt.because, resolutionMs: times[name].resolutionMs };
  };
  return {
    fault: of,
    ...(request === undefined ? {} : { request }),
    servedAgain: { availability, p95Ms, holdForMs },
    recovery: sure('recovery'),
    containment: sure('containment'),
    readmission,
    drain: sure('drain'),
  };
}

type Times = Readonly<Record<'recovery' | 'containment' | 'drain', MeasuredTime>>;

/** The times as they might have been with a quiet machine, and with a driver that sent all. */
function otherwise(expectation: Recovery, { evidence, withoutUnsent, noiseMs }: Doubted): readonly { times: Times; because: string }[] {
  const { p95Ms } = expectation;
  return [
    ...(noiseMs === 0
      ? []
      : [
          {
            times: timesUnder(objectiveOf(expectation, p95Ms + noiseMs), evidence),
            because: `the machine, the driver or the harness added up to ${formatMs(noiseMs)}, and that may have decided it`,
          },
        ]),
    ...(withoutUnsent === null
      ? []
      : [
          {
            times: timesUnder(objectiveOf(expectation, p95Ms), withoutUnsent),
            because: 'the load driver did not send all arrivals, and what those would have got may have decided it',
          },
        ]),
  ];
}

function objectiveOf({ of, request, availability, holdForMs }: Recovery, p95Ms: number): RecoveryObjective {
  return { fault: of, availability, p95Ms, holdMs: holdForMs, ...(request === undefined ? {} : { request }) };
}

function timesUnder(objective: RecoveryObjective, evidence: Evidence): Times {
  const timeline = evidence.recovery(objective);
  const clockMs = toMs(evidence.clockUncertaintyUs);
  const bucketMs = toMs(timeline.bucketUs);
  // A recovery that begins later than this cannot be held before the run ends.
  const heldUs = timeline.horizonUs - objective.holdMs * 1000;
  return {
    recovery: {
      ...between(timeline, { from: 't3', to: 't6', lastUs: heldUs }),
      resolutionMs: toMs(timeline.bucketUs + evidence.clockUncertaintyUs),
    },
    containment: {
      ...between(timeline, { from: 't0', to: 't2', lastUs: timeline.horizonUs, without: { value: 0 } }),
      resolutionMs: bucketMs,
    },
    drain: { ...between(timeline, { from: 't3', to: 't7', lastUs: heldUs, without: { value: 0 } }), resolutionMs: clockMs },
  };
}

interface Stretch {
  readonly from: RecoveryMoment;
  readonly to: RecoveryMoment;
  /** Until when `to` would have been seen. */
  readonly lastUs: number;
  /** What it is where `to` did not apply: nobody was harmed, nothing was left over. */
  readonly without?: Measured;
}

function between({ moments }: RecoveryTimeline, { from, to, lastUs, without }: Stretch): Measured {
  const begin = moments.find(({ moment }) => moment === from);
  const end = moments.find(({ moment }) => moment === to);
  if (begin?.atUs == null) return { unknown: from === 't0' ? 'nobody saw the fault begin' : 'nobody saw the fault end' };
  if (end?.state === 'not-applicable') return without ?? { unknown: `there was no ${to}` };
  if (end?.atUs != null) return { value: toMs(end.atUs - begin.atUs) };
  const seenMs = toMs(lastUs - begin.atUs);
  return seenMs > 0 ? { censoredAtMs: seenMs } : { unknown: 'the run ended too soon after the fault to see it' };
}

/** From the withdrawal until the breakers on the fault's edges were closed again. */
function readmissionAfter(fault: string, expectation: Recovery | undefined, evidence: Evidence): MeasuredTime {
  const { plan, recording } = evidence;
  const edges = plan.faults.find(({ name }) => name === fault)?.reach.edges ?? [];
  const breakers = Object.keys(plan.system.breakers).filter((name) => edges.includes(plan.system.breakers[name]?.edge ?? ''));
  if (breakers.length === 0) return { unknown: `no breaker is declared on an edge of ${fault}`, resolutionMs: 0 };
  const unwatched = breakers.find((name) => plan.unwatched?.includes(name));
  if (unwatched !== undefined) return { unknown: `nobody can watch the breaker ${unwatched} in ${plan.environment}`, resolutionMs: 0 };
  // Breakers do not ask what users got: any objective has the same t3 and t5, and one that is known already costs nothing.
  const objective =
    expectation === undefined
      ? { fault, availability: 1, p95Ms: Number.MAX_VALUE, holdMs: 0 }
      : objectiveOf(expectation, expectation.p95Ms);
  const timeline = evidence.recovery(objective);
  const cited = new Set(timeline.moments.find(({ moment }) => moment === 't5')?.evidence.flatMap(({ ids }) => ids));
  const uncertainUs = recording.events.flatMap((event) =>
    event.kind === 'breaker' && cited.has(event.id) ? [event.latestUs - event.earliestUs] : [],
  );
  const none = { unknown: `no breaker on an edge of ${fault} left closed` };
  return {
    ...between(timeline, { from: 't3', to: 't5', lastUs: timeline.horizonUs, without: none }),
    resolutionMs: toMs(Math.max(0, ...uncertainUs)),
  };
}

/** Whether two measurements say the same, as finely as they can. */
function isAlike(left: MeasuredTime, right: MeasuredTime, noiseMs: number): boolean {
  if ('value' in left && 'value' in right)
    return Math.abs(left.value - right.value) <= Math.max(left.resolutionMs, right.resolutionMs) + noiseMs;
  return 'value' in left === 'value' in right && 'unknown' in left === 'unknown' in right;
}
