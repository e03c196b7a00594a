import type { FaultOf, FaultReach } from '../../model/fault.ts';
import type { System } from '../../model/system.ts';
import type { FaultDriver } from './contract.ts';
import { swallow } from './swallow.ts';
import { addToxics, removeToxics, type EdgeToxic, type Stream } from './toxics.ts';

const DIRECTIONS = ['both', 'to', 'from'] as const;

/** Splits the network between two sets of services. */
export interface Partition<S extends string = string> extends FaultOf<'partition'> {
  readonly from: readonly S[];
  readonly to: readonly S[];
  /** Which packets are lost: `to` those on their way from `from` to `to`, `from` those on their way back, `both` all. */
  readonly direction: (typeof DIRECTIONS)[number];
}

/**
 * Splits the network between two sets of services: what one side sends to the other is lost, on every edge between
 * them and whoever is the caller. With `direction: 'to'` only what `from` sends is lost, with `'from'` only what it
 * would receive.
 *
 * @example
 * ```ts
 * import { partition } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(partition(['orders'], ['inventory', 'payments']).direction, 'both');
 * ```
 * @throws {TypeError} if a set is empty
 * @throws {RangeError} if a service stands in both sets
 */
export function partition<const S extends string>(
  from: readonly S[],
  to: readonly S[],
  options: { /** @default 'both' */ readonly direction?: Partition['direction'] } = {},
): Partition<S> {
  for (const [name, side] of Object.entries({ from, to })) {
    if (side.length === 0) throw new TypeError(`Cannot split the network as '${name}' must be a list of services: current value is []`);
  }
  const twice = from.find((service) => to.includes(service));
  if (twice !== undefined) {
    throw new RangeError(`Cannot split the network as 'to' must hold no service of 'from': current value is '${twice}' in both`);
  }
  return { kind: 'partition', from, to, direction: options.direction ?? 'both' };
}

export const partitionDriver: FaultDriver<Partition> = {
  kind: 'partition',
  needs: ['tcp'],
  schema: {
    from: { type: 'service', list: true },
    to: { type: 'service', list: true },
    direction: { type: 'choice', of: DIRECTIONS },
  },
  describe: ({ from, to, direction }) => `${from.join(', ')} ${ARROWS[direction]} ${to.join(', ')}: nothing passes`,
  reach: (fault, system): FaultReach => ({
    edges: [...new Set(cuts(fault, system).map((cut) => cut.edge))],
    services: [],
    bite: 'tap',
  }),
  inject: (fault, context) => addToxics(cuts(fault, context.system), context),
  withdraw: (fault, context) => removeToxics(cuts(fault, context.system), context),
};

const ARROWS = { both: '⇹', to: '⇸', from: '⇷' } as const;

/** A packet from `from` to `to` travels upstream where `from` is the caller and downstream where it is the callee. */
function cuts({ from, to, direction }: Partition, { edges }: System): readonly EdgeToxic[] {
  return edges.flatMap(({ name, caller, callee }) => {
    if (from.includes(caller) && to.includes(callee)) return swallow(name, STREAMS_LOST[direction].forward);
    if (to.includes(caller) && from.includes(callee)) return swallow(name, STREAMS_LOST[direction].backward);
    return [];
  });
}

const STREAMS_LOST: Readonly<Record<Partition['direction'], Readonly<Record<'forward' | 'backward', readonly Stream[]>>>> = {
  both: { forward: ['upstream', 'downstream'], backward: ['upstream', 'downstream'] },
  to: { forward: ['upstream'], backward: ['downstream'] },
  from: { forward: ['downstream'], backward: ['upstream'] },
};
