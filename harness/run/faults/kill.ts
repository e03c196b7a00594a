import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { callersOf } from './edge-reach.ts';

/** Kills a service and starts it again when the fault ends. */
export interface Kill<S extends string = string> extends FaultOf<'kill'> {
  readonly service: S;
}

/**
 * Kills a service (SIGKILL to its whole process group) and starts it again when the fault ends.
 *
 * @example
 * ```ts
 * import { kill } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(kill('payments'), { kind: 'kill', service: 'payments' });
 * ```
 */
export function kill<const S extends string>(service: S): Kill<S> {
  return { kind: 'kill', service };
}

export const killDriver: FaultDriver<Kill> = {
  kind: 'kill',
  needs: ['process'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `${service} is killed, and started again afterwards`,
  reach: ({ service }, system) => callersOf(service, system),
  inject: ({ service }, { processes }) => processes.kill(service),
  withdraw: ({ service }, { processes }) => processes.start(service),
};
