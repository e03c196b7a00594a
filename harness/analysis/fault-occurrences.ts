import type { FaultStep, RunEvent } from '../model/event.ts';
import type { PlannedFault } from '../model/plan.ts';
import type { FaultOccurrence, Span } from './evidence.ts';

/** One occurrence for each planned window (numbered from 0), whatever was seen of it, and for each unplanned one that was seen. */
export function occurrencesOf(fault: PlannedFault, events: readonly RunEvent[]): readonly FaultOccurrence[] {
  const steps = events.filter((event): event is FaultStep => event.kind === 'fault' && event.fault === fault.name);
  const numbers = new Set([...fault.windows.keys(), ...steps.map((step) => step.occurrence)]);
  return [...numbers]
    .toSorted((left, right) => left - right)
    .map((occurrence) => {
      const own = steps.filter((step) => step.occurrence === occurrence);
      const at = (name: FaultStep['step']): number | null => own.find(({ step }) => step === name)?.atUs ?? null;
      return {
        fault,
        occurrence,
        requestedUs: at('requested'),
        acknowledgedUs: at('acknowledged'),
        withdrawRequestedUs: at('withdraw-requested'),
        withdrawnUs: at('withdrawn'),
        eventIds: own.map(({ id }) => id),
      };
    });
}

/** From the first acknowledgement to the last withdrawal; to `endUs` where one that was in force was not seen to be withdrawn. */
export function spanInForce(occurrences: readonly FaultOccurrence[], endUs: number): Span | null {
  const active = activeSpans(occurrences, endUs);
  const [first] = active;
  if (first === undefined) return null;
  return { fromUs: Math.min(...active.map(({ fromUs }) => fromUs)), toUs: Math.max(...active.map(({ toUs }) => toUs)) };
}

/** The stretches during which the fault was in force, one for each acknowledged occurrence. */
export function activeSpans(occurrences: readonly FaultOccurrence[], endUs: number): readonly Span[] {
  return occurrences.flatMap(({ acknowledgedUs, withdrawnUs }) =>
    acknowledgedUs === null ? [] : [{ fromUs: acknowledgedUs, toUs: withdrawnUs ?? endUs }],
  );
}
