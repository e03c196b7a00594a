import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';
import { describePoint, replyPoint, replyPointShape, type ReplyPointed, type ReplyPointOptions } from './reply-point.ts';

/** Takes requests and goes silent. */
export interface HttpHang<E extends string = string> extends FaultOf<'http-hang'>, Partial<ReplyPointed> {
  readonly edge: E;
  readonly target: HttpTarget;
}

export interface HttpHangOptions extends TargetOptions, ReplyPointOptions {}

/**
 * Takes matching requests on an edge and goes silent: at once (the callee never sees them), or with its reply under way.
 *
 * @example
 * ```ts
 * import { httpHang } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(httpHang('orders->payments', { method: 'post', first: 5 }).target, { method: 'POST', first: 5 });
 * assert.equal(httpHang('orders->payments', { at: 'after-headers' }).at, 'after-headers');
 * ```
 * @throws {RangeError} if `bytes` does not go with `at`, or a number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpHang<const E extends string>(edge: E, options: HttpHangOptions = {}): HttpHang<E> {
  const doing = `hang requests on ${edge}`;
  return { kind: 'http-hang', edge, ...replyPoint(options, doing), target: httpTarget(options, doing) };
}

export const httpHangDriver: FaultDriver<HttpHang> = {
  kind: 'http-hang',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    ...replyPointShape,
    at: { ...replyPointShape.at, optional: true },
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, at = 'before', bytes, target }) =>
    at === 'before'
      ? `${edge}: ${describeTarget(target)} gets no answer`
      : `${edge}: ${describeTarget(target)} gets no more ${describePoint({ at, ...(bytes === undefined ? {} : { bytes }) })}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { at, bytes } = fault;
    return addRule(fault, { kind: 'hang', ...(at === undefined ? {} : { at }), ...(bytes === undefined ? {} : { bytes }) }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
