import type { Expectation } from '../../model/scenario.ts';
import { formatMs } from '../../model/time.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { serviceMs } from '../series.ts';
import { reachedSystem } from '../unsent.ts';
import { numberAbove } from './arguments.ts';
import { statesIn } from './breaker-states.ts';
import type { Check } from './contract.ts';
import { findingOf, neverOpened, rowsOf, tooFew, toMs, type Result } from './finding.ts';
import { aboveTimeout, loadSpan } from './timeline.ts';
import { allExchanges } from './traffic.ts';

/** Requests that an open breaker turns away are answered at once. */
export interface FailsFast<B extends string = string, R extends string = string> extends Expectation<never, B, never, R, never> {
  readonly check: 'failsFast';
  readonly breaker: B;
  readonly request: R;
  readonly p95Ms: number;
}

/** Rejected requests below which nothing can be told. */
const REJECTED_NEEDED = 10;

/**
 * The p95 service time (from the actual start to the end) of requests that started while the breaker was open and never
 * reached its edge is at most `p95Ms` milliseconds. One that is still being answered when the breaker tries again counts:
 * waiting out an open breaker is what this expectation forbids. Needs ten such requests, else it cannot tell.
 *
 * @example
 * ```ts
 * import { failsFast } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(failsFast({ breaker: 'orders.payments', request: 'order', p95Ms: 100 }).p95Ms, 100);
 * ```
 * @throws {RangeError} if `p95Ms` is not above 0
 */
export function failsFast<const B extends string, const R extends string>(options: {
  readonly breaker: B;
  readonly request: R;
  readonly p95Ms: number;
}): FailsFast<B, R> {
  const p95Ms = numberAbove(options.p95Ms, 0, 'p95Ms', `${options.request} to fail fast`, ' ms');
  return { check: 'failsFast', breaker: options.breaker, request: options.request, p95Ms };
}

export const failsFastCheck: Check<FailsFast> = {
  kind: 'failsFast',
  needs: ['tap'],
  schema: { breaker: { type: 'breaker' }, request: { type: 'request' }, p95Ms: { type: 'number', min: 0.1, unit: 'ms' } },
  describe: ({ breaker, request, p95Ms }) => `${request} is answered within ${formatMs(p95Ms)} (p95) while ${breaker} is open`,
  problems: ({ request, p95Ms }: FailsFast, plan, path) => aboveTimeout(`${path}.p95Ms`, p95Ms, plan, request),
  evaluate(expectation, evidence) {
    const span = loadSpan(evidence);
    const result = span === null ? tooFew('arrivals', 0, 1) : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.request, { expected: { value: expectation.p95Ms, unit: 'ms' }, ...result });
  },
};

function evaluate({ breaker, request, p95Ms }: FailsFast, evidence: Evidence, span: Span): Result {
  const open = statesIn(evidence, breaker, span).filter(({ state }) => state === 'open' || state === 'forced-open');
  if (open.length === 0) return neverOpened(breaker);
  const edge = evidence.plan.system.breakers[breaker]?.edge ?? '';
  const reached = new Set(allExchanges(evidence, edge).map(({ traceId }) => traceId));
  if (reached.size === 0) return tooFew(`calls on ${edge} (without any, nobody can tell who was turned away)`, 0, 1);
  const wasOpen = (atUs: number): boolean => open.some(({ fromUs, toUs }) => fromUs <= atUs && atUs < toUs);
  const turnedAway = evidence
    .requestsIn(span, request)
    .filter(
      (row) => row.startedUs !== null && row.traceId !== '' && !reached.has(row.traceId) && reachedSystem(row) && wasOpen(row.startedUs),
    );
  const measuredMs = quantile(
    turnedAway.map((row) => serviceMs(row) ?? 0),
    0.95,
  );
  if (measuredMs === null || turnedAway.length < REJECTED_NEEDED)
    return tooFew(`${request} requests turned away while ${breaker} was open`, turnedAway.length, REJECTED_NEEDED);
  const slow = turnedAway.filter((row) => (serviceMs(row) ?? 0) > p95Ms);
  return {
    verdict: measuredMs <= p95Ms ? 'pass' : 'fail',
    code: 'fails-fast',
    values: {
      breaker,
      request,
      p95Ms,
      measuredMs,
      rejected: turnedAway.length,
      slow: slow.length,
      openMs: toMs(open.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)),
    },
    measured: { value: measuredMs, unit: 'ms' },
    timingMarginMs: Math.abs(p95Ms - measuredMs),
    evidence: rowsOf(
      'requests',
      (slow.length === 0 ? turnedAway : slow).map(({ id }) => id),
    ),
  };
}
