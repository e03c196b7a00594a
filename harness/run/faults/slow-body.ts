import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import { msField, wholeMs, wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

/** Trickles the bodies of replies. */
export interface SlowBody<E extends string = string> extends FaultOf<'slow-body'> {
  readonly edge: E;
  readonly pieceBytes: number;
  /** From one piece to the next, in milliseconds. */
  readonly delayMs: number;
  readonly target: HttpTarget;
}

export interface SlowBodyOptions extends TargetOptions {
  /** Size of a piece, in bytes; 1 or more. */
  readonly pieceBytes: number;
  /** From one piece to the next; 1 ms or more. */
  readonly delay: Duration;
}

/**
 * Passes the bodies of matching replies in pieces, each `delay` after the one before. The headers come at once: what a timeout on the
 * first byte does not notice.
 *
 * @example
 * ```ts
 * import { slowBody } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(slowBody('orders->payments', { pieceBytes: 10, delay: '100ms' }).delayMs, 100);
 * ```
 * @throws {RangeError} if a number is out of bounds
 * @throws {SyntaxError} if `delay`, `pattern` or `path` is unreadable
 */
export function slowBody<const E extends string>(edge: E, options: SlowBodyOptions): SlowBody<E> {
  const doing = `slow bodies down on ${edge}`;
  return {
    kind: 'slow-body',
    edge,
    pieceBytes: wholeNumber(options.pieceBytes, { doing, name: 'pieceBytes', min: 1 }),
    delayMs: wholeMs(options.delay, { doing, name: 'delay', min: 1 }),
    target: httpTarget(options, doing),
  };
}

export const slowBodyDriver: FaultDriver<SlowBody> = {
  kind: 'slow-body',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    pieceBytes: { type: 'integer', min: 1, unit: 'bytes' },
    delayMs: msField(1),
    target: { type: 'object', fields: targetShape },
  },
  describe: ({ edge, pieceBytes, delayMs, target }) =>
    `${edge}: ${describeTarget(target)} gets its reply's body in pieces of ${pieceBytes} bytes, ${delayMs} ms apart`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'slow-body', pieceBytes: fault.pieceBytes, delayMs: fault.delayMs }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
