import type Dockerode from 'dockerode';
import type { ContainerSpec } from './contract.ts';

type Placed = Pick<ContainerSpec, 'network' | 'aliases' | 'ports' | 'mounts' | 'resources' | 'hasInit'>;

/** The two parts of what the engine is asked for when a container is made, as Testcontainers keeps them. */
interface Request {
  readonly createOpts: Dockerode.ContainerCreateOptions;
  readonly hostConfig: Dockerode.HostConfig;
}

/**
 * Puts a container where the harness wants it: in the run's network and in no other (with aliases, Testcontainers would leave it on
 * Docker's default bridge too, where a container that was taken off the network could still be reached), its ports on loopback only,
 * what it may read of this machine mounted, within its limits. The network's name has to be given to Testcontainers as well (`withNetworkMode`), without aliases.
 */
export function placeContainer(
  { createOpts, hostConfig }: Request,
  { network, aliases, ports, mounts = [], resources, hasInit }: Placed,
): void {
  createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: [...aliases] } } };
  createOpts.ExposedPorts = Object.fromEntries(ports.map(({ container }) => [`${container}/tcp`, {}]));
  hostConfig.PortBindings = Object.fromEntries(
    ports.map(({ container, host }) => [`${container}/tcp`, [{ HostIp: '127.0.0.1', HostPort: String(host) }]]),
  );
  // As mounts and not as binds: for a path that is not there a bind would make a folder.
  if (mounts.length > 0) hostConfig.Mounts = mounts.map((path) => ({ Type: 'bind', Source: path, Target: path, ReadOnly: true }));
  if (hasInit === true) hostConfig.Init = true;
  // As period and quota: these can be lifted again while the container runs, a number of CPUs cannot.
  if (resources?.cpus !== undefined) Object.assign(hostConfig, { CpuPeriod: 100_000, CpuQuota: Math.round(resources.cpus * 100_000) });
  if (resources?.memoryMb !== undefined) {
    const bytes = resources.memoryMb * 1024 * 1024;
    Object.assign(hostConfig, { Memory: bytes, MemorySwap: bytes });
  }
}
