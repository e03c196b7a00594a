import type { FaultOf } from '../../model/fault.ts';
import type { FaultDriver } from './contract.ts';
import { callersOf } from './edge-reach.ts';

/** Freezes a service. */
export interface Pause<S extends string = string> extends FaultOf<'pause'> {
  readonly service: S;
}

/**
 * Freezes a service (SIGSTOP to its whole process group): connections are still accepted by the kernel, nothing is
 * answered. It goes on when the fault ends.
 *
 * @example
 * ```ts
 * import { pause } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(pause('payments'), { kind: 'pause', service: 'payments' });
 * ```
 */
export function pause<const S extends string>(service: S): Pause<S> {
  return { kind: 'pause', service };
}

export const pauseDriver: FaultDriver<Pause> = {
  kind: 'pause',
  needs: ['process'],
  schema: { service: { type: 'service' } },
  describe: ({ service }) => `${service} is frozen`,
  reach: ({ service }, system) => callersOf(service, system),
  inject: ({ service }, { processes }) => processes.pause(service),
  withdraw: ({ service }, { processes }) => processes.resume(service),
};
