import { stat } from 'node:fs/promises';
import type Dockerode from 'dockerode';
import type * as Testcontainers from 'testcontainers';
import { HarnessError } from '../../../model/problem.ts';
import type { ConnectEngine, ContainerSpec, Engine, Labelled } from './contract.ts';
import { containerOf, stateOf } from './container.ts';
import { demandEngine } from './engine-address.ts';
import { placeContainer } from './placement.ts';
import { calling, statusOf } from './engine-failure.ts';
import { imagesOf } from './engine-images.ts';
import { lost, whileThere } from './engine-watch.ts';

/** The oldest API that has all that is used here. */
const API_MIN = '1.40';
/** How long an image may take to be fetched or built, in milliseconds. */
const IMAGE_MS = 15 * 60_000;
/** How long a container may take to be made, filled and started, in milliseconds. */
const RUN_MS = 60_000;

let connected: Promise<Engine> | undefined;

/** One connection for the process: the client below keeps one as well. */
export const connectEngine: ConnectEngine = () => {
  connected ??= connect();
  connected.catch(() => (connected = undefined));
  return connected;
};

async function connect(): Promise<Engine> {
  await demandEngine(API_MIN);
  // Ports are published on loopback. Where Testcontainers believes itself in a container (`/.dockerenv`, which some virtual machines have
  // too), it would look for them on the engine's bridge, and fetch an image to find out where that is.
  if (!/^(?:tcp|https?):/.test(process.env['DOCKER_HOST'] ?? '')) process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';
  const library = await loadTestcontainers();
  const client = await calling('connect to a container engine', library.getContainerRuntimeClient());
  const { dockerode } = client.container;
  const { Version, ApiVersion } = await calling('ask the container engine for its version', dockerode.version());
  // Ryuk removes what this process leaves behind; where its image is not, the ledger's reaper does.
  if (!(await hasReaperImage(dockerode))) process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  return engineOf({ dockerode, library, client, version: Version, apiVersion: ApiVersion });
}

async function loadTestcontainers(): Promise<typeof Testcontainers> {
  try {
    return await import('testcontainers');
  } catch (cause) {
    throw new HarnessError('Cannot start containers as the package testcontainers is not installed (way out: npm i -D testcontainers)', {
      cause,
    });
  }
}

interface Parts {
  readonly dockerode: Dockerode;
  readonly library: typeof Testcontainers;
  readonly client: Testcontainers.ContainerRuntimeClient;
  readonly version: string;
  readonly apiVersion: string;
}

function engineOf(parts: Parts): Engine {
  const { dockerode, client, version, apiVersion } = parts;
  const container = (nameOrId: string) => containerOf(dockerode, nameOrId);
  return {
    host: client.info.containerRuntime.host === 'localhost' ? '127.0.0.1' : client.info.containerRuntime.host,
    version,
    apiVersion,
    container,
    run: (spec) => run(parts, spec),
    async find(nameOrId) {
      const call = dockerode.getContainer(nameOrId).inspect();
      const found = await calling(`look for container ${nameOrId}`, orNull(call));
      return found === null ? null : stateOf(found);
    },
    async createNetwork(name, labels) {
      const own = await sessionLabels(parts);
      await calling(
        `make network ${name}`,
        dockerode.createNetwork({ Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: { ...own, ...labels } }),
      );
    },
    removeNetwork: (name) => calling(`remove network ${name}`, ignoreAbsent(dockerode.getNetwork(name).remove())),
    removeVolume: (name) => calling(`remove volume ${name}`, ignoreAbsent(dockerode.getVolume(name).remove())),
    async labelsOfNetwork(name) {
      const call = dockerode.getNetwork(name).inspect() as Promise<Dockerode.NetworkInspectInfo>;
      return labelsOf(await calling(`look for network ${name}`, orNull(call)));
    },
    async labelsOfVolume(name) {
      return labelsOf(await calling(`look for volume ${name}`, orNull(dockerode.getVolume(name).inspect())));
    },
    labelled: (label) => labelled(dockerode, label),
    async imageId(image) {
      return (await calling(`look for image ${image}`, orNull(dockerode.getImage(image).inspect())))?.Id ?? null;
    },
    pull: (image) => pull(dockerode, image),
    build: (options) => build(dockerode, options),
    ...imagesOf(dockerode),
    lost: (signal) => lost(dockerode, signal),
  };
}

/** Testcontainers' container, with its ports bound to loopback only. */
function loopbackContainer({ library }: Parts, spec: ContainerSpec): Testcontainers.GenericContainer {
  class LoopbackContainer extends library.GenericContainer {
    constructor() {
      super(spec.image);
      placeContainer({ createOpts: this.createOpts, hostConfig: this.hostConfig }, spec);
    }
  }
  return new LoopbackContainer();
}

async function run(parts: Parts, spec: ContainerSpec): Promise<ReturnType<typeof containerOf>> {
  const container = loopbackContainer(parts, spec)
    .withName(spec.name)
    .withEnvironment({ ...spec.env })
    .withLabels({ ...spec.labels })
    .withNetworkMode(spec.network)
    // Readiness is the caller's to ask for: it knows the path.
    .withWaitStrategy(parts.library.Wait.forAll([]));
  if (spec.command.length > 0) container.withCommand([...spec.command]);
  if (spec.workingFolder !== undefined) container.withWorkingDir(spec.workingFolder);
  for (const copy of spec.copies ?? []) {
    if ('content' in copy) container.withCopyContentToContainer([{ content: copy.content, target: copy.target }]);
    else if ((await stat(copy.source)).isDirectory())
      container.withCopyDirectoriesToContainer([{ source: copy.source, target: copy.target }]);
    else container.withCopyFilesToContainer([{ source: copy.source, target: copy.target }]);
  }
  try {
    await whileThere(parts.dockerode, `start container ${spec.name} from ${spec.image}`, container.start(), RUN_MS);
  } catch (error) {
    await containerOf(parts.dockerode, spec.name)
      .remove()
      .catch((second: unknown) => second);
    throw error;
  }
  return containerOf(parts.dockerode, spec.name);
}

/** Labels by which Ryuk knows what is this process's. */
async function sessionLabels({ library, client, dockerode }: Parts): Promise<Readonly<Record<string, string>>> {
  const { sessionId } = await whileThere(dockerode, 'start the reaper of Testcontainers', library.getReaper(client), RUN_MS);
  return { 'org.testcontainers': 'true', [library.LABEL_TESTCONTAINERS_SESSION_ID]: sessionId };
}

async function hasReaperImage(dockerode: Dockerode): Promise<boolean> {
  const image = process.env['RYUK_CONTAINER_IMAGE'] ?? 'testcontainers/ryuk:0.14.0';
  return (await calling('look for the image of Testcontainers’ reaper', orNull(dockerode.getImage(image).inspect()))) !== null;
}

async function labelled(dockerode: Dockerode, label: string): Promise<readonly Labelled[]> {
  const filters = { label: [label] };
  const [containers, networks, volumes] = await calling(
    `look for what carries the label ${label}`,
    Promise.all([
      dockerode.listContainers({ all: true, filters }),
      dockerode.listNetworks({ filters }),
      dockerode.listVolumes({ filters }),
    ]),
  );
  return [
    ...containers.map(({ Names, Id, Labels }) => ({
      kind: 'container' as const,
      name: Names[0]?.replace(/^\//, '') ?? Id,
      labels: Labels,
    })),
    ...networks.map(({ Name, Labels }) => ({ kind: 'network' as const, name: Name, labels: Labels ?? {} })),
    ...volumes.Volumes.map(({ Name, Labels }) => ({ kind: 'volume' as const, name: Name, labels: Labels ?? {} })),
  ];
}

async function pull(dockerode: Dockerode, image: string): Promise<void> {
  const fetching = async (): Promise<void> => {
    const stream = await dockerode.pull(image);
    await followed(dockerode, stream);
  };
  try {
    await calling(`fetch image ${image}`, fetching(), IMAGE_MS);
  } catch (error) {
    throw new HarnessError(
      `${(error as Error).message} (way out: docker pull ${image} where its registry can be reached, or build it under that name)`,
      { cause: error },
    );
  }
}

async function build(dockerode: Dockerode, { folder, dockerfile, tag, labels }: Parameters<Engine['build']>[0]): Promise<void> {
  const output: string[] = [];
  const building = async (): Promise<void> => {
    const stream = await dockerode.buildImage(
      { context: folder, src: ['.'] },
      { t: tag, dockerfile, labels: { ...labels }, forcerm: true },
    );
    await followed(dockerode, stream, (line) => output.push(line));
  };
  try {
    await calling(`build image ${tag}`, building(), IMAGE_MS);
  } catch (error) {
    const last = output.slice(-15).map((line) => `    ${line}`);
    throw new HarnessError([(error as Error).message, ...(last.length === 0 ? [] : ['  The builder said:', ...last])].join('\n'), {
      cause: error,
    });
  }
}

/** Reads an answer that comes in steps; an error in it is one. */
function followed(dockerode: Dockerode, stream: NodeJS.ReadableStream, onLine: (line: string) => void = () => undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: string | undefined;
    dockerode.modem.followProgress(
      stream,
      // A step that fails is told in the answer, which itself ends well.
      (error) => (error !== null ? reject(error) : failure !== undefined ? reject(new Error(failure)) : resolve()),
      ({ stream: text, error }: { readonly stream?: string; readonly error?: string }) => {
        failure ??= error;
        for (const line of (text ?? error ?? '').split('\n')) if (line.trim() !== '') onLine(line);
      },
    );
  });
}

function labelsOf(
  found: { readonly Labels?: Readonly<Record<string, string>> | null | undefined } | null,
): Readonly<Record<string, string>> | null {
  return found === null ? null : (found.Labels ?? {});
}

async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function ignoreAbsent(call: Promise<unknown>): Promise<void> {
  await orNull(call);
}
