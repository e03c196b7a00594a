import type { FaultOf } from '../../model/fault.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, type EdgeToxic } from './toxics.ts';

/** Cuts replies into small pieces. */
export interface Slice<E extends string = string> extends FaultOf<'slice'> {
  readonly edge: E;
  readonly averageBytes: number;
  /** Largest difference of a piece from `averageBytes`, in bytes. */
  readonly variationBytes: number;
  /** Pause after each piece, in microseconds. */
  readonly delayUs: number;
}

export interface SliceOptions {
  /** Size of a piece, in bytes; 1 or more. */
  readonly averageBytes: number;
  /** Largest difference of a piece from `averageBytes`, in bytes; less than it. @default 0 */
  readonly variationBytes?: number;
  /** Pause after each piece, in microseconds. @default 0 */
  readonly delayUs?: number;
}

/**
 * Cuts replies on an edge into pieces of about `averageBytes`: what a parser that expects whole messages stumbles over.
 *
 * @example
 * ```ts
 * import { slice } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(slice('orders->payments', { averageBytes: 16, delayUs: 500 }).variationBytes, 0);
 * ```
 * @throws {RangeError} if a number is not whole, `averageBytes` is under 1, or `variationBytes` is not below `averageBytes`
 */
export function slice<const E extends string>(edge: E, options: SliceOptions): Slice<E> {
  const doing = `slice replies on ${edge}`;
  const averageBytes = wholeNumber(options.averageBytes, { doing, name: 'averageBytes', min: 1 });
  const variationBytes = wholeNumber(options.variationBytes ?? 0, { doing, name: 'variationBytes', min: 0, max: averageBytes - 1 });
  const delayUs = wholeNumber(options.delayUs ?? 0, { doing, name: 'delayUs', min: 0 });
  return { kind: 'slice', edge, averageBytes, variationBytes, delayUs };
}

export const sliceDriver: FaultDriver<Slice> = {
  kind: 'slice',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    averageBytes: { type: 'integer', min: 1, unit: 'bytes' },
    variationBytes: { type: 'integer', min: 0, unit: 'bytes' },
    delayUs: { type: 'integer', min: 0, unit: 'µs' },
  },
  describe: ({ edge, averageBytes, variationBytes, delayUs }) =>
    `${edge}: replies in pieces of ${averageBytes} (± ${variationBytes}) bytes${delayUs === 0 ? '' : `, ${delayUs} µs apart`}`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, averageBytes, variationBytes, delayUs }: Slice): readonly EdgeToxic[] {
  const attributes = { average_size: averageBytes, size_variation: variationBytes, delay: delayUs };
  return [{ edge, stream: 'downstream', type: 'slicer', attributes }];
}
