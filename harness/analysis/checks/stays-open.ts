import type { Expectation } from '../../model/scenario.ts';
import type { BreakerStretch, Evidence, FaultOccurrence, Span } from '../evidence.ts';
import { statesIn, unknownUs } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { breakerUnknown, faultNotInForce, findingOf, neverOpened, rowsOf, toMs, type Result } from './finding.ts';
import { faultMoments, horizonUs, type FaultMoments } from './timeline.ts';

/** A breaker that a fault has opened does not close while the fault is in force; trying (half-open) is allowed. */
export interface StaysOpen<B extends string = string, F extends string = string> extends Expectation<never, B, F, never, never> {
  readonly check: 'staysOpen';
  readonly breaker: B;
  readonly of: F;
}

export const staysOpenCheck: Check<StaysOpen> = {
  kind: 'staysOpen',
  needs: [],
  schema: { breaker: { type: 'breaker' }, of: { type: 'fault' } },
  describe: ({ breaker, of }) => `${breaker}, once open, does not close while ${of} is in force`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const moments = faultMoments(evidence, expectation.of);
    const result = moments === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, moments);
    return findingOf(expectation, expectation.breaker, { expected: { value: 0, unit: 'count' }, ...result });
  },
};

/** One occurrence of the fault, from the breaker's opening (or the begin, if it was open by then) on. */
interface Held extends Span {
  readonly states: readonly BreakerStretch[];
}

function evaluate({ breaker, of }: StaysOpen, evidence: Evidence, { occurrences, acknowledgedUs }: FaultMoments): Result {
  const held = occurrences.flatMap((occurrence) => heldIn(occurrence, breaker, evidence));
  const [first] = held;
  if (first === undefined) {
    const unknown = unknownUs(evidence, breaker, { fromUs: acknowledgedUs, toUs: horizonUs(evidence) });
    return unknown > 0 ? breakerUnknown(breaker, unknown) : neverOpened(breaker);
  }
  const closings = held.flatMap(({ states, toUs }) =>
    states
      .filter(({ state }) => state === 'closed' || state === 'disabled')
      .map((stretch) => ({ ...stretch, earlyUs: toUs - stretch.fromUs })),
  );
  const [closing] = closings;
  if (closing !== undefined) {
    return {
      verdict: 'fail',
      code: 'stays-open',
      values: {
        of,
        times: closings.length,
        atMs: toMs(closing.fromUs - acknowledgedUs),
        earlyMs: toMs(closing.earlyUs),
        state: closing.state,
      },
      measured: { value: closings.length, unit: 'count' },
      timingMarginMs: toMs(Math.max(...closings.map(({ earlyUs }) => earlyUs))),
      evidence: rowsOf(
        'events',
        closings.map(({ eventId }) => eventId),
        { fromUs: closing.fromUs, toUs: closing.toUs },
      ),
    };
  }
  const unknown = held.reduce((sum, span) => sum + unknownUs(evidence, breaker, span), 0);
  if (unknown > 0) return breakerUnknown(breaker, unknown);
  const states = held.flatMap((span) => span.states);
  return {
    verdict: 'pass',
    code: 'stays-open',
    values: {
      of,
      times: 0,
      tries: states.filter(({ state }) => state === 'half-open').length,
      heldMs: toMs(held.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)),
    },
    measured: { value: 0, unit: 'count' },
    evidence: rowsOf(
      'events',
      states.map(({ eventId }) => eventId),
      { fromUs: first.fromUs, toUs: held.at(-1)?.toUs ?? first.toUs },
    ),
  };
}

function heldIn({ acknowledgedUs, withdrawRequestedUs, withdrawnUs }: FaultOccurrence, breaker: string, evidence: Evidence): Held[] {
  if (acknowledgedUs === null) return [];
  const toUs = withdrawRequestedUs ?? withdrawnUs ?? horizonUs(evidence);
  const states = statesIn(evidence, breaker, { fromUs: acknowledgedUs, toUs });
  const opening = states.findIndex(({ state }) => state === 'open');
  const fromUs = states[opening]?.fromUs;
  return fromUs === undefined ? [] : [{ fromUs, toUs, states: states.slice(opening).filter((stretch) => stretch.fromUs < toUs) }];
}
