import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';
import { describePoint, replyPoint, replyPointShape, type ReplyPointed, type ReplyPointOptions } from './reply-point.ts';

const WAYS = ['reset', 'close'] as const;

/** Ends the caller's connection at one point of an exchange. */
export interface HttpAbort<E extends string = string> extends FaultOf<'http-abort'>, ReplyPointed {
  readonly edge: E;
  /** With a reset, or in order, as a callee that gives up half-way. @default 'reset' */
  readonly how?: (typeof WAYS)[number];
  readonly target: HttpTarget;
}

export interface HttpAbortOptions extends TargetOptions, ReplyPointOptions {
  /** With a reset, or in order, as a callee that gives up half-way. @default 'reset' */
  readonly how?: (typeof WAYS)[number];
}

/**
 * Ends the connection under matching requests on an edge.
 *
 * @example
 * ```ts
 * import { httpAbort } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpAbort('orders->payments', { at: 'mid-body', everyNth: 3 }).at, 'mid-body');
 * assert.equal(httpAbort('orders->payments', { at: 'after-bytes', bytes: 100, how: 'close' }).bytes, 100);
 * ```
 * @throws {RangeError} if `bytes` does not go with `at`, or a number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpAbort<const E extends string>(edge: E, options: HttpAbortOptions = {}): HttpAbort<E> {
  const doing = `abort requests on ${edge}`;
  return {
    kind: 'http-abort',
    edge,
    ...replyPoint(options, doing),
    ...(options.how === undefined ? {} : { how: options.how }),
    target: httpTarget(options, doing),
  };
}

export const httpAbortDriver: FaultDriver<HttpAbort> = {
  kind: 'http-abort',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    ...replyPointShape,
    how: { type: 'choice', of: WAYS, optional: true },
    target: { type: 'object', fields: targetShape },
  },
  describe: (fault) =>
    `${fault.edge}: ${describeTarget(fault.target)} is ${fault.how === 'close' ? 'closed' : 'reset'} ${describePoint(fault)}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { at, bytes, how } = fault;
    return addRule(fault, { kind: 'abort', at, ...(bytes === undefined ? {} : { bytes }), ...(how === undefined ? {} : { how }) }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
