import type { ThresholdJudged } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import { SCRIPT_EXCEPTIONS } from '../model/script.ts';
import type { Evidence } from './evidence.ts';

/** The thresholds of the script that sent the load, as k6 and halfopen judged them. */
export function thresholdsOf({ recording: { events } }: Pick<Evidence, 'recording'>): readonly ThresholdJudged[] {
  return events.filter((event): event is ThresholdJudged => event.kind === 'threshold' && event.metric !== SCRIPT_EXCEPTIONS);
}

/**
 * One finding for each threshold over the whole run and in each phase. They are reported and decide nothing: k6 aggregates over whatever
 * it saw, refused calls count as the fastest there, and calls in flight at the end not at all.
 */
export function reportedThresholds(evidence: Pick<Evidence, 'recording'>): readonly Finding[] {
  return thresholdsOf(evidence).map(reported);
}

function reported({ id, metric, condition, phase, judgedBy, isMet, value, samples }: ThresholdJudged): Finding {
  const code = isMet === null ? 'threshold-unsampled' : isMet ? 'threshold-met' : 'threshold-crossed';
  return {
    check: 'threshold',
    subject: `${metric}: ${condition}`,
    guard: false,
    reported: true,
    verdict: isMet === null ? 'inconclusive' : isMet ? 'pass' : 'fail',
    explanation: { code, values: { metric, condition, phase, judgedBy, value: value ?? null, samples: samples ?? null } },
    evidence: [{ table: 'events', ids: [id] }],
  };
}
