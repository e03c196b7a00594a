import type { FaultOf } from '../../model/fault.ts';
import type { Resources } from '../../model/system.ts';
import { realNumber, wholeNumber } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { containersOf } from './containers-of.ts';
import { callersOf } from './edge-reach.ts';

/** The least that engines take. */
const CPUS_MIN = 0.01;
const MEMORY_MB_MIN = 6;
/** More is no squeeze on any machine. */
const CPUS_MAX = 1024;
const MEMORY_MB_MAX = 16 * 1024 * 1024;

/** Leaves a service less to use. */
export interface Squeeze<S extends string = string> extends FaultOf<'squeeze'> {
  readonly service: S;
  /** Cores, parts of one included. */
  readonly cpus?: number;
  /** Mebibytes, swap included. */
  readonly memoryMb?: number;
}

/**
 * Leaves a service's container only so much CPU or memory while it runs. A container that has used up its share of the
 * CPU waits for the next tenth of a second; one that needs more memory than it has left is killed by the kernel. When the
 * fault ends, it gets back what it had, and is started again where the kernel killed it.
 *
 * @example
 * ```ts
 * import { squeeze } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(squeeze('payments', { cpus: 0.05 }).cpus, 0.05);
 * ```
 * @throws {TypeError} if neither `cpus` nor `memoryMb` is given
 * @throws {RangeError} if `cpus` is under 0.01 or `memoryMb` is no whole number of at least 6
 */
export function squeeze<const S extends string>(service: S, options: Resources): Squeeze<S> {
  const doing = `squeeze ${service}`;
  const { cpus, memoryMb } = options;
  if (cpus === undefined && memoryMb === undefined)
    throw new TypeError(`Cannot ${doing} as 'cpus' or 'memoryMb' must be given: current value is ${JSON.stringify(options)}`);
  if (cpus !== undefined && !(cpus >= CPUS_MIN))
    throw new RangeError(`Cannot ${doing} as 'cpus' must be at least ${CPUS_MIN}: current value is ${cpus}`);
  return {
    kind: 'squeeze',
    service,
    ...(cpus === undefined ? {} : { cpus: realNumber(cpus, { doing, name: 'cpus', above: 0, max: CPUS_MAX }) }),
    ...(memoryMb === undefined
      ? {}
      : { memoryMb: wholeNumber(memoryMb, { doing, name: 'memoryMb', min: MEMORY_MB_MIN, max: MEMORY_MB_MAX }) }),
  };
}

export const squeezeDriver: FaultDriver<Squeeze> = {
  kind: 'squeeze',
  needs: ['container', 'process'],
  schema: {
    service: { type: 'service' },
    cpus: { type: 'number', min: CPUS_MIN, max: CPUS_MAX, unit: 'cores', optional: true },
    memoryMb: { type: 'integer', min: MEMORY_MB_MIN, max: MEMORY_MB_MAX, unit: 'MiB', optional: true },
  },
  describe: ({ service, ...resources }) => `${service} has only ${describeResources(resources)}`,
  // Calls need not fail: what shows is that they take longer.
  reach: ({ service }, system) => ({ ...callersOf(service, system), bite: 'slower' }),
  inject: async ({ service, cpus, memoryMb }, context) => {
    if (cpus === undefined && memoryMb === undefined)
      throw new TypeError(`Cannot squeeze ${service} as 'cpus' or 'memoryMb' must be given: current value is neither`);
    const resources = { ...(cpus === undefined ? {} : { cpus }), ...(memoryMb === undefined ? {} : { memoryMb }) };
    await containersOf(context, `squeeze ${service}`).squeeze(service, resources);
  },
  async withdraw({ service, memoryMb }, { containers, processes }) {
    await containers?.relax(service);
    // What the kernel killed for want of memory, the fault killed.
    if (memoryMb !== undefined) await processes.start(service);
  },
};

function describeResources({ cpus, memoryMb }: Resources): string {
  return [...(cpus === undefined ? [] : [`${cpus} CPU`]), ...(memoryMb === undefined ? [] : [`${memoryMb} MiB of memory`])].join(' and ');
}
