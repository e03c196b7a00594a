import type { FaultOf } from '../../model/fault.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

const SCOPES = ['connection', 'proxy'] as const;

/** Narrows an edge in one direction. */
export interface Bandwidth<E extends string = string> extends FaultOf<'bandwidth'> {
  readonly edge: E;
  /** In units of 1000 bytes a second. */
  readonly kilobytesPerSecond: number;
  /** Whether each connection has the rate for itself, or all of the edge share it. @default 'connection' */
  readonly scope?: (typeof SCOPES)[number];
  readonly stream: Stream;
}

export interface BandwidthOptions {
  /** In units of 1000 bytes a second; 1 or more. */
  readonly kilobytesPerSecond: number;
  /** Whether each connection has the rate for itself, or all of the edge (`proxy`) share it. @default 'connection' */
  readonly scope?: Bandwidth['scope'];
  /** @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Narrows an edge: each connection, or all of them together, carries at most `kilobytesPerSecond` (1 kB = 1000 bytes).
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
  const scope = options.scope === undefined ? {} : { scope: options.scope };
  return { kind: 'bandwidth', edge, kilobytesPerSecond, ...scope, stream: options.stream ?? 'downstream' };
}

export const bandwidthDriver: FaultDriver<Bandwidth> = {
  kind: 'bandwidth',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    kilobytesPerSecond: { type: 'integer', min: 1, unit: 'kB/s' },
    scope: { type: 'choice', of: SCOPES, optional: true },
    stream: { type: 'choice', of: STREAMS },
  },
  describe: ({ edge, kilobytesPerSecond, scope, stream }) =>
    `${edge}: at most ${kilobytesPerSecond} kB/s ${stream} on ${scope === 'proxy' ? 'all connections together' : 'each connection'}`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, stream, kilobytesPerSecond, scope }: Bandwidth): readonly EdgeToxic[] {
  return [{ edge, stream, type: 'bandwidth', attributes: { rate: kilobytesPerSecond, ...(scope === undefined ? {} : { scope }) } }];
}
