import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { containersOf } from './containers-of.ts';
import { callersAndCallees } from './edge-reach.ts';

/** Takes a service off the network. */
export interface Disconnect<S extends string = string> extends FaultOf<'disconnect'> {
  readonly service: S;
}

/**
 * Takes a service's container off the network: it goes on running, nobody reaches it and it reaches nobody. It comes
 * back under its names when the fault ends.
 *
 * @example
 * ```ts
 * import { disconnect } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(disconnect('payments'), { kind: 'disconnect', service: 'payments' });
 * ```
 */
export function disconnect<const S extends string>(service: S): Disconnect<S> {
  return { kind: 'disconnect', service };
}

export const disconnectDriver: FaultDriver<Disconnect> = {
  kind: 'disconnect',
  needs: ['container'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `${service} is off the network`,
  reach: ({ service }, system) => callersAndCallees(service, system),
  inject: async ({ service }, context) => containersOf(context, `disconnect ${service}`).disconnect(service),
  withdraw: async ({ service }, { containers }) => containers?.connect(service),
};
