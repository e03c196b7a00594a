import type { ToxicSpec } from '../proxy/contract.ts';
import type { FaultContext } from './contract.ts';
import { allOrFirstError } from './settle.ts';

/** Which way through a connection: `upstream` is caller → callee, `downstream` callee → caller. */
export type Stream = 'upstream' | 'downstream';

export const STREAMS = ['upstream', 'downstream'] as const;

/** A toxic of a fault on one edge; its name comes from the fault. `part` tells apart the toxics of one fault on one edge. */
export interface EdgeToxic {
  readonly edge: string;
  readonly part?: string;
  readonly type: string;
  readonly stream: Stream;
  readonly attributes: Readonly<Record<string, number | string>>;
}

/** Adds the toxics, all at once. */
export async function addToxics(toxics: readonly EdgeToxic[], { name, proxy, signal }: FaultContext): Promise<void> {
  await allOrFirstError(
    toxics.map(({ edge, part, ...rest }) => {
      const spec: ToxicSpec = { name: toxicName(name, part), ...rest };
      return proxy.addToxic(edge, spec, signal);
    }),
  );
}

/** Removes the toxics, as far as they are there. */
export async function removeToxics(toxics: readonly EdgeToxic[], { name, proxy, signal }: FaultContext): Promise<void> {
  await allOrFirstError(toxics.map(({ edge, part }) => proxy.removeToxic(edge, toxicName(name, part), signal)));
}

function toxicName(fault: string, part: string | undefined): string {
  return part === undefined ? fault : `${fault}#${part}`;
}
