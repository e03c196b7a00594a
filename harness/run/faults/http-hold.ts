import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

const SIDES = ['request', 'response'] as const;

/** Holds calls until the fault ends. */
export interface HttpHold<E extends string = string> extends FaultOf<'http-hold'> {
  readonly edge: E;
  readonly at: (typeof SIDES)[number];
  readonly target: HttpTarget;
}

export interface HttpHoldOptions extends TargetOptions {
  /** `request`: the callee does not see it yet; `response`: it has done its work and its reply is held. @default 'request' */
  readonly at?: HttpHold['at'];
}

/**
 * Holds matching calls on an edge from when they come until the fault ends; then all of them pass at once.
 *
 * @example
 * ```ts
 * import { httpHold } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpHold('orders->payments', { path: '/charges', next: 1 }).at, 'request');
 * ```
 * @throws {RangeError} if a number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpHold<const E extends string>(edge: E, options: HttpHoldOptions = {}): HttpHold<E> {
  return { kind: 'http-hold', edge, at: options.at ?? 'request', target: httpTarget(options, `hold calls on ${edge}`) };
}

export const httpHoldDriver: FaultDriver<HttpHold> = {
  kind: 'http-hold',
  needs: ['http'],
  schema: { edge: { type: 'edge' }, at: { type: 'choice', of: SIDES }, target: { type: 'object', fields: targetShape } },
  describe: ({ edge, at, target }) => `${edge}: ${describeTarget(target)} has its ${at} held until the fault ends`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'hold', at: fault.at }, context),
  // The proxy passes on what a rule holds when it is removed.
  withdraw: (fault, context) => removeRule(fault, context),
};
