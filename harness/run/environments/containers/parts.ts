import type { ChainedProxies, ChainOptions, RealToxiproxy } from '../../proxy/contract.ts';
import type { ConnectProxy } from '../embedded.ts';

/** What environments with containers need of `run/proxy`; `run/parts` brings it here. */
export interface ContainerParts {
  readonly connectProxy: ConnectProxy;
  readonly connectToxiproxy: (options: { readonly controlUrl: string; readonly signal: AbortSignal }) => Promise<RealToxiproxy>;
  readonly chainProxies: (options: ChainOptions) => ChainedProxies;
}
