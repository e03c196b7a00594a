import type { FaultOf } from '../../model/fault.ts';
import { HarnessError } from '../../model/problem.ts';
import type { Duration } from '../../model/time.ts';
import { msField, realNumber, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { callersAndCallees } from './edge-reach.ts';

/** Spoils a service's packets in the kernel. */
export interface Netem<S extends string = string> extends FaultOf<'netem'> {
  readonly service: S;
  /** Packets lost, in percent. */
  readonly lossPercent?: number;
  /** Added to each packet, in milliseconds. */
  readonly delayMs?: number;
  /** Half-width of the jitter around `delayMs`, in milliseconds. */
  readonly jitterMs?: number;
}

/** What happens to packets; at least `lossPercent` or `delay`. */
export interface NetemOptions {
  /** Over 0, up to 100. */
  readonly lossPercent?: number;
  readonly delay?: Duration;
  /** At most `delay`. @default 0 */
  readonly jitter?: Duration;
}

/**
 * Loses or delays packets of a service's container by the kernel's `netem`, below TCP. Environments refuse it where the
 * kernel cannot, with the reason; `latency`, `loss` and `bandwidth` on the service's edges need no kernel.
 *
 * @example
 * ```ts
 * import { netem } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(netem('payments', { lossPercent: 5 }).lossPercent, 5);
 * ```
 * @throws {TypeError} if neither `lossPercent` nor `delay` is given
 * @throws {RangeError} if a number is out of bounds, or `jitter` exceeds `delay`
 */
export function netem<const S extends string>(service: S, options: NetemOptions): Netem<S> {
  const doing = `spoil the packets of ${service}`;
  const { lossPercent, delay, jitter } = options;
  if (lossPercent === undefined && delay === undefined)
    throw new TypeError(`Cannot ${doing} as 'lossPercent' or 'delay' must be given: current value is ${JSON.stringify(options)}`);
  const delayMs = delay === undefined ? undefined : wholeMs(delay, { doing, name: 'delay', min: 1 });
  const jitterMs = jitter === undefined ? undefined : wholeMs(jitter, { doing, name: 'jitter', min: 0, max: delayMs ?? 0 });
  return {
    kind: 'netem',
    service,
    ...(lossPercent === undefined ? {} : { lossPercent: realNumber(lossPercent, { doing, name: 'lossPercent', above: 0, max: 100 }) }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(jitterMs === undefined ? {} : { jitterMs }),
  };
}

export const netemDriver: FaultDriver<Netem> = {
  kind: 'netem',
  needs: ['netem'],
  schema: {
    service: { type: 'service' },
    lossPercent: { type: 'number', min: Number.MIN_VALUE, max: 100, unit: 'percent', optional: true },
    delayMs: { ...msField(1), optional: true },
    jitterMs: { ...msField(0), optional: true },
  },
  describe: ({ service, lossPercent, delayMs, jitterMs = 0 }) => {
    const jitter = jitterMs === 0 ? '' : ` (± ${jitterMs} ms)`;
    const effects = [
      ...(lossPercent === undefined ? [] : [`${lossPercent} % are lost`]),
      ...(delayMs === undefined ? [] : [`they come ${delayMs} ms later${jitter}`]),
    ];
    return `packets of ${service}: ${effects.join(', ')}`;
  },
  reach: ({ service }, system) => callersAndCallees(service, system),
  // No environment offers the power: a plan that asks for it is refused, so this is reached by no run.
  inject: ({ service }) =>
    Promise.reject(new HarnessError(`Cannot spoil the packets of ${service}: no environment of this version drives netem`)),
  withdraw: () => Promise.resolve(),
};
