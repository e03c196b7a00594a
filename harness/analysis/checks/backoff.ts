import type { ExchangeRow } from '../../model/recording.ts';
import type { Expectation } from '../../model/scenario.ts';
import { formatMs, type Duration } from '../../model/time.ts';
import type { Evidence, Span } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { limitMs, numberAbove } from './arguments.ts';
import type { Check } from './contract.ts';
import { faultNotInForce, findingOf, rowsOf, tooFew, type Result } from './finding.ts';
import { forceSpan } from './timeline.ts';
import { callsByTrace, UNTRACED_MAX } from './traffic.ts';

/** Retries wait before they call again, longer each time, and not all the same. */
export interface Backoff<E extends string = string, F extends string = string> extends Expectation<E, never, F, never, never> {
  readonly check: 'backoff';
  readonly edge: E;
  /** Without one, the stretch in which any fault is in force counts. */
  readonly of?: F;
  /** Least median wait before the first retry. */
  readonly firstMinMs: number;
  /** Least ratio of the median wait before the second retry to that before the first. */
  readonly growthMin?: number;
  /** The waits before the first retry must differ. */
  readonly jitter?: boolean;
}

/** Requests that were retried, below which a median says nothing. */
const RETRIED_NEEDED = 5;
/** Requests that were retried twice, below which growth cannot be told. */
const TWICE_NEEDED = 3;
/** Waits whose standard deviation is a smaller share of their mean were not spread on purpose. */
const JITTER_MIN = 0.05;

/**
 * Retries on an edge back off while a fault is in force. A wait runs from the end of one attempt to the start of the next
 * of the same request (trace id). Needs five retried requests (three retried twice for `growthMin`), else it cannot tell.
 *
 * @example
 * ```ts
 * import { backoff } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(backoff({ edge: 'orders->payments', of: 'storm', firstMin: '20ms', jitter: true }).firstMinMs, 20);
 * ```
 * @throws {RangeError} if `firstMin` or `growthMin` is not above 0
 * @throws {SyntaxError} if `firstMin` is no duration
 */
export function backoff<const E extends string, const F extends string = never>(options: {
  readonly edge: E;
  /** @default the stretch in which any fault is in force */
  readonly of?: F;
  readonly firstMin: Duration;
  readonly growthMin?: number;
  /** @default false */
  readonly jitter?: boolean;
}): Backoff<E, NoInfer<F>> {
  const what = `backoff on ${options.edge}`;
  return {
    check: 'backoff',
    edge: options.edge,
    ...(options.of === undefined ? {} : { of: options.of }),
    firstMinMs: limitMs(options.firstMin, 'firstMin', what),
    ...(options.growthMin === undefined ? {} : { growthMin: numberAbove(options.growthMin, 0, 'growthMin', what) }),
    ...(options.jitter === true ? { jitter: true } : {}),
  };
}

export const backoffCheck: Check<Backoff> = {
  kind: 'backoff',
  needs: ['tap'],
  schema: {
    edge: { type: 'edge' },
    of: { type: 'fault', optional: true },
    firstMinMs: { type: 'number', min: 0.1, unit: 'ms' },
    growthMin: { type: 'number', min: 0.01, optional: true },
    jitter: { type: 'boolean', optional: true },
  },
  describe: ({ edge, firstMinMs, growthMin, jitter }) =>
    `retries on ${edge} wait at least ${formatMs(firstMinMs)}${growthMin === undefined ? '' : `, then ${growthMin} times as long`}${jitter === true ? ', and not all the same' : ''}`,
  problems: () => [],
  evaluate(expectation, evidence) {
    const span = forceSpan(evidence, expectation.of);
    const result = span === null ? faultNotInForce(expectation.of ?? 'any fault') : evaluate(expectation, evidence, span);
    return findingOf(expectation, expectation.edge, { expected: { value: expectation.firstMinMs, unit: 'ms' }, ...result });
  },
};

function evaluate({ edge, firstMinMs, growthMin, jitter }: Backoff, evidence: Evidence, span: Span): Result {
  const calls = evidence.exchangesIn({ fromUs: span.fromUs, toUs: Infinity }, edge);
  const { traces, untraced } = callsByTrace(calls);
  if (untraced > calls.length * UNTRACED_MAX)
    return { verdict: 'inconclusive', code: 'edge-untraced', values: { edge, untraced, calls: calls.length } };
  const retried = [...traces.values()].filter((attempts) => attempts.length > 1 && (attempts[0]?.startedUs ?? Infinity) < span.toUs);
  if (retried.length < RETRIED_NEEDED) return tooFew(`retried requests on ${edge}`, retried.length, RETRIED_NEEDED);
  const first = retried.map((attempts) => waitMs(attempts, 1)).filter((wait) => wait !== null);
  const second = retried.map((attempts) => waitMs(attempts, 2)).filter((wait) => wait !== null);
  const firstMs = quantile(first, 0.5) ?? 0;
  const growth = firstMs > 0 ? (quantile(second, 0.5) ?? 0) / firstMs : 0;
  const spread = spreadOf(first);
  const common = {
    values: {
      edge,
      firstMinMs,
      firstMs,
      growthMin: growthMin ?? null,
      growth,
      twice: second.length,
      spread,
      spreadMin: JITTER_MIN,
      retried: retried.length,
    },
    measured: { value: firstMs, unit: 'ms' as const },
    evidence: rowsOf(
      'exchanges',
      retried.flat().map(({ id }) => id),
      span,
    ),
  };
  const marginMs = Math.abs(firstMs - firstMinMs);
  if (firstMs < firstMinMs) return { ...common, verdict: 'fail', code: 'backoff-short', timingMarginMs: marginMs };
  if (jitter === true && spread < JITTER_MIN) return { ...common, verdict: 'fail', code: 'backoff-even' };
  if (growthMin !== undefined && second.length < TWICE_NEEDED)
    return { ...tooFew(`requests retried twice on ${edge}`, second.length, TWICE_NEEDED), evidence: common.evidence };
  if (growthMin !== undefined && growth < growthMin)
    return { ...common, verdict: 'fail', code: 'backoff-flat', timingMarginMs: (growthMin - growth) * firstMs };
  // A busy machine lengthens waits by chance: where even the shortest tenth was long enough, it is not why.
  const isSure = (quantile(first, 0.1) ?? 0) >= firstMinMs;
  return { ...common, verdict: 'pass', code: 'backoff', ...(isSure ? {} : { timingMarginMs: marginMs }) };
}

/** From the end of the attempt before to the start of the attempt at `place`, in milliseconds; attempts side by side do not wait. */
function waitMs(attempts: readonly ExchangeRow[], place: number): number | null {
  const before = attempts[place - 1];
  const attempt = attempts[place];
  return before === undefined || attempt === undefined ? null : Math.max(0, (attempt.startedUs - before.endedUs) / 1000);
}

/** The coefficient of variation: standard deviation as a share of the mean. */
function spreadOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (!(mean > 0)) return 0;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean;
}
