import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { callersOf } from './edge-reach.ts';

/** Kills a service and starts it again at once. */
export interface Restart<S extends string = string> extends FaultOf<'restart'> {
  readonly service: S;
}

/**
 * Kills a service (SIGKILL to its whole process group) and starts it again at once; the fault's length is how long it
 * is watched as in force.
 *
 * @example
 * ```ts
 * import { restart } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(restart('payments'), { kind: 'restart', service: 'payments' });
 * ```
 */
export function restart<const S extends string>(service: S): Restart<S> {
  return { kind: 'restart', service };
}

export const restartDriver: FaultDriver<Restart> = {
  kind: 'restart',
  needs: ['process'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `${service} is killed and started again at once`,
  reach: ({ service }, system) => callersOf(service, system),
  async inject({ service }, { processes }) {
    await processes.kill(service);
    await processes.start(service);
  },
  withdraw: ({ service }, { processes }) => processes.start(service),
};
