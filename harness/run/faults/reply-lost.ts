import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** The effect is done, the reply is lost. */
export interface ReplyLost<E extends string = string> extends FaultOf<'reply-lost'> {
  readonly edge: E;
  readonly target: HttpTarget;
}

/**
 * Passes matching requests on, so that their effect happens, and loses the reply: once the callee has answered, the
 * caller's connection is reset. What tells a safe retry from a double charge.
 *
 * @example
 * ```ts
 * import { replyLost } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(replyLost('orders->payments', { path: '/charges' }).target, { path: '/charges' });
 * ```
 * @throws {RangeError} if a target's number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function replyLost<const E extends string>(edge: E, options: TargetOptions = {}): ReplyLost<E> {
  return { kind: 'reply-lost', edge, target: httpTarget(options, `lose replies on ${edge}`) };
}

export const replyLostDriver: FaultDriver<ReplyLost> = {
  kind: 'reply-lost',
  needs: ['http'],
  schema: { edge: { type: 'edge' }, target: { type: 'object', fields: targetShape } },
  describe: ({ edge, target }) => `${edge}: ${describeTarget(target)} takes effect, its reply is lost`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'reply-lost' }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
