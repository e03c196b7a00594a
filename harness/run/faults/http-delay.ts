import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

const SIDES = ['request', 'response'] as const;

/** Holds single exchanges; others on the same connection's edge pass at once. */
export interface HttpDelay<E extends string = string> extends FaultOf<'http-delay'> {
  readonly edge: E;
  /** In milliseconds. */
  readonly delayMs: number;
  /** Half-width of the uniform jitter around `delayMs`, in milliseconds. @default 0 */
  readonly jitterMs?: number;
  /** What is held: the request before the callee sees it, or the reply before the caller does. */
  readonly before: (typeof SIDES)[number];
  readonly target: HttpTarget;
}

export interface HttpDelayOptions extends TargetOptions {
  /** 1 ms or more. */
  readonly delay: Duration;
  /** Half-width of the uniform jitter around `delay`, seeded. @default 0 */
  readonly jitter?: Duration;
  /** `request`: the callee starts late; `response`: it has done its work and the reply is late. @default 'request' */
  readonly before?: HttpDelay['before'];
}

/**
 * Holds matching requests (or their replies) on an edge for `delay`.
 *
 * @example
 * ```ts
 * import { httpDelay } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpDelay('orders->payments', { delay: '1.5s', path: '/fee' }).before, 'request');
 * ```
 * @throws {RangeError} if `delay` is under 1 ms or no whole number of milliseconds, `jitter` exceeds it, or a target's number is out of bounds
 * @throws {SyntaxError} if a duration, `pattern` or `path` is unreadable
 */
export function httpDelay<const E extends string>(edge: E, options: HttpDelayOptions): HttpDelay<E> {
  const doing = `delay requests on ${edge}`;
  const delayMs = wholeMs(options.delay, { doing, name: 'delay', min: 1 });
  const jitterMs = wholeMs(options.jitter ?? 0, { doing, name: 'jitter', min: 0, max: delayMs });
  return {
    kind: 'http-delay',
    edge,
    delayMs,
    ...(jitterMs === 0 ? {} : { jitterMs }),
    before: options.before ?? 'request',
    target: httpTarget(options, doing),
  };
}

export const httpDelayDriver: FaultDriver<HttpDelay> = {
  kind: 'http-delay',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    delayMs: msField(1),
    jitterMs: { ...msField(0), optional: true },
    before: { type: 'choice', of: SIDES },
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, delayMs, jitterMs = 0, before, target }) =>
    `${edge}: ${describeTarget(target)} waits ${delayMs} ms${jitterMs === 0 ? '' : ` (± ${jitterMs} ms)`} before the ${before}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { before, delayMs, jitterMs } = fault;
    return addRule(fault, { kind: 'delay', before, delayMs, ...(jitterMs === undefined ? {} : { jitterMs }) }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
