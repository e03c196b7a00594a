import type { Expectation } from '../../model/scenario.ts';
import { formatMs } from '../../model/time.ts';
import type { Evidence } from '../evidence.ts';
import { beginOf, statesIn, unknownUs, verdictWithin } from './breaker-states.ts';
import type { Check } from './contract.ts';
import {
  breakerUnknown,
  cutOff,
  faultNotInForce,
  faultNotWithdrawn,
  findingOf,
  neverOpened,
  rowsOf,
  toMs,
  type Result,
} from './finding.ts';
import { faultMoments, horizonUs, missingMs, roomAfterMs, unreachable, type FaultMoments } from './timeline.ts';

/** A breaker closes soon after a fault is withdrawn, and then stays closed until the end. */
export interface Closes<B extends string = string, F extends string = string> extends Expectation<never, B, F, never, never> {
  readonly check: 'closes';
  readonly breaker: B;
  readonly of: F;
  /** Counted from the fault's last withdrawal, acknowledged. */
  readonly withinMs: number;
}

export const closesCheck: Check<Closes> = {
  kind: 'closes',
  needs: [],
  schema: { breaker: { type: 'breaker' }, of: { type: 'fault' }, withinMs: { type: 'number', min: 1, unit: 'ms' } },
  describe: ({ breaker, of, withinMs }) => `${breaker} is closed for good within ${formatMs(withinMs)} of the end of ${of}`,
  problems: ({ of, withinMs }: Closes, plan, path) =>
    unreachable(`${path}.withinMs`, withinMs, roomAfterMs(plan, of, 'end'), `what is left of the timeline when ${of} ends`),
  evaluate(expectation, evidence) {
    const moments = faultMoments(evidence, expectation.of);
    const result = moments === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, moments);
    return findingOf(expectation, expectation.breaker, { expected: { value: expectation.withinMs, unit: 'ms' }, ...result });
  },
};

function evaluate({ breaker, of, withinMs }: Closes, evidence: Evidence, { requestedUs, withdrawnUs }: FaultMoments): Result {
  if (withdrawnUs === null) return faultNotWithdrawn(of);
  const toUs = horizonUs(evidence);
  const whole = statesIn(evidence, breaker, { fromUs: requestedUs, toUs });
  const last = whole.at(-1);
  if (last === undefined || last.state === 'unknown' || last.toUs < toUs)
    return breakerUnknown(breaker, unknownUs(evidence, breaker, { fromUs: requestedUs, toUs }));
  if (!whole.some(({ state }) => state === 'open')) {
    const unknown = unknownUs(evidence, breaker, { fromUs: requestedUs, toUs });
    return unknown > 0 ? breakerUnknown(breaker, unknown) : neverOpened(breaker);
  }
  if (missingMs(evidence) > 0) return cutOff(missingMs(evidence));
  const leftMs = toMs(toUs - withdrawnUs);
  const after = statesIn(evidence, breaker, { fromUs: withdrawnUs, toUs });
  const span = { fromUs: withdrawnUs, toUs };
  const events = rowsOf(
    'events',
    after.map(({ eventId }) => eventId),
    span,
  );
  if (last.state !== 'closed') {
    if (leftMs <= withinMs) return { verdict: 'inconclusive', code: 'run-too-short', values: { of, neededMs: withinMs, leftMs } };
    const trials = after.filter(({ state }) => state === 'half-open').length;
    const values = { of, withinMs, state: last.state, leftMs, trials };
    return { verdict: 'fail', code: 'closes-never', values, timingMarginMs: leftMs - withinMs, evidence: events };
  }
  // The closing that counts is the last one; it may lie before the withdrawal.
  const { earliestUs, latestUs } = beginOf(whole, whole.length - 1);
  const lowestMs = toMs(Math.max(0, earliestUs - withdrawnUs));
  const highestMs = toMs(Math.max(0, latestUs - withdrawnUs));
  const verdict = verdictWithin(lowestMs, highestMs, withinMs);
  const reopened = after.filter(
    ({ state }, index) => state === 'open' && index > 0 && after.slice(0, index).some((earlier) => earlier.state === 'closed'),
  ).length;
  return {
    verdict,
    code: verdict === 'inconclusive' ? 'closes-unclear' : 'closes',
    values: { of, withinMs, lowestMs, afterMs: highestMs, reopened },
    measured: { value: highestMs, unit: 'ms' },
    resolutionMs: toMs(latestUs - earliestUs),
    timingMarginMs: Math.abs(withinMs - highestMs),
    evidence: events,
  };
}
