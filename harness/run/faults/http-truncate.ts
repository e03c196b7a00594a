import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** With more of its body a reply is hardly cut; all of it is no fault. */
const MOST_PART = 0.99;

/** Cuts replies short, well framed; `bytes` or `part` says where. */
export interface HttpTruncate<E extends string = string> extends FaultOf<'http-truncate'> {
  readonly edge: E;
  /** Bytes of the body that are left. */
  readonly bytes?: number;
  /** Part of the body that is left, 0 to 0.99. */
  readonly part?: number;
  readonly target: HttpTarget;
}

export interface HttpTruncateOptions extends TargetOptions {
  /** Bytes of the body that are left; 0 or more. */
  readonly bytes?: number;
  /** Part of the body that is left where its length is known, 0 to 0.99. @default 0.5 without `bytes` */
  readonly part?: number;
}

/**
 * Passes only the beginning of a reply's body, framed as if it were all: valid HTTP with broken content.
 *
 * @example
 * ```ts
 * import { httpTruncate } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpTruncate('orders->payments', { path: '/fee' }).part, 0.5);
 * ```
 * @throws {RangeError} if `bytes` and `part` are both given, or a number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpTruncate<const E extends string>(edge: E, options: HttpTruncateOptions = {}): HttpTruncate<E> {
  const doing = `truncate replies on ${edge}`;
  const { bytes, part = bytes === undefined ? 0.5 : undefined } = options;
  if (bytes !== undefined && part !== undefined)
    throw new RangeError(`Cannot ${doing} as 'part' must be left out beside 'bytes': current value is ${part}`);
  if (part !== undefined && !(part >= 0 && part <= MOST_PART))
    throw new RangeError(`Cannot ${doing} as 'part' must be 0 to ${MOST_PART}: current value is ${part}`);
  return {
    kind: 'http-truncate',
    edge,
    ...(bytes === undefined ? {} : { bytes: wholeNumber(bytes, { doing, name: 'bytes', min: 0 }) }),
    ...(part === undefined ? {} : { part }),
    target: httpTarget(options, doing),
  };
}

export const httpTruncateDriver: FaultDriver<HttpTruncate> = {
  kind: 'http-truncate',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    bytes: { type: 'integer', min: 0, unit: 'bytes', optional: true },
    part: { type: 'number', min: 0, max: MOST_PART, optional: true },
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, bytes, part = 0.5, target }) =>
    `${edge}: ${describeTarget(target)} gets ${bytes === undefined ? `${Number((part * 100).toFixed(1))} %` : `${bytes} bytes`} of its reply's body`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject(fault, context) {
    const { bytes, part = 0.5 } = fault;
    return addRule(fault, { kind: 'truncate', ...(bytes === undefined ? { share: part } : { bytes }) }, context);
  },
  withdraw: (fault, context) => removeRule(fault, context),
};
