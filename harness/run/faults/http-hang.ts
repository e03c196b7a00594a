import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** Takes requests and never answers. */
export interface HttpHang<E extends string = string> extends FaultOf<'http-hang'> {
  readonly edge: E;
  readonly target: HttpTarget;
}

/**
 * Takes matching requests on an edge and never answers; the callee never sees them.
 *
 * @example
 * ```ts
 * import { httpHang } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(httpHang('orders->payments', { method: 'post', first: 5 }).target, { method: 'POST', first: 5 });
 * ```
 * @throws {RangeError} if a target's number is out of bounds
 * @throws {SyntaxError} if `path` is unreadable
 */
export function httpHang<const E extends string>(edge: E, options: TargetOptions = {}): HttpHang<E> {
  return { kind: 'http-hang', edge, target: httpTarget(options, `hang requests on ${edge}`) };
}

export const httpHangDriver: FaultDriver<HttpHang> = {
  kind: 'http-hang',
  needs: ['http'],
  schema: { edge: { type: 'edge' }, target: { type: 'object', fields: targetShape } },
  describe: ({ edge, target }) => `${edge}: ${describeTarget(target)} gets no answer`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'hang' }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
