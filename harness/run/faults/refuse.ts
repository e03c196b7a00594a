import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, removeRule } from './http-target.ts';

/** Turns callers away. */
export interface Refuse<E extends string = string> extends FaultOf<'refuse'> {
  readonly edge: E;
}

/**
 * Turns callers on an HTTP edge away: their connection is reset once the request's head says what they want, and the callee sees
 * nothing of it. On a TCP edge `reset` does the like.
 *
 * @example
 * ```ts
 * import { refuse } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(refuse('gateway->catalog'), { kind: 'refuse', edge: 'gateway->catalog' });
 * ```
 */
export function refuse<const E extends string>(edge: E): Refuse<E> {
  return { kind: 'refuse', edge };
}

export const refuseDriver: FaultDriver<Refuse> = {
  kind: 'refuse',
  needs: ['http'],
  schema: { edge: { type: 'edge' } },
  describe: ({ edge }) => `${edge}: connections are refused`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: ({ edge }, context) => addRule({ edge, target: {} }, { kind: 'refuse' }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};
