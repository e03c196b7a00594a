import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

/** Delays every chunk on an edge in one direction. */
export interface Latency<E extends string = string> extends FaultOf<'latency'> {
  readonly edge: E;
  /** Added to each chunk, in milliseconds. */
  readonly delayMs: number;
  /** Half-width of the uniform jitter around `delayMs`, in milliseconds. */
  readonly jitterMs: number;
  readonly stream: Stream;
}

export interface LatencyOptions {
  /** Added to each chunk, 1 ms or more. */
  readonly delay: Duration;
  /** Half-width of the uniform jitter around `delay`. @default 0 */
  readonly jitter?: Duration;
  /** `downstream` delays the replies (the callee has done its work by then), `upstream` the requests. @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Slows an edge down: every chunk arrives `delay` ± `jitter` later, in order. Opening a connection is not slowed.
 *
 * @example
 * ```ts
 * import { latency } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(latency('orders->payments', { delay: '300ms' }).delayMs, 300);
 * ```
 * @throws {SyntaxError} if a duration is unreadable
 * @throws {RangeError} if `delay` is under 1 ms, a length is no whole number of milliseconds, or `jitter` exceeds `delay`
 */
export function latency<const E extends string>(edge: E, options: LatencyOptions): Latency<E> {
  const doing = `slow ${edge} down`;
  const delayMs = wholeMs(options.delay, { doing, name: 'delay', min: 1 });
  const jitterMs = wholeMs(options.jitter ?? 0, { doing, name: 'jitter', min: 0 });
  if (jitterMs > delayMs) {
    throw new RangeError(`Cannot ${doing} as 'jitter' must not exceed 'delay' (${delayMs} ms): current value is ${jitterMs} ms`);
  }
  return { kind: 'latency', edge, delayMs, jitterMs, stream: options.stream ?? 'downstream' };
}

export const latencyDriver: FaultDriver<Latency> = {
  kind: 'latency',
  needs: ['tcp'],
  schema: { edge: { type: 'edge' }, delayMs: msField(1), jitterMs: msField(0), stream: { type: 'choice', of: STREAMS } },
  describe: ({ edge, delayMs, jitterMs, stream }) =>
    `${edge}: ${stream === 'downstream' ? 'replies' : 'requests'} ${delayMs} ms later${jitterMs === 0 ? '' : ` (± ${jitterMs} ms)`}`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, stream, delayMs, jitterMs }: Latency): readonly EdgeToxic[] {
  return [{ edge, stream, type: 'latency', attributes: { latency: delayMs, jitter: jitterMs } }];
}
