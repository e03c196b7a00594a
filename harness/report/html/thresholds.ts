import type { RunEvent } from '../../model/event.ts';
import { SCRIPT_EXCEPTIONS } from '../../model/script.ts';
import type { ThresholdView } from './payload.ts';

/** Most thresholds that a report lists. */
const MAX_THRESHOLDS = 100;

/** The thresholds of the load's script, in the order in which they were first judged. */
export function thresholdViews(events: readonly RunEvent[]): ThresholdView[] {
  // How many iterations threw an exception is a judgement of ours, made by a guard.
  const judged = events.filter((event) => event.kind === 'threshold').filter(({ metric }) => metric !== SCRIPT_EXCEPTIONS);
  const byThreshold = Map.groupBy(judged, ({ metric, condition }) => `${metric}\n${condition}`);
  return [...byThreshold.values()].slice(0, MAX_THRESHOLDS).flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const judgements = own.map(({ phase, judgedBy, isMet, value, samples }) => ({
      phase,
      judgedBy,
      isMet,
      value: value ?? null,
      samples: samples ?? null,
    }));
    return [{ metric: first.metric, condition: first.condition, judgements }];
  });
}
