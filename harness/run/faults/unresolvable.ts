import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { containersOf } from './containers-of.ts';
import { callersOf } from './edge-reach.ts';

/** Takes a service's name out of the DNS. */
export interface Unresolvable<S extends string = string> extends FaultOf<'unresolvable'> {
  readonly service: S;
}

/**
 * Takes a service's names out of its network's DNS: it runs and can be reached, and whoever looks its name up finds
 * nothing. Connections that are open go on, so callers that keep theirs may feel nothing. The names come back when the
 * fault ends.
 *
 * @example
 * ```ts
 * import { unresolvable } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(unresolvable('payments'), { kind: 'unresolvable', service: 'payments' });
 * ```
 */
export function unresolvable<const S extends string>(service: S): Unresolvable<S> {
  return { kind: 'unresolvable', service };
}

export const unresolvableDriver: FaultDriver<Unresolvable> = {
  kind: 'unresolvable',
  needs: ['container'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `the name of ${service} cannot be resolved`,
  reach: ({ service }, system) => callersOf(service, system),
  inject: async ({ service }, context) => containersOf(context, `take the name of ${service} away`).unname(service),
  withdraw: async ({ service }, { containers }) => containers?.name(service),
};
