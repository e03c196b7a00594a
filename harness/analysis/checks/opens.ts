import { formatMs } from '../../model/time.ts';
import type { Expectation } from '../../model/scenario.ts';
import { beginOf, statesIn, unknownUs, verdictWithin } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { breakerUnknown, faultNotInForce, findingOf, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { faultMoments, horizonUs, roomAfterMs, unreachable, type FaultMoments } from './timeline.ts';
import { hasFailed } from './traffic.ts';
import type { Evidence } from '../evidence.ts';

/** A breaker opens soon after a fault begins. */
export interface Opens<B extends string = string, F extends string = string> extends Expectation<never, B, F, never, never> {
  readonly check: 'opens';
  readonly breaker: B;
  readonly of: F;
  /** Counted from the fault's first acknowledgement. */
  readonly withinMs: number;
}

/** Failed calls after which a breaker that stayed closed has really refused to open; usual thresholds are 5 to 20 calls. */
const FAILED_CALLS_NEEDED = 10;

export const opensCheck: Check<Opens> = {
  kind: 'opens',
  needs: [],
  schema: { breaker: { type: 'breaker' }, of: { type: 'fault' }, withinMs: { type: 'number', min: 1, unit: 'ms' } },
  describe: ({ breaker, of, withinMs }) => `${breaker} opens within ${formatMs(withinMs)} of ${of}`,
  problems: ({ of, withinMs }: Opens, plan, path) =>
    unreachable(`${path}.withinMs`, withinMs, roomAfterMs(plan, of, 'begin'), `what is left of the timeline when ${of} begins`),
  evaluate(expectation, evidence) {
    const moments = faultMoments(evidence, expectation.of);
    const result = moments === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, moments);
    return findingOf(expectation, expectation.breaker, { expected: { value: expectation.withinMs, unit: 'ms' }, ...result });
  },
};

function evaluate({ breaker, of, withinMs }: Opens, evidence: Evidence, { requestedUs, acknowledgedUs, eventIds }: FaultMoments): Result {
  const states = statesIn(evidence, breaker, { fromUs: requestedUs, toUs: horizonUs(evidence) });
  const before = states[0];
  if (before === undefined || before.state === 'unknown')
    return breakerUnknown(breaker, unknownUs(evidence, breaker, { fromUs: requestedUs, toUs: horizonUs(evidence) }));
  if (before.state !== 'closed' && before.state !== 'disabled') {
    return {
      verdict: 'inconclusive',
      code: 'opens-already',
      values: { of, state: before.state },
      evidence: rowsOf('events', [before.eventId]),
    };
  }
  const index = states.findIndex(({ state }) => state === 'open');
  if (index < 0) return notOpened({ breaker, of, withinMs }, evidence, acknowledgedUs);
  const { earliestUs, latestUs } = beginOf(states, index);
  const lowestMs = toMs(Math.max(0, earliestUs - acknowledgedUs));
  const highestMs = toMs(Math.max(0, latestUs - acknowledgedUs));
  const verdict = verdictWithin(lowestMs, highestMs, withinMs);
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  return {
    verdict,
    code: verdict === 'inconclusive' ? 'opens-unclear' : 'opens',
    values: {
      of,
      withinMs,
      lowestMs,
      afterMs: highestMs,
      calls: evidence.exchangesIn({ fromUs: requestedUs, toUs: latestUs }, edge).length,
      edge,
    },
    measured: { value: highestMs, unit: 'ms' },
    resolutionMs: toMs(latestUs - earliestUs),
    timingMarginMs: Math.abs(withinMs - highestMs),
    evidence: rowsOf('events', [...eventIds.slice(0, 2), states[index]?.eventId ?? null], { fromUs: acknowledgedUs, toUs: latestUs }),
  };
}

function notOpened(
  { breaker, of, withinMs }: Pick<Opens, 'breaker' | 'of' | 'withinMs'>,
  evidence: Evidence,
  acknowledgedUs: number,
): Result {
  const horizon = horizonUs(evidence);
  const span = { fromUs: acknowledgedUs, toUs: Math.min(acknowledgedUs + withinMs * 1000, horizon) };
  const unknown = unknownUs(evidence, breaker, span);
  if (unknown > 0) return breakerUnknown(breaker, unknown);
  if (acknowledgedUs + withinMs * 1000 > horizon) {
    return { verdict: 'inconclusive', code: 'run-too-short', values: { of, neededMs: withinMs, leftMs: toMs(horizon - acknowledgedUs) } };
  }
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  const failed = evidence.exchangesIn({ fromUs: acknowledgedUs, toUs: horizon }, edge).filter(hasFailed);
  if (failed.length < FAILED_CALLS_NEEDED) return tooFew(`failed calls on ${edge}`, failed.length, FAILED_CALLS_NEEDED);
  return {
    verdict: 'fail',
    code: 'opens-never',
    values: { of, withinMs, failed: failed.length, edge },
    evidence: rowsOf(
      'exchanges',
      failed.map(({ id }) => id),
      span,
    ),
  };
}
