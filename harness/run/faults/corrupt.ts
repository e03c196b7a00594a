import type { FaultOf } from '../../model/fault.ts';
import { realNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

/** Flips bits on an edge. */
export interface Corrupt<E extends string = string> extends FaultOf<'corrupt'> {
  readonly edge: E;
  /** Bytes in a million of which one bit is flipped, on average. */
  readonly perMillion: number;
  readonly stream: Stream;
}

export interface CorruptOptions {
  /** Bytes in a million of which one bit is flipped, on average; over 0, at most 1000000. */
  readonly perMillion: number;
  /** @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Flips single bits of what flows over an edge, at seeded places: of heads as of bodies. `httpCorrupt` keeps to bodies.
 *
 * @example
 * ```ts
 * import { corrupt } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(corrupt('orders->payments', { perMillion: 100 }).stream, 'downstream');
 * ```
 * @throws {RangeError} if `perMillion` is not over 0 and at most 1000000
 */
export function corrupt<const E extends string>(edge: E, options: CorruptOptions): Corrupt<E> {
  const perMillion = realNumber(options.perMillion, { doing: `corrupt ${edge}`, name: 'perMillion', above: 0, max: 1_000_000 });
  return { kind: 'corrupt', edge, perMillion, stream: options.stream ?? 'downstream' };
}

export const corruptDriver: FaultDriver<Corrupt> = {
  kind: 'corrupt',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    perMillion: { type: 'number', min: Number.MIN_VALUE, max: 1_000_000 },
    stream: { type: 'choice', of: STREAMS },
  },
  describe: ({ edge, perMillion, stream }) => `${edge}: ${perMillion} of a million bytes ${stream} have a bit flipped`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, stream, perMillion }: Corrupt): readonly EdgeToxic[] {
  return [{ edge, stream, type: 'corrupt', attributes: { rate: perMillion } }];
}
