import { BREAKER_STATES, type BreakerState } from '../../model/breaker.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { BreakerStretch, Evidence, Span } from '../evidence.ts';
import { statesIn, unknownUs } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { breakerUnknown, cutOff, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { horizonUs, missingMs } from './timeline.ts';

/** A breaker goes through these states in this order, and no other. */
export interface Visits<B extends string = string> extends Expectation<never, B, never, never, never> {
  readonly check: 'visits';
  readonly breaker: B;
  readonly states: readonly BreakerState[];
}

export const visitsCheck: Check<Visits> = {
  kind: 'visits',
  needs: [],
  schema: { breaker: { type: 'breaker' }, states: { type: 'choice', of: BREAKER_STATES, list: true } },
  describe: ({ breaker, states }) => `${breaker} goes ${states.join(' → ')}`,
  problems({ states }: Visits, _plan, path) {
    const unknown = states.indexOf('unknown');
    if (unknown >= 0)
      return [{ path: `${path}.states[${unknown}]`, expected: 'a state that a breaker can be seen in', found: "'unknown'" }];
    const twice = states.findIndex((state, index) => state === states[index + 1]);
    if (twice < 0) return [];
    return [{ path: `${path}.states[${twice + 1}]`, expected: `a state other than the one before it`, found: `'${states[twice]}' again` }];
  },
  evaluate(expectation, evidence) {
    const fromUs = evidence.phase('baseline')?.fromUs ?? evidence.loadStartedUs;
    const result = fromUs === null ? tooFew('arrivals', 0, 1) : evaluate(expectation, evidence, { fromUs, toUs: horizonUs(evidence) });
    return findingOf(expectation, expectation.breaker, result);
  },
};

function evaluate({ breaker, states }: Visits, evidence: Evidence, span: Span): Result {
  const seen = statesIn(evidence, breaker, span);
  const unknown = unknownUs(evidence, breaker, span);
  if (unknown > 0 || seen.length === 0) return breakerUnknown(breaker, unknown);
  const first = seen[0]?.fromUs ?? span.fromUs;
  const common = {
    evidence: rowsOf(
      'events',
      seen.map(({ eventId }) => eventId),
      span,
    ),
  };
  const values = { states, seen: seen.slice(0, 20).map(({ state }) => state), seenCount: seen.length };
  const walk = follow(
    states,
    seen.map(({ state }) => state),
  );
  if (walk.strayAt !== null) {
    const stray = seen[walk.strayAt];
    return {
      ...common,
      verdict: 'fail',
      code: 'visits-stray',
      values: {
        ...values,
        stray: stray?.state ?? 'unknown',
        before: seen[walk.strayAt - 1]?.state ?? null,
        atMs: toMs((stray?.fromUs ?? first) - first),
      },
      // What opened once more may have been opened by a slow machine.
      timingMarginMs: 0,
    };
  }
  if (missingMs(evidence) > 0) return cutOff(missingMs(evidence));
  if (walk.missing.length > 0) {
    return {
      ...common,
      verdict: 'fail',
      code: 'visits-incomplete',
      values: { ...values, missing: walk.missing },
      timingMarginMs: waitedMs(seen, span),
    };
  }
  return {
    ...common,
    verdict: 'pass',
    code: 'visits',
    values: { ...values, cycles: Math.max(0, Math.round((seen.length - states.length) / 2)) },
  };
}

/** How long the last state had lasted when the timeline ended: a machine would have had to hold the next one up for so long. */
function waitedMs(seen: readonly BreakerStretch[], span: Span): number {
  return toMs(span.toUs - (seen.at(-1)?.fromUs ?? span.toUs));
}

const CYCLE: readonly BreakerState[] = ['open', 'half-open'];

/**
 * Walks the seen states along the listed ones. A step goes on to the next listed state, or stays at the place while the
 * breaker cycles between open and half-open; it goes on only from the listed state itself, so that a breaker that closes
 * straight from open does not pass for one that was half-open before. All places that fit are kept.
 */
function follow(
  states: readonly BreakerState[],
  seen: readonly BreakerState[],
): { readonly strayAt: number | null; readonly missing: readonly BreakerState[] } {
  if (seen[0] !== states[0]) return { strayAt: 0, missing: states };
  let places: readonly number[] = [0];
  for (let step = 1; step < seen.length; step++) {
    const from = seen[step - 1];
    const to = seen[step];
    if (from === undefined || to === undefined) break;
    const isCycle = CYCLE.includes(from) && CYCLE.includes(to);
    const next = new Set<number>();
    for (const place of places) {
      if (states[place] === from && states[place + 1] === to) next.add(place + 1);
      if (isCycle) next.add(place);
    }
    if (next.size === 0) return { strayAt: step, missing: [] };
    places = [...next];
  }
  const isDone = places.includes(states.length - 1) && seen.at(-1) === states.at(-1);
  return {
    strayAt: null,
    missing: isDone ? [] : states.slice(Math.max(...places) + 1).concat(places.includes(states.length - 1) ? states.slice(-1) : []),
  };
}
