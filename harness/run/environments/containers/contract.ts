import type { Resources } from '../../../model/system.ts';
import type { Address } from '../contract.ts';

/** A file or folder put into a container before it starts. */
export type Copied =
  | { readonly target: string; readonly content: string }
  /** A file or folder of this machine. */
  | { readonly target: string; readonly source: string };

/** One container, as the harness asks for it. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Empty: the image's own. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The run's network, and the names that the container has there. */
  readonly network: string;
  readonly aliases: readonly string[];
  /** Ports of the container, with the port of this machine (loopback only) that leads to each. */
  readonly ports: readonly { readonly container: number; readonly host: number }[];
  readonly workingFolder?: string;
  readonly copies?: readonly Copied[];
  /** Files and folders of the engine's machine, at the same path inside, to be read only. */
  readonly mounts?: readonly string[];
  readonly resources?: Resources;
  /** The engine's own init is its first process, so that signals do to the command what they do to any process. */
  readonly hasInit?: true;
}

/** What `docker inspect` says, as far as the harness asks. */
export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Content address of the image that it was made from: `sha256:…`. */
  readonly imageId: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly exitCode: number;
  readonly isOomKilled: boolean;
  readonly pid: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Network → the names that the container has there. */
  readonly networks: Readonly<Record<string, readonly string[]>>;
  /** Port inside → address on this machine. */
  readonly ports: Readonly<Record<number, Address>>;
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** One container. Every call has a deadline, and fails with HarnessError when it passes. */
export interface Container {
  readonly id: string;
  readonly name: string;
  inspect(): Promise<ContainerState>;
  /** Starting the running is no error. */
  start(): Promise<void>;
  /** `SIGTERM`, then `SIGKILL` after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL. Killing the dead is no error. */
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  update(resources: Resources): Promise<void>;
  connect(network: string, aliases: readonly string[]): Promise<void>;
  disconnect(network: string): Promise<void>;
  /** By force, with its anonymous volumes. Removing what is gone is no error. */
  remove(): Promise<void>;
  /** What it prints from now on (`isFollowing` from its next start), line by line, until it ends or the signal aborts. */
  lines(onLine: (line: OutputLine) => void, options: { readonly signal: AbortSignal; readonly fromStart: boolean }): Promise<void>;
  /** Resolves when this life of it has ended. */
  exited(signal: AbortSignal): Promise<{ readonly exitCode: number; readonly isOomKilled: boolean }>;
}

/** Something of an engine that carries a label. */
export interface Labelled {
  readonly kind: 'container' | 'network' | 'volume';
  /** Name; containers and networks can be addressed by it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image that carries a label. */
export interface LabelledImage {
  /** Content address: `sha256:…`. */
  readonly id: string;
  /** Names that it has; none once another image took them. */
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A container engine. Its failures are HarnessErrors that say whether it was absent, too old or went away. */
export interface Engine {
  /** Where published ports are reached. */
  readonly host: string;
  readonly version: string;
  readonly apiVersion: string;
  /** Makes, copies into, starts. Rejects, and removes what it made, if any step fails. */
  run(spec: ContainerSpec): Promise<Container>;
  container(nameOrId: string): Container;
  /** Name or id → null if there is none. */
  find(nameOrId: string): Promise<ContainerState | null>;
  createNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Removing what is gone is no error. */
  removeNetwork(name: string): Promise<void>;
  removeVolume(name: string): Promise<void>;
  labelsOfNetwork(name: string): Promise<Readonly<Record<string, string>> | null>;
  labelsOfVolume(name: string): Promise<Readonly<Record<string, string>> | null>;
  /** Everything that carries this label, or `label=value`. */
  labelled(label: string): Promise<readonly Labelled[]>;
  /** Content address of an image that is here; null if it is not. */
  imageId(image: string): Promise<string | null>;
  /** Fetches an image that is not here. @throws {HarnessError} that names the image and what the registry said */
  pull(image: string): Promise<void>;
  /** Builds an image from a folder. @throws {HarnessError} with the builder's last lines */
  build(options: {
    readonly folder: string;
    readonly dockerfile: string;
    readonly tag: string;
    readonly labels: Readonly<Record<string, string>>;
  }): Promise<void>;
  /** Images that carry this label, or `label=value`. */
  images(label: string): Promise<readonly LabelledImage[]>;
  /** Takes a name from an image, and removes it with its last one. False if something uses it; removing what is gone is no error. */
  removeImage(reference: string): Promise<boolean>;
  /** Rejects once the engine does not answer any more; never resolves. */
  lost(signal: AbortSignal): Promise<never>;
}

/**
 * Connects to the engine that the environment names (`DOCKER_HOST`, the Docker context, the usual sockets).
 *
 * @throws {HarnessError} if there is none, it does not answer within 5 s, or its API is older than 1.40
 */
export type ConnectEngine = () => Promise<Engine>;
