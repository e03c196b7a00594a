import type { ExchangeRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence, Span } from '../evidence.ts';
import { numberFrom } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';
import { forceSpan } from './timeline.ts';
import { callsByTrace, mayHaveBeenDelayed, UNTRACED_MAX } from './traffic.ts';

/** Retries multiply the calls on an edge only so far. */
export interface Retries<E extends string = string, F extends string = string> extends Expectation<E, never, F, never, never> {
  readonly check: 'retries';
  readonly edge: E;
  /** Without one, the stretch in which any fault is in force counts. */
  readonly of?: F;
  /** Attempts for each request that called at all. */
  readonly amplificationMax: number;
}

/** Requests that called, below which a ratio says nothing. */
export const CALLERS_NEEDED = 5;

/**
 * Attempts on an edge, divided by the requests (trace ids) behind them, stay within `amplificationMax` while a fault is in
 * force. Requests that an open breaker turns away never reach the edge and count in neither.
 *
 * @example
 * ```ts
 * import { retries } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(retries({ edge: 'orders->payments', of: 'storm', amplificationMax: 1.6 }).amplificationMax, 1.6);
 * ```
 * @throws {RangeError} if `amplificationMax` is below 1
 */
export function retries<const E extends string, const F extends string = never>(options: {
  readonly edge: E;
  /** @default the stretch in which any fault is in force */
  readonly of?: F;
  readonly amplificationMax: number;
}): Retries<E, NoInfer<F>> {
  return {
    check: 'retries',
    edge: options.edge,
    ...(options.of === undefined ? {} : { of: options.of }),
    amplificationMax: numberFrom(options.amplificationMax, 1, 'amplificationMax', `retries on ${options.edge}`),
  };
}

export const retriesCheck: Check<Retries> = {
  kind: 'retries',
  needs: ['tap'],
  schema: {
    edge: { type: 'edge' },
    of: { type: 'fault', optional: true },
    amplificationMax: { type: 'number', min: 1, unit: 'attempts a call' },
  },
  describe: ({ edge, of, amplificationMax }) => `at most ${amplificationMax} attempts a call on ${edge} during ${of ?? 'the faults'}`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const span = forceSpan(evidence, expectation.of);
    const result = span === null ? faultNotInForce(expectation.of ?? 'any fault') : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.edge, { expected: { value: expectation.amplificationMax, unit: 'x' }, ...result });
  },
};

function evaluate({ edge, of, amplificationMax }: Retries, evidence: Evidence, span: Span): Result {
  const attempts = evidence.exchangesIn(span, edge);
  const { traces, untraced } = callsByTrace(attempts);
  if (untraced > attempts.length * UNTRACED_MAX)
    return { verdict: 'inconclusive', code: 'edge-untraced', values: { edge, untraced, calls: attempts.length } };
  if (traces.size < CALLERS_NEEDED) return tooFew(`requests that called ${edge}`, traces.size, CALLERS_NEEDED);
  const amplification = (attempts.length - untraced) / traces.size;
  const most = [...traces.values()].toSorted((left, right) => right.length - left.length);
  return {
    verdict: amplification <= amplificationMax ? 'pass' : 'fail',
    code: 'retries',
    values: {
      edge,
      of: of ?? null,
      amplification,
      amplificationMax,
      attempts: attempts.length - untraced,
      callers: traces.size,
      most: most[0]?.length ?? 0,
    },
    measured: { value: amplification, unit: 'x' },
    ...(amplification > amplificationMax && withoutDelays(most) <= amplificationMax ? { timingMarginMs: 0 } : {}),
    evidence: rowsOf(
      'exchanges',
      most.flat().map(({ id }) => id),
      span,
    ),
  };
}

/** The amplification among requests none of whose attempts a slow machine may have made fail. */
function withoutDelays(traces: readonly (readonly ExchangeRow[])[]): number {
  const undelayed = traces.filter((attempts) => !attempts.some(mayHaveBeenDelayed));
  return undelayed.length < CALLERS_NEEDED ? 0 : undelayed.reduce((sum, attempts) => sum + attempts.length, 0) / undelayed.length;
}
