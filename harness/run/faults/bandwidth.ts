import type { FaultOf } from '../../model/fault.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

/** Narrows an edge in one direction; each connection has the rate for itself. */
export interface Bandwidth<E extends string = string> extends FaultOf<'bandwidth'> {
  readonly edge: E;
  /** In units of 1000 bytes a second. */
  readonly kilobytesPerSecond: number;
  readonly stream: Stream;
}

export interface BandwidthOptions {
  /** In units of 1000 bytes a second; 1 or more. */
  readonly kilobytesPerSecond: number;
  /** @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Narrows an edge: each connection carries at most `kilobytesPerSecond` (1 kB = 1000 bytes).
 *
 * @example
 * ```ts
 * import { bandwidth } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(bandwidth('orders->payments', { kilobytesPerSecond: 16 }).stream, 'downstream');
 * ```
 * @throws {RangeError} if `kilobytesPerSecond` is no whole number of at least 1
 */
export function bandwidth<const E extends string>(edge: E, options: BandwidthOptions): Bandwidth<E> {
  const kilobytesPerSecond = wholeNumber(options.kilobytesPerSecond, { doing: `narrow ${edge}`, name: 'kilobytesPerSecond', min: 1 });
  return { kind: 'bandwidth', edge, kilobytesPerSecond, stream: options.stream ?? 'downstream' };
}

export const bandwidthDriver: FaultDriver<Bandwidth> = {
  kind: 'bandwidth',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    kilobytesPerSecond: { type: 'integer', min: 1, unit: 'kB/s' },
    stream: { type: 'choice', of: STREAMS },
  },
  describe: ({ edge, kilobytesPerSecond, stream }) => `${edge}: at most ${kilobytesPerSecond} kB/s ${stream} on each connection`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, stream, kilobytesPerSecond }: Bandwidth): readonly EdgeToxic[] {
  return [{ edge, stream, type: 'bandwidth', attributes: { rate: kilobytesPerSecond } }];
}
