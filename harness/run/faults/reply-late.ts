import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** The effect is done, the reply is late. */
export interface ReplyLate<E extends string = string> extends FaultOf<'reply-late'> {
  readonly edge: E;
  /** From the callee's reply to the caller's, in milliseconds. */
  readonly delayMs: number;
  readonly target: HttpTarget;
}

/**
 * Passes matching requests on, so that their effect happens, and keeps each reply for `delay`.
 *
 * @example
 * ```ts
 * import { replyLate } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(replyLate('orders->payments', { delay: '2s', path: '/charges' }).delayMs, 2000);
 * ```
 * @throws {RangeError} if `delay` is under 1 ms or no whole number of milliseconds, or a target's number is out of bounds
 * @throws {SyntaxError} if `delay`, `pattern` or `path` is unreadable
 */
export function replyLate<const E extends string>(edge: E, options: TargetOptions & { readonly delay: Duration }): ReplyLate<E> {
  const doing = `delay replies on ${edge}`;
  return {
    kind: 'reply-late',
    edge,
    delayMs: wholeMs(options.delay, { doing, name: 'delay', min: 1 }),
    target: httpTarget(options, doing),
  };
}

export const replyLateDriver: FaultDriver<ReplyLate> = {
  kind: 'reply-late',
  needs: ['http'],
  schema: { edge: { type: 'edge' }, delayMs: msField(1), target: { type: 'object', fields: targetShape } },
  describe: ({ edge, delayMs, target }) => `${edge}: ${describeTarget(target)} takes effect, its reply is ${delayMs} ms late`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'reply-late', delayMs: fault.delayMs }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
