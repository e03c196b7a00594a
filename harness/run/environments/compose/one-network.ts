import { HarnessError } from '../../../model/problem.ts';
import type { Container, ContainerState } from '../containers/contract.ts';

/** Network → the names that a container has there. */
export type Places = Readonly<Record<string, readonly string[]>>;

/** What stands for all networks of a compose project, where the harness knows of one. */
export const ALL_NETWORKS = 'all networks of the compose project';

/**
 * A container that is on several networks, as one that is on a single network called `ALL_NETWORKS`: it leaves them all, and comes back to
 * each under the names that it had there.
 */
export function asOnOneNetwork(container: Container, places: Places): Container {
  return {
    ...container,
    inspect: async () => joined(await container.inspect(), places),
    async connect(_, aliases) {
      // Asked for no name at all, it gets none anywhere.
      for (const [network, names] of Object.entries(places)) await container.connect(network, aliases.length === 0 ? [] : names);
    },
    async disconnect() {
      if (Object.keys(places).length === 0)
        throw new HarnessError(
          `Cannot disconnect ${container.name} as it has no network of its own: it shares another container's, or the host's`,
        );
      for (const network of Object.keys(places)) await container.disconnect(network);
    },
  };
}

/** It is on the one network if it is on any, and has a name there if it has all names that belong to it on each. */
function joined(state: ContainerState, places: Places): ContainerState {
  const entries = Object.entries(places);
  const isThere = entries.some(([network]) => network in state.networks);
  const isWhole = entries.every(([network, names]) => names.every((name) => state.networks[network]?.includes(name) === true));
  const names = isWhole ? [...new Set(entries.flatMap(([, own]) => own))] : [];
  return { ...state, networks: { ...state.networks, ...(isThere ? { [ALL_NETWORKS]: names } : {}) } };
}
