import type { FaultOf } from '../../model/fault.ts';
import { bodyField } from '../../model/http-fields.ts';
import type { Duration } from '../../model/time.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { msField, wholeMs, wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** Limits requests by rate. */
export interface HttpQuota<E extends string = string> extends FaultOf<'http-quota'> {
  readonly edge: E;
  /** Requests that pass in each window. */
  readonly limit: number;
  /** In milliseconds. */
  readonly windowMs: number;
  readonly status: number;
  readonly body?: string;
  readonly target: HttpTarget;
}

export interface HttpQuotaOptions extends TargetOptions {
  /** Requests that pass in each window; 0 or more. */
  readonly limit: number;
  /** Length of a window, 1 ms or more; the first begins with the first matching request. */
  readonly window: Duration;
  /** 200 to 599. @default 429 */
  readonly status?: number;
  /** @default no body */
  readonly body?: string;
}

/**
 * Lets `limit` matching requests pass in each `window` and answers the rest in the callee's place, with a Retry-After that tells when the
 * next window begins.
 *
 * @example
 * ```ts
 * import { httpQuota } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpQuota('orders->payments', { limit: 10, window: '1s' }).status, 429);
 * ```
 * @throws {RangeError} if a number is out of bounds
 * @throws {SyntaxError} if `window`, `pattern` or `path` is unreadable
 */
export function httpQuota<const E extends string>(edge: E, options: HttpQuotaOptions): HttpQuota<E> {
  const doing = `limit requests on ${edge}`;
  return {
    kind: 'http-quota',
    edge,
    limit: wholeNumber(options.limit, { doing, name: 'limit', min: 0 }),
    windowMs: wholeMs(options.window, { doing, name: 'window', min: 1 }),
    status: wholeNumber(options.status ?? 429, { doing, name: 'status', min: 200, max: 599 }),
    ...(options.body === undefined ? {} : { body: options.body }),
    target: httpTarget(options, doing),
  };
}

export const httpQuotaDriver: FaultDriver<HttpQuota> = {
  kind: 'http-quota',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    limit: { type: 'integer', min: 0 },
    windowMs: msField(1),
    status: { type: 'integer', min: 200, max: 599 },
    body: bodyField,
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, limit, windowMs, status, target }) =>
    `${edge}: ${describeTarget(target)} is answered ${status} beyond ${limit} in ${windowMs} ms`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { limit, windowMs, status, body } = fault;
    return addRule(fault, { kind: 'quota', limit, windowMs, status, ...(body === undefined ? {} : { body }) }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
