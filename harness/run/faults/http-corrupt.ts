import type { FaultOf } from '../../model/fault.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

const PARTS = ['body', 'framing'] as const;
/** Bytes are changed within a body's first 64 KiB. */
const MOST_BYTES = 64 * 1024;

/** Spoils replies. */
export interface HttpCorrupt<E extends string = string> extends FaultOf<'http-corrupt'> {
  readonly edge: E;
  /** How many bytes are changed. */
  readonly bytes: number;
  readonly what: (typeof PARTS)[number];
  readonly target: HttpTarget;
}

export interface HttpCorruptOptions extends TargetOptions {
  /** How many bytes are changed, 1 to 65536. @default 1 */
  readonly bytes?: number;
  /** `body`: content, at seeded places; `framing`: junk where the rest of the message should be, then the connection closes. @default 'body' */
  readonly what?: HttpCorrupt['what'];
}

/**
 * Changes bytes of replies on an edge.
 *
 * @example
 * ```ts
 * import { httpCorrupt } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(httpCorrupt('orders->payments', { share: 0.2 }).bytes, 1);
 * ```
 * @throws {RangeError} if a number is out of bounds
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpCorrupt<const E extends string>(edge: E, options: HttpCorruptOptions = {}): HttpCorrupt<E> {
  const doing = `corrupt replies on ${edge}`;
  return {
    kind: 'http-corrupt',
    edge,
    bytes: wholeNumber(options.bytes ?? 1, { doing, name: 'bytes', min: 1, max: MOST_BYTES }),
    what: options.what ?? 'body',
    target: httpTarget(options, doing),
  };
}

export const httpCorruptDriver: FaultDriver<HttpCorrupt> = {
  kind: 'http-corrupt',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    bytes: { type: 'integer', min: 1, max: MOST_BYTES, unit: 'bytes' },
    what: { type: 'choice', of: PARTS },
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, bytes, what, target }) => `${edge}: ${describeTarget(target)} gets a reply with ${bytes} broken bytes of ${what}`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'corrupt', bytes: fault.bytes, what: fault.what }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
