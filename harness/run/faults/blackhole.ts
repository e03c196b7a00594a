import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { swallow } from './swallow.ts';
import { addToxics, removeToxics } from './toxics.ts';

/** Swallows everything on an edge, in both directions. */
export interface Blackhole<E extends string = string> extends FaultOf<'blackhole'> {
  readonly edge: E;
}

/**
 * Swallows everything on an edge: connections open, requests vanish, no reply ever comes. Connections that were open
 * are cut when the fault ends.
 *
 * @example
 * ```ts
 * import { blackhole } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(blackhole('orders->payments'), { kind: 'blackhole', edge: 'orders->payments' });
 * ```
 */
export function blackhole<const E extends string>(edge: E): Blackhole<E> {
  return { kind: 'blackhole', edge };
}

export const blackholeDriver: FaultDriver<Blackhole> = {
  kind: 'blackhole',
  needs: ['tcp'],
  schema: { edge: { type: 'edge' } },
  describe: ({ edge }) => `${edge}: everything is swallowed`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: ({ edge }, context) => addToxics(swallow(edge, ['upstream', 'downstream']), context),
  withdraw: ({ edge }, context) => removeToxics(swallow(edge, ['upstream', 'downstream']), context),
};
