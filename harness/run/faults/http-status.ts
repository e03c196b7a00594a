import type { FaultOf } from '../../model/fault.ts';
import { bodyField, setHeadersField } from '../../model/http-fields.ts';
import type { Duration } from '../../model/time.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { wholeMs, wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** Answers in place of the callee. */
export interface HttpStatus<E extends string = string> extends FaultOf<'http-status'> {
  readonly edge: E;
  readonly status: number;
  readonly body?: string;
  /** Headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly target: HttpTarget;
}

export interface HttpStatusOptions extends TargetOptions {
  /** 200 to 599. */
  readonly status: number;
  /** @default no body */
  readonly body?: string;
  /** Headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Retry-After`; whole seconds. */
  readonly retryAfter?: Duration;
}

/**
 * Answers requests on an edge with a status of its own; the callee never sees them.
 *
 * @example
 * ```ts
 * import { httpStatus } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const storm = httpStatus('orders->payments', { status: 503, share: 0.2, retryAfter: '2s' });
 * assert.deepEqual(storm.headers, { 'retry-after': '2' });
 * assert.deepEqual(storm.target, { share: 0.2 });
 * ```
 * @throws {RangeError} if `status` is not 200 to 599, `retryAfter` is not in whole seconds, or a target's number is out of bounds
 * @throws {SyntaxError} if `retryAfter`, `pattern` or `path` is unreadable
 */
export function httpStatus<const E extends string>(edge: E, options: HttpStatusOptions): HttpStatus<E> {
  const doing = `answer in place of ${edge}`;
  const status = wholeNumber(options.status, { doing, name: 'status', min: 200, max: 599 });
  const headers = { ...options.headers, ...retryAfterHeader(options.retryAfter, doing) };
  return {
    kind: 'http-status',
    edge,
    status,
    ...(options.body === undefined ? {} : { body: options.body }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    target: httpTarget(options, doing),
  };
}

function retryAfterHeader(retryAfter: Duration | undefined, doing: string): Readonly<Record<string, string>> {
  if (retryAfter === undefined) return {};
  const seconds = wholeMs(retryAfter, { doing, name: 'retryAfter', min: 0 }) / 1000;
  if (Number.isInteger(seconds)) return { 'retry-after': String(seconds) };
  throw new RangeError(`Cannot ${doing} as 'retryAfter' must be whole seconds: current value is ${seconds} s`);
}

export const httpStatusDriver: FaultDriver<HttpStatus> = {
  kind: 'http-status',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    status: { type: 'integer', min: 200, max: 599 },
    body: bodyField,
    headers: setHeadersField,
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, status, target }) => `${edge}: ${describeTarget(target)} is answered ${status}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { status, body, headers } = fault;
    const reply = { ...(body === undefined ? {} : { body }), ...(headers === undefined ? {} : { headers }) };
    return addRule(fault, { kind: 'status', status, ...reply }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
