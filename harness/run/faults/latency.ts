import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

const DISTRIBUTIONS = ['uniform', 'normal', 'lognormal', 'pareto'] as const;

/** Delays every chunk on an edge in one direction. */
export interface Latency<E extends string = string> extends FaultOf<'latency'> {
  readonly edge: E;
  /** Added to each chunk, in milliseconds. */
  readonly delayMs: number;
  /** How far delays spread around `delayMs`, in milliseconds: what that means is the distribution's. */
  readonly jitterMs: number;
  /** @default 'uniform' */
  readonly distribution?: (typeof DISTRIBUTIONS)[number];
  readonly stream: Stream;
}

export interface LatencyOptions {
  /** Added to each chunk, 1 ms or more. */
  readonly delay: Duration;
  /** How far delays spread. @default 0 */
  readonly jitter?: Duration;
  /**
   * `uniform`: `delay` ± `jitter`; `normal`: mean `delay`, standard deviation `jitter`; `lognormal`: median `delay`, `jitter` more at one
   * standard deviation; `pareto`: at least `delay`, with a heavy tail of scale `jitter`. @default 'uniform'
   */
  readonly distribution?: Latency['distribution'];
  /** `downstream` delays the replies (the callee has done its work by then), `upstream` the requests. @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Slows an edge down: every chunk arrives `delay` later, spread by `jitter`, in order. Opening a connection is not slowed.
 *
 * @example
 * ```ts
 * import { latency } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(latency('orders->payments', { delay: '300ms' }).delayMs, 300);
 * ```
 * @throws {SyntaxError} if a duration is unreadable
 * @throws {RangeError} if `delay` is under 1 ms, a length is no whole number of milliseconds, `jitter` exceeds `delay` where the
 *   distribution is uniform, or another distribution has no `jitter`
 */
export function latency<const E extends string>(edge: E, options: LatencyOptions): Latency<E> {
  const doing = `slow ${edge} down`;
  const delayMs = wholeMs(options.delay, { doing, name: 'delay', min: 1 });
  const jitterMs = wholeMs(options.jitter ?? 0, { doing, name: 'jitter', min: 0 });
  const { distribution = 'uniform' } = options;
  if (distribution === 'uniform' && jitterMs > delayMs) {
    throw new RangeError(`Cannot ${doing} as 'jitter' must not exceed 'delay' (${delayMs} ms): current value is ${jitterMs} ms`);
  }
  if (distribution !== 'uniform' && jitterMs === 0)
    throw new RangeError(`Cannot ${doing} as 'jitter' must be over 0 where the distribution is ${distribution}: current value is 0 ms`);
  const spread = distribution === 'uniform' ? {} : { distribution };
  return { kind: 'latency', edge, delayMs, jitterMs, ...spread, stream: options.stream ?? 'downstream' };
}

export const latencyDriver: FaultDriver<Latency> = {
  kind: 'latency',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    delayMs: msField(1),
    jitterMs: msField(0),
    distribution: { type: 'choice', of: DISTRIBUTIONS, optional: true },
    stream: { type: 'choice', of: STREAMS },
  },
  describe: ({ edge, delayMs, jitterMs, distribution, stream }) =>
    `${edge}: ${stream === 'downstream' ? 'replies' : 'requests'} ${delayMs} ms later${describeJitter(jitterMs, distribution)}`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function describeJitter(jitterMs: number, distribution: Latency['distribution']): string {
  if (jitterMs === 0) return '';
  return distribution === undefined || distribution === 'uniform' ? ` (± ${jitterMs} ms)` : ` (${distribution}, jitter ${jitterMs} ms)`;
}

function toxics({ edge, stream, delayMs, jitterMs, distribution }: Latency): readonly EdgeToxic[] {
  const attributes = { latency: delayMs, jitter: jitterMs, ...(distribution === undefined ? {} : { distribution }) };
  return [{ edge, stream, type: 'latency', attributes }];
}
