import type { DriverTold, ThresholdJudged } from '../../model/event.ts';
import { SCRIPT_EXCEPTIONS } from '../../model/script.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { JUDGED_PHASES } from '../../model/run-statistics.ts';
import { roundRatio, type GuardResult } from './guard-finding.ts';

/** An end that much before the timeline's is none, in microseconds: clocks and timers are that coarse. */
const EARLY_US = 100_000;

/**
 * Why a script did not send the load that it stands for: it was silent in a phase that is judged, ended early, or threw before anything
 * went wrong. Null where it ran through.
 */
export function scriptTrouble(evidence: Evidence): Omit<GuardResult, 'check' | 'subject'> | null {
  return silentPhase(evidence) ?? earlyEnd(evidence) ?? exceptionStorm(evidence);
}

function silentPhase(evidence: Evidence): ReturnType<typeof scriptTrouble> {
  const { plan, recording } = evidence;
  const phase = JUDGED_PHASES.find((name) => {
    const span = evidence.phase(name);
    return plan.phases.some((planned) => planned.name === name) && (span === null || evidence.requestsIn(span).length === 0);
  });
  if (phase === undefined) return null;
  return { verdict: 'invalid', code: 'script-silent', values: { phase, rows: recording.requests.length } };
}

function earlyEnd({ plan, recording: { events }, loadStartedUs }: Evidence): ReturnType<typeof scriptTrouble> {
  const endsUs = (loadStartedUs ?? 0) + (plan.phases.at(-1)?.toUs ?? 0);
  const early = events.find(
    (event): event is DriverTold =>
      event.kind === 'driver' && event.what === 'exit' && event.driver === plan.driver && event.atUs < endsUs - EARLY_US,
  );
  if (early === undefined) return null;
  const values = { leftMs: Math.round((endsUs - early.atUs) / 1000), how: early.detail };
  return { verdict: 'invalid', code: 'script-ended-early', values, evidence: [cite('events', [early])] };
}

function exceptionStorm({ recording: { events } }: Evidence): ReturnType<typeof scriptTrouble> {
  const storms = events.filter(
    (event): event is ThresholdJudged => event.kind === 'threshold' && event.metric === SCRIPT_EXCEPTIONS && event.isMet === false,
  );
  const worst = storms.toSorted((left, right) => (right.value ?? 0) - (left.value ?? 0))[0];
  if (worst === undefined) return null;
  const values = { phase: worst.phase, ratio: roundRatio(worst.value ?? 0), iterations: worst.samples ?? 0 };
  return { verdict: 'invalid', code: 'script-threw', values, evidence: [cite('events', [worst])] };
}
