import { cpus, totalmem } from 'node:os';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';
import { HarnessError } from '../../../model/problem.ts';
import type { Container, ContainerState } from './contract.ts';
import { calling, isGone, statusOf } from './engine-failure.ts';

/** How long a container may take to end, or to be seen in its new state, in milliseconds. */
const READ_BACK_MS = 10_000;
const POLL_MS = 20;

/** One container of the engine, by name or id; it need not exist yet. */
export function containerOf(dockerode: Dockerode, nameOrId: string): Container {
  const raw = dockerode.getContainer(nameOrId);
  const inspect = async (): Promise<ContainerState> => stateOf(await calling(`inspect container ${nameOrId}`, raw.inspect()));
  const seen = (doing: string, holds: (state: ContainerState) => boolean): Promise<void> => untilSeen(doing, inspect, holds);
  return {
    id: nameOrId,
    name: nameOrId,
    inspect,
    async start() {
      await calling(`start container ${nameOrId}`, unless(raw.start(), 304));
      await seen(`start container ${nameOrId}`, ({ status }) => status !== 'created');
    },
    async stop(graceMs) {
      await calling(`stop container ${nameOrId}`, unless(raw.stop({ t: Math.ceil(graceMs / 1000) }), 304), graceMs + READ_BACK_MS);
      await seen(`stop container ${nameOrId}`, ({ status }) => status === 'exited' || status === 'dead');
    },
    async kill() {
      await calling(`kill container ${nameOrId}`, unless(raw.kill({ signal: 'SIGKILL' }), 409, 404));
      await seen(`kill container ${nameOrId}`, ({ status }) => status === 'exited' || status === 'dead' || status === 'created');
    },
    async pause() {
      await calling(`pause container ${nameOrId}`, raw.pause());
      await seen(`pause container ${nameOrId}`, ({ status }) => status === 'paused');
    },
    async resume() {
      if ((await inspect()).status !== 'paused') return;
      await calling(`resume container ${nameOrId}`, raw.unpause());
      await seen(`resume container ${nameOrId}`, ({ status }) => status !== 'paused');
    },
    update: (resources) => update(raw, nameOrId, resources),
    async connect(network, aliases) {
      if (network in (await inspect()).networks) return;
      const call = dockerode.getNetwork(network).connect({ Container: nameOrId, EndpointConfig: { Aliases: [...aliases] } });
      await calling(`connect container ${nameOrId} to ${network}`, call);
      await seen(`connect container ${nameOrId} to ${network}`, ({ networks }) => network in networks);
    },
    async disconnect(network) {
      if (!(network in (await inspect()).networks)) return;
      await calling(
        `disconnect container ${nameOrId} from ${network}`,
        dockerode.getNetwork(network).disconnect({ Container: nameOrId, Force: true }),
      );
      await seen(`disconnect container ${nameOrId} from ${network}`, ({ networks }) => !(network in networks));
    },
    remove: () => calling(`remove container ${nameOrId}`, removed(raw), READ_BACK_MS * 2),
    lines: (onLine, options) => lines(raw, nameOrId, onLine, options),
    async exited(signal) {
      try {
        const { StatusCode } = (await raw.wait({ condition: 'not-running', abortSignal: signal })) as { readonly StatusCode: number };
        return { exitCode: StatusCode, isOomKilled: await wasOomKilled(raw) };
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof HarnessError
          ? error
          : new HarnessError(`Cannot wait for container ${nameOrId}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** A container that was removed meanwhile takes the answer with it. */
async function wasOomKilled(raw: Dockerode.Container): Promise<boolean> {
  try {
    return (await raw.inspect()).State.OOMKilled;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Limits as period and quota, or as a number of CPUs where the container was made with one; 0 lifts a limit. */
async function update(
  raw: Dockerode.Container,
  name: string,
  { cpus: cores, memoryMb }: { readonly cpus?: number; readonly memoryMb?: number },
): Promise<void> {
  const { HostConfig } = await calling(`inspect container ${name}`, raw.inspect());
  const byNumber = (HostConfig.NanoCpus ?? 0) > 0;
  const cpuLimit =
    cores === undefined
      ? {}
      : byNumber
        ? { NanoCpus: Math.round((cores === 0 ? cpus().length : cores) * 1e9) }
        : { CpuPeriod: 100_000, CpuQuota: cores === 0 ? -1 : Math.round(cores * 100_000) };
  const bytes = memoryMb === 0 ? totalmem() : (memoryMb ?? 0) * 1024 * 1024;
  // The engine has no way back to "no limit" for memory: as much as there is comes to the same.
  const memoryLimit = memoryMb === undefined ? {} : { Memory: bytes, MemorySwap: bytes };
  const { Warnings } = (await calling(`change the limits of container ${name}`, raw.update({ ...cpuLimit, ...memoryLimit }))) as {
    readonly Warnings?: readonly string[] | null;
  };
  if (Warnings !== undefined && Warnings !== null && Warnings.length > 0)
    throw new HarnessError(`Cannot change the limits of container ${name}: ${Warnings.join('; ')}`);
  const wanted = { ...cpuLimit, ...memoryLimit };
  const { HostConfig: found } = await calling(`inspect container ${name}`, raw.inspect());
  const missed = Object.entries(wanted).find(([limit, amount]) => found[limit as keyof typeof wanted] !== amount);
  if (missed !== undefined)
    throw new HarnessError(
      `Cannot change the limits of container ${name}: ${missed[0]} is ${String(found[missed[0] as keyof typeof wanted])} and not ${missed[1]}`,
    );
}

/** By force, with its anonymous volumes. Another who removes it at the same time does the same work. */
async function removed(raw: Dockerode.Container): Promise<void> {
  try {
    await raw.remove({ force: true, v: true });
  } catch (error) {
    if (statusOf(error) === 404) return;
    if (statusOf(error) !== 409) throw error;
    await unless(raw.wait({ condition: 'removed' }), 404);
  }
}

async function lines(
  raw: Dockerode.Container,
  name: string,
  onLine: Parameters<Container['lines']>[0],
  { signal, fromStart }: Parameters<Container['lines']>[1],
): Promise<void> {
  const attaching = raw.attach({ stream: true, logs: fromStart, stdout: true, stderr: true });
  const stream = await calling(`read what container ${name} prints`, attaching);
  const channels = { stdout: new PassThrough(), stderr: new PassThrough() };
  raw.modem.demuxStream(stream, channels.stdout, channels.stderr);
  const read = Object.entries(channels).map(([of, input]) => {
    const reader = createInterface({ input, crlfDelay: Infinity });
    reader.on('line', (text) => onLine({ stream: of as keyof typeof channels, text }));
    return once(reader, 'close');
  });
  // A stream that breaks off has ended as well: that the engine is gone is told elsewhere.
  const end = (): void => Object.values(channels).forEach((channel) => channel.end());
  for (const event of ['end', 'close', 'error']) stream.once(event, end);
  const stop = (): void => {
    (stream as unknown as { destroy(): void }).destroy();
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.all(read);
  signal.removeEventListener('abort', stop);
}

/** Waits until the engine itself says that it is so. */
async function untilSeen(doing: string, inspect: () => Promise<ContainerState>, holds: (state: ContainerState) => boolean): Promise<void> {
  const deadline = performance.now() + READ_BACK_MS;
  for (;;) {
    const state = await inspect();
    if (holds(state)) return;
    if (performance.now() > deadline) throw new HarnessError(`Cannot ${doing}: it is '${state.status}' after ${READ_BACK_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function unless(call: Promise<unknown>, ...statuses: readonly number[]): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (isGone(error) || !statuses.includes(statusOf(error))) throw error;
  }
}

/** What the engine says, in our words. */
export function stateOf(found: Dockerode.ContainerInspectInfo): ContainerState {
  const { Id, Name, Image, Config, State, HostConfig, NetworkSettings } = found;
  const quota = (HostConfig.CpuQuota ?? 0) > 0 ? (HostConfig.CpuQuota ?? 0) / (HostConfig.CpuPeriod || 100_000) : 0;
  const networks = Object.entries(NetworkSettings.Networks).map(
    ([name, { Aliases }]) => [name, (Aliases as string[] | null) ?? []] as const,
  );
  const ports = Object.entries(NetworkSettings.Ports ?? {}).flatMap(([inside, bindings]) => {
    const [binding] = (bindings as { readonly HostIp: string; readonly HostPort: string }[] | null) ?? [];
    return binding === undefined
      ? []
      : [
          [
            Number.parseInt(inside, 10),
            { host: binding.HostIp === '0.0.0.0' ? '127.0.0.1' : binding.HostIp, port: Number(binding.HostPort) },
          ] as const,
        ];
  });
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    image: Config.Image,
    imageId: Image,
    status: State.Status as ContainerState['status'],
    exitCode: State.ExitCode,
    isOomKilled: State.OOMKilled,
    pid: State.Pid,
    labels: Config.Labels,
    networks: Object.fromEntries(networks),
    ports: Object.fromEntries(ports),
    cpus: (HostConfig.NanoCpus ?? 0) > 0 ? (HostConfig.NanoCpus ?? 0) / 1e9 : quota,
    memoryBytes: HostConfig.Memory ?? 0,
  };
}
