import { PHASES, type PhaseName } from '../../model/plan.ts';
import type { Expectation } from '../../model/scenario.ts';
import { formatMs } from '../../model/time.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { numberAbove } from './arguments.ts';
import { duringOf, duringProblems, duringSpan } from './availability.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';
import { aboveTimeout } from './timeline.ts';
import { samplesFor, waitsIn } from './traffic.ts';

/** Users wait no longer than this, up to a quantile, during a fault or a phase. */
export interface LatencyWithin<F extends string = string, R extends string = string> extends Expectation<never, never, F, R, never> {
  readonly check: 'latencyWithin';
  readonly of?: F;
  readonly phase?: PhaseName;
  readonly request?: R;
  readonly quantile: number;
  readonly maxMs: number;
}

/**
 * The quantile of response times during a fault (its name) or a phase is at most `maxMs` milliseconds. All arrivals
 * count, whatever their outcome, from their intended time; one that timed out counts with the time that it waited. Needs
 * at least one arrival beyond the quantile (20 for 0.95) and ten in all, else it cannot tell.
 *
 * @example
 * ```ts
 * import { latencyWithin } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(latencyWithin({ request: 'quote', during: 'slow', quantile: 0.95, maxMs: 900 }).maxMs, 900);
 * ```
 * @throws {RangeError} if `quantile` is not between 0 and 1 or `maxMs` not above 0
 */
export function latencyWithin<const D extends string, const R extends string = never>(options: {
  readonly during: D;
  readonly quantile: number;
  readonly maxMs: number;
  /** Only requests of this name count. @default all requests */
  readonly request?: R;
}): LatencyWithin<Exclude<D, PhaseName>, NoInfer<R>> {
  const what = `latency during ${options.during}`;
  if (!(options.quantile > 0 && options.quantile < 1)) {
    throw new RangeError(`Cannot expect ${what} as 'quantile' must be above 0 and below 1: current value is ${options.quantile}`);
  }
  return {
    check: 'latencyWithin',
    ...duringOf(options.during),
    ...(options.request === undefined ? {} : { request: options.request }),
    quantile: options.quantile,
    maxMs: numberAbove(options.maxMs, 0, 'maxMs', what, ' ms'),
  };
}

export const latencyWithinCheck: Check<LatencyWithin> = {
  kind: 'latencyWithin',
  needs: [],
  schema: {
    of: { type: 'fault', optional: true },
    phase: { type: 'choice', of: PHASES, optional: true },
    request: { type: 'request', optional: true },
    quantile: { type: 'number', min: 0.01, max: 0.9999 },
    maxMs: { type: 'number', min: 0.1, unit: 'ms' },
  },
  describe: ({ request, quantile: share, maxMs, ...when }) =>
    `p${Number((share * 100).toFixed(2))} of ${request ?? 'all requests'} is at most ${formatMs(maxMs)} during ${when.of ?? when.phase ?? 'the run'}`,
  problems: ({ of, phase, request, maxMs }: LatencyWithin, plan, path) => [
    ...duringProblems(of, phase, path),
    ...aboveTimeout(`${path}.maxMs`, maxMs, plan, request),
  ],
  evaluate(expectation, evidence) {
    const span = duringSpan(expectation, evidence);
    const result = span === null ? faultNotInForce(expectation.of ?? '') : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.request ?? 'all requests', { expected: { value: expectation.maxMs, unit: 'ms' }, ...result });
  },
};

function evaluate({ of, phase, request, quantile: share, maxMs }: LatencyWithin, evidence: Evidence, span: Span): Result {
  const rows = evidence.requestsIn(span, request);
  const waitedMs = waitsIn(evidence);
  const needed = samplesFor(share);
  const measuredMs = quantile(rows.map(waitedMs), share);
  if (measuredMs === null || rows.length < needed) return tooFew(`arrivals of ${request ?? 'any request'}`, rows.length, needed);
  const slow = rows.filter((row) => waitedMs(row) > maxMs);
  return {
    verdict: measuredMs <= maxMs ? 'pass' : 'fail',
    code: 'latency',
    values: {
      during: of ?? phase ?? '',
      request: request ?? null,
      quantile: share,
      measuredMs,
      maxMs,
      arrivals: rows.length,
      slow: slow.length,
    },
    measured: { value: measuredMs, unit: 'ms' },
    timingMarginMs: Math.abs(maxMs - measuredMs),
    evidence: rowsOf(
      'requests',
      (slow.length === 0 ? rows : slow).map(({ id }) => id),
      span,
    ),
  };
}
