import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, type EdgeToxic } from './toxics.ts';

/** Passes the callee's end of a connection on late; data is untouched. */
export interface SlowClose<E extends string = string> extends FaultOf<'slow-close'> {
  readonly edge: E;
  /** In milliseconds. */
  readonly delayMs: number;
}

/**
 * Delays the close of connections on an edge: the caller learns `delay` late that the callee has closed.
 * Only a connection that ends while the fault is in force is touched, and on an HTTP edge only a reply whose end is the
 * end of its connection: a reply with a length is over before.
 *
 * @example
 * ```ts
 * import { slowClose } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(slowClose('orders->payments', { delay: '2s' }).delayMs, 2000);
 * ```
 * @throws {SyntaxError} if `delay` is unreadable
 * @throws {RangeError} if `delay` is under 1 ms or no whole number of milliseconds
 */
export function slowClose<const E extends string>(edge: E, options: { readonly delay: Duration }): SlowClose<E> {
  return { kind: 'slow-close', edge, delayMs: wholeMs(options.delay, { doing: `slow the close of ${edge} down`, name: 'delay', min: 1 }) };
}

export const slowCloseDriver: FaultDriver<SlowClose> = {
  kind: 'slow-close',
  needs: ['tcp'],
  schema: { edge: { type: 'edge' }, delayMs: msField(1) },
  describe: ({ edge, delayMs }) => `${edge}: connections close ${delayMs} ms late`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, delayMs }: SlowClose): readonly EdgeToxic[] {
  return [{ edge, stream: 'downstream', type: 'slow_close', attributes: { delay: delayMs } }];
}
