import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

const MOMENTS = ['before', 'after-headers', 'mid-body'] as const;

/** Resets the caller's connection at one moment of an exchange. */
export interface HttpAbort<E extends string = string> extends FaultOf<'http-abort'> {
  readonly edge: E;
  readonly at: (typeof MOMENTS)[number];
  readonly target: HttpTarget;
}

export interface HttpAbortOptions extends TargetOptions {
  /** `before` the request is passed on, `after-headers` of the reply, or `mid-body` of it. @default 'before' */
  readonly at?: HttpAbort['at'];
}

/**
 * Resets the connection under matching requests on an edge.
 *
 * @example
 * ```ts
 * import { httpAbort } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpAbort('orders->payments', { at: 'mid-body', everyNth: 3 }).at, 'mid-body');
 * ```
 * @throws {RangeError} if a target's number is out of bounds
 * @throws {SyntaxError} if `path` is unreadable
 */
export function httpAbort<const E extends string>(edge: E, options: HttpAbortOptions = {}): HttpAbort<E> {
  return { kind: 'http-abort', edge, at: options.at ?? 'before', target: httpTarget(options, `abort requests on ${edge}`) };
}

export const httpAbortDriver: FaultDriver<HttpAbort> = {
  kind: 'http-abort',
  needs: ['http'],
  schema: { edge: { type: 'edge' }, at: { type: 'choice', of: MOMENTS }, target: { type: 'object', fields: targetShape } },
  describe: ({ edge, at, target }) => `${edge}: ${describeTarget(target)} is reset ${WHEN[at]}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'abort', at: fault.at }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};

const WHEN = { before: 'before it is passed on', 'after-headers': "after the reply's headers", 'mid-body': "in the reply's body" } as const;
