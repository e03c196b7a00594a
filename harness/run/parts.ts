import { environmentDrivers } from './environments/index.ts';
import type { EnvironmentDriver } from './environments/contract.ts';
import type { FaultDriver } from './faults/contract.ts';
import { faultDrivers } from './faults/index.ts';
import type { LoadDriver } from './load/contract.ts';
import { loadDrivers } from './load/index.ts';
import type { ProbeDriver } from './probes/contract.ts';
import { probeDrivers } from './probes/index.ts';
import { chainProxies } from './proxy/chain.ts';
import { connectProxy } from './proxy/client.ts';
import { connectToxiproxy } from './proxy/real-toxiproxy.ts';

/** Every row of every table that acts: what a run is made of. */
export interface Parts {
  readonly environments: Readonly<Record<string, EnvironmentDriver>>;
  readonly faults: Readonly<Record<string, FaultDriver>>;
  readonly loads: Readonly<Record<string, LoadDriver>>;
  readonly probes: Readonly<Record<string, ProbeDriver>>;
}

/** The parts that ship with halfopen. */
export const parts: Parts = {
  environments: environmentDrivers({ connectProxy, connectToxiproxy, chainProxies }),
  // Each driver is called only with faults of its own kind, which validation has held against its schema.
  faults: faultDrivers as unknown as Parts['faults'],
  loads: loadDrivers,
  probes: probeDrivers,
};
