import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { callersOf } from './edge-reach.ts';

/** Stops a service as a deployment does, and starts it again when the fault ends. */
export interface Stop<S extends string = string> extends FaultOf<'stop'> {
  readonly service: S;
}

/**
 * Stops a service as a deployment does: SIGTERM, and SIGKILL to whatever still runs two seconds later. It is started
 * again when the fault ends.
 *
 * @example
 * ```ts
 * import { stop } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(stop('payments'), { kind: 'stop', service: 'payments' });
 * ```
 */
export function stop<const S extends string>(service: S): Stop<S> {
  return { kind: 'stop', service };
}

export const stopDriver: FaultDriver<Stop> = {
  kind: 'stop',
  needs: ['process'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `${service} is stopped, and started again afterwards`,
  reach: ({ service }, system) => callersOf(service, system),
  inject: ({ service }, { processes }) => processes.stop(service),
  withdraw: ({ service }, { processes }) => processes.start(service),
};
