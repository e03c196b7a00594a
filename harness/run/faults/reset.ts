import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, type EdgeToxic } from './toxics.ts';

/** Resets connections on an edge once the callee's first bytes come back. */
export interface Reset<E extends string = string> extends FaultOf<'reset'> {
  readonly edge: E;
  /** From the first chunk to the reset, in milliseconds. */
  readonly afterMs: number;
}

/**
 * Resets connections (TCP RST) on an edge: the callee receives the request, and in place of its reply the caller gets a
 * reset, `after` the reply's first bytes.
 *
 * @example
 * ```ts
 * import { reset } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(reset('orders->payments', { after: '50ms' }).afterMs, 50);
 * ```
 * @throws {SyntaxError} if `after` is unreadable
 * @throws {RangeError} if `after` is negative or no whole number of milliseconds
 */
export function reset<const E extends string>(edge: E, options: { /** @default 0 */ readonly after?: Duration } = {}): Reset<E> {
  return { kind: 'reset', edge, afterMs: wholeMs(options.after ?? 0, { doing: `reset connections on ${edge}`, name: 'after', min: 0 }) };
}

export const resetDriver: FaultDriver<Reset> = {
  kind: 'reset',
  needs: ['tcp'],
  schema: { edge: { type: 'edge' }, afterMs: msField(0) },
  describe: ({ edge, afterMs }) => `${edge}: connections are reset${afterMs === 0 ? '' : ` ${afterMs} ms after the first reply's start`}`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, afterMs }: Reset): readonly EdgeToxic[] {
  return [{ edge, stream: 'downstream', type: 'reset_peer', attributes: { timeout: afterMs } }];
}
