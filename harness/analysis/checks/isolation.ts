import type { RequestRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { responseMs } from '../series.ts';
import { reachedSystem } from '../unsent.ts';
import { numberFrom } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';
import { samplesFor, waitsIn } from './traffic.ts';

/** A request that does not need what the fault hits stays as fast and as available as before. */
export interface Isolation<F extends string = string, R extends string = string> extends Expectation<never, never, F, R, never> {
  readonly check: 'isolation';
  readonly request: R;
  /** The fault that must not be felt. */
  readonly of: F;
  /** p95 while the fault is in force, divided by p95 in the baseline. */
  readonly p95RatioMax: number;
}

/** Differences below this are never a failure, whatever their ratio: a p95 of 3 ms may become 8 ms by chance. */
const FLOOR_MS = 10;
/** Availability may drop by this much, and by two arrivals, by chance. */
const DROP_MAX = 0.02;
const MORE_BAD_MAX = 2;

/**
 * A request that does not need what a fault hits stays as fast as in the baseline (p95 of response times within
 * `p95RatioMax` times the baseline's, differences below 10 ms aside) and as available (share of `ok` at most 2 points lower).
 * Needs 20 arrivals in the baseline and 20 under the fault, else it cannot tell.
 *
 * @example
 * ```ts
 * import { isolation } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(isolation({ request: 'stock', from: 'slow', p95RatioMax: 1.5 }).of, 'slow');
 * ```
 * @throws {RangeError} if `p95RatioMax` is below 1
 */
export function isolation<const R extends string, const F extends string>(options: {
  readonly request: R;
  readonly from: F;
  readonly p95RatioMax: number;
}): Isolation<F, R> {
  const p95RatioMax = numberFrom(options.p95RatioMax, 1, 'p95RatioMax', `isolation of ${options.request}`);
  return { check: 'isolation', request: options.request, of: options.from, p95RatioMax };
}

export const isolationCheck: Check<Isolation> = {
  kind: 'isolation',
  needs: [],
  schema: { request: { type: 'request' }, of: { type: 'fault' }, p95RatioMax: { type: 'number', min: 1, unit: 'times the baseline' } },
  describe: ({ request, of, p95RatioMax }) =>
    `${request} stays within ${p95RatioMax} times its baseline p95, and as available, during ${of}`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const span = evidence.faultSpan(expectation.of);
    const result = span === null ? faultNotInForce(expectation.of) : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.request, { expected: { value: expectation.p95RatioMax, unit: 'x' }, ...result });
  },
};

function evaluate({ request, of, p95RatioMax }: Isolation, evidence: Evidence, span: Span): Result {
  const baseline = evidence.phase('baseline');
  const waitedMs = waitsIn(evidence);
  // What the driver lost before the fault must not excuse what it lost under it.
  const before = (baseline === null ? [] : evidence.requestsIn(baseline, request)).filter(reachedSystem);
  const during = evidence.requestsIn(span, request);
  const needed = samplesFor(0.95);
  if (before.length < needed) return tooFew(`arrivals of ${request} in the baseline`, before.length, needed);
  if (during.length < needed) return tooFew(`arrivals of ${request} during ${of}`, during.length, needed);
  const beforeMs = quantile(before.map(responseMs), 0.95) ?? 0;
  const duringMs = quantile(during.map(waitedMs), 0.95) ?? 0;
  const limitMs = Math.max(beforeMs * p95RatioMax, beforeMs + FLOOR_MS);
  const bad = during.filter(isBad);
  const badBefore = before.filter(isBad).length / before.length;
  const hasDropped = bad.length / during.length > badBefore + DROP_MAX && bad.length > badBefore * during.length + MORE_BAD_MAX;
  const ratio = beforeMs > 0 ? duringMs / beforeMs : 0;
  const values = {
    request,
    of,
    p95RatioMax,
    ratio,
    beforeMs,
    duringMs,
    limitMs,
    arrivals: during.length,
    bad: bad.length,
    okBefore: 1 - badBefore,
    okDuring: 1 - bad.length / during.length,
  };
  const measured = { value: ratio, unit: 'x' as const };
  // A slow machine lets answers time out; only as far as answers were slow as well is it sure that it did not.
  if (hasDropped)
    return {
      verdict: 'fail',
      code: 'isolation-dropped',
      values,
      measured,
      timingMarginMs: duringMs - limitMs,
      evidence: rowsOf(
        'requests',
        bad.map(({ id }) => id),
        span,
      ),
    };
  const slow = during.filter((row) => waitedMs(row) > limitMs);
  return {
    verdict: duringMs <= limitMs ? 'pass' : 'fail',
    code: 'isolation',
    values,
    measured,
    ...(duringMs <= quietLimitMs(before, p95RatioMax) ? {} : { timingMarginMs: Math.abs(duringMs - limitMs) }),
    evidence: rowsOf(
      'requests',
      (slow.length === 0 ? during : slow).map(({ id }) => id),
      span,
    ),
  };
}

/**
 * The limit that follows from the baseline's median instead of its p95. A busy machine slows a few answers down and lifts the
 * p95 that all is compared with; a p95 within this limit does not owe its pass to that.
 */
function quietLimitMs(before: readonly RequestRow[], p95RatioMax: number): number {
  const medianMs = quantile(before.map(responseMs), 0.5) ?? 0;
  return Math.max(medianMs * p95RatioMax, medianMs + FLOOR_MS);
}

function isBad({ outcome }: RequestRow): boolean {
  return outcome !== 'ok';
}
