import type { FaultOf } from '../../model/fault.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, type EdgeToxic } from './toxics.ts';

/** Cuts connections after a number of reply bytes. */
export interface LimitData<E extends string = string> extends FaultOf<'limit-data'> {
  readonly edge: E;
  /** Reply bytes that a connection passes from the fault's start before it is closed. */
  readonly bytes: number;
}

/**
 * Closes connections on an edge once `bytes` of reply have passed; what is beyond them is cut off.
 *
 * @example
 * ```ts
 * import { limitData } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(limitData('orders->payments', { bytes: 40 }).bytes, 40);
 * ```
 * @throws {RangeError} if `bytes` is no whole number of at least 0
 */
export function limitData<const E extends string>(edge: E, options: { readonly bytes: number }): LimitData<E> {
  return { kind: 'limit-data', edge, bytes: wholeNumber(options.bytes, { doing: `cut replies on ${edge}`, name: 'bytes', min: 0 }) };
}

export const limitDataDriver: FaultDriver<LimitData> = {
  kind: 'limit-data',
  needs: ['tcp'],
  schema: { edge: { type: 'edge' }, bytes: { type: 'integer', min: 0, unit: 'bytes' } },
  describe: ({ edge, bytes }) => `${edge}: connections are closed after ${bytes} bytes of reply`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, bytes }: LimitData): readonly EdgeToxic[] {
  return [{ edge, stream: 'downstream', type: 'limit_data', attributes: { bytes } }];
}
