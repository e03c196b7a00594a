import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { BreakerStretch, Evidence, Span } from '../evidence.ts';
import { guardFinding, roundMs, type GuardResult } from './guard-finding.ts';

/** A breaker that nobody watched did not stay closed: nobody knows. Looks at the breakers that an expectation names. */
export const probeWasWatching: Guard = {
  check: 'probe-was-watching',
  evaluate: (evidence) =>
    [...neededBreakers(evidence)].map((breaker) =>
      guardFinding({ check: 'probe-was-watching', subject: breaker, ...judgeProbe(breaker, evidence) }),
    ),
};

function neededBreakers({ plan }: Evidence): ReadonlySet<string> {
  return new Set(plan.expectations.flatMap(({ breaker }) => (breaker === undefined ? [] : [breaker])));
}

function judgeProbe(breaker: string, evidence: Evidence): Omit<GuardResult, 'check' | 'subject'> {
  // The plan knew and said so: the run is as good as it could be, and what it tells of this breaker is nothing.
  if (evidence.plan.unwatched?.includes(breaker) === true) {
    const probe = evidence.plan.system.breakers[breaker]?.probe.kind ?? null;
    return { verdict: 'inconclusive', code: 'probe-impossible', values: { probe, environment: evidence.plan.environment } };
  }
  const reports = evidence.recording.events.filter((event) => event.kind === 'probe' && event.breaker === breaker);
  const garbage = reports.filter((event) => event.kind === 'probe' && event.state === 'garbage');
  const [firstGarbage] = garbage;
  if (firstGarbage?.kind === 'probe') {
    const values = { reports: garbage.length, detail: firstGarbage.detail ?? null };
    return { verdict: 'invalid', code: 'probe-garbage', values, evidence: [cite('events', garbage)] };
  }
  const stretches = evidence.breaker(breaker);
  const transitions = stretches.filter(({ eventId }) => eventId !== null).length;
  const silent = reports.find((event) => event.kind === 'probe' && event.state === 'silent');
  if (transitions === 0) {
    const detail = silent?.kind === 'probe' ? (silent.detail ?? null) : null;
    return { verdict: 'invalid', code: 'probe-silent', values: { detail }, evidence: [cite('events', reports)] };
  }
  const baseline = evidence.phase('baseline');
  const blind = baseline === null ? undefined : stretches.find((stretch) => isUnknownIn(stretch, baseline));
  if (blind !== undefined && baseline !== null) return lost('probe-blind-in-baseline', blind, baseline);
  const judged = baseline === null ? null : { fromUs: baseline.toUs, toUs: evidence.phase('recovery')?.toUs ?? evidence.endUs };
  const gone =
    judged === null ? undefined : stretches.find((stretch) => isUnknownIn(stretch, judged) && !isExcused(stretch, breaker, evidence));
  if (gone !== undefined && judged !== null) return lost('probe-lost', gone, judged);
  return {
    verdict: 'pass',
    code: 'probe-watched',
    values: { transitions },
    measured: { value: transitions, unit: 'count' },
    evidence: [{ table: 'events', ids: stretches.flatMap(({ eventId }) => (eventId === null ? [] : [eventId])).slice(0, 50) }],
  };
}

function isUnknownIn({ state, fromUs, toUs }: BreakerStretch, span: Span): boolean {
  return state === 'unknown' && fromUs < span.toUs && toUs > span.fromUs;
}

/** A process fault on the breaker's own service takes the probe with it: expected, and for checks to bear. */
function isExcused({ fromUs }: BreakerStretch, breaker: string, evidence: Evidence): boolean {
  const service = evidence.plan.system.breakers[breaker]?.service;
  return evidence.plan.faults.some(
    ({ name, reach }) =>
      service !== undefined &&
      reach.services.includes(service) &&
      evidence
        .occurrences(name)
        .some(({ requestedUs, withdrawnUs }) => requestedUs !== null && fromUs >= requestedUs && fromUs <= (withdrawnUs ?? evidence.endUs)),
  );
}

function lost(code: string, { fromUs, toUs, eventId }: BreakerStretch, within: Span): Omit<GuardResult, 'check' | 'subject'> {
  const unknown: Span = { fromUs: Math.max(fromUs, within.fromUs), toUs: Math.min(toUs, within.toUs) };
  return {
    verdict: 'invalid',
    code,
    values: { fromMs: roundMs(unknown.fromUs / 1000), unknownMs: roundMs((unknown.toUs - unknown.fromUs) / 1000) },
    evidence: [{ table: 'events', ids: eventId === null ? [] : [eventId], ...unknown }],
  };
}
