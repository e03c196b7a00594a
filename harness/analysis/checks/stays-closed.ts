import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { statesIn, unknownUs } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { breakerUnknown, cutOff, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { loadSpan, missingMs } from './timeline.ts';
import { hasFailed, mayHaveBeenDelayed } from './traffic.ts';

/** A breaker stays closed under the whole load. */
export interface StaysClosed<B extends string = string> extends Expectation<never, B, never, never, never> {
  readonly check: 'staysClosed';
  readonly breaker: B;
}

/** Calls on the edge without which a breaker has had nothing to decide. */
const CALLS_NEEDED = 10;

export const staysClosedCheck: Check<StaysClosed> = {
  kind: 'staysClosed',
  needs: [],
  schema: { breaker: { type: 'breaker' } },
  describe: ({ breaker }) => `${breaker} stays closed under the whole load`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const span = loadSpan(evidence);
    const result = span === null ? tooFew('arrivals', 0, 1) : evaluate(expectation.breaker, evidence, span);
    return findingOf(expectation, expectation.breaker, { expected: { value: 0, unit: 'count' }, ...result });
  },
};

/** How far back a breaker remembers at most, in microseconds. */
const MEMORY_US = 10_000_000;

/** A slow machine lets calls time out, and enough of them open a breaker that is right; failures that a fault made do not need it. */
function mayBeTheMachine(breaker: string, evidence: Evidence, openedUs: number): boolean {
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  const failed = evidence.exchangesIn({ fromUs: openedUs - MEMORY_US, toUs: openedUs }, edge).filter(hasFailed);
  return failed.length === 0 || failed.some(mayHaveBeenDelayed);
}

function evaluate(breaker: string, evidence: Evidence, span: Span): Result {
  const states = statesIn(evidence, breaker, span);
  const left = states.filter(({ state }) => state === 'open' || state === 'half-open' || state === 'forced-open');
  const first = left[0];
  if (first !== undefined) {
    const opened = left.filter(({ state }) => state !== 'half-open');
    return {
      verdict: 'fail',
      code: 'stays-closed',
      values: {
        times: opened.length,
        atMs: toMs(first.fromUs - span.fromUs),
        awayMs: toMs(left.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)),
        state: first.state,
      },
      measured: { value: Math.max(1, opened.length), unit: 'count' },
      ...(mayBeTheMachine(breaker, evidence, first.fromUs) ? { timingMarginMs: 0 } : {}),
      evidence: rowsOf(
        'events',
        left.map(({ eventId }) => eventId),
        { fromUs: first.fromUs, toUs: left.at(-1)?.toUs ?? first.toUs },
      ),
    };
  }
  const closedUs = states.reduce((sum, { state, fromUs, toUs }) => sum + (state === 'closed' ? toUs - fromUs : 0), 0);
  if (closedUs < span.toUs - span.fromUs)
    return breakerUnknown(breaker, Math.max(unknownUs(evidence, breaker, span), span.toUs - span.fromUs - closedUs));
  if (missingMs(evidence) > 0) return cutOff(missingMs(evidence));
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  const calls = evidence.exchangesIn(span, edge);
  if (calls.length < CALLS_NEEDED) return tooFew(`calls on ${edge}`, calls.length, CALLS_NEEDED);
  const failed = calls.filter(hasFailed).length;
  return {
    verdict: 'pass',
    code: 'stays-closed',
    values: { times: 0, calls: calls.length, failed, edge },
    measured: { value: 0, unit: 'count' },
    evidence: rowsOf(
      'events',
      states.map(({ eventId }) => eventId),
      span,
    ),
  };
}
