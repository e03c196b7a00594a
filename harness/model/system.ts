import type { Probe } from './breaker.ts';

/** JSON pointers (RFC 6901) into an answer's body: what the tap or the driver reads from it. */
export interface Observe {
  /** Pointers to markers of a degraded answer: one that holds `true` (or a non-empty string) marks it. */
  readonly degraded?: string | readonly string[];
  /** The value that users see and that must be one the source really had. */
  readonly value?: string;
  /** The version of that value, unique per value at its source. */
  readonly version?: string;
  /** The age that the answer claims, in milliseconds. */
  readonly age?: string;
}

/** How a caller reaches a callee: the environment variable that carries the address. */
export interface Call {
  readonly env: string;
  /** Template of the address with `{host}` and `{port}`. @default 'http://{host}:{port}' */
  readonly url?: string;
  /** @default 'http' */
  readonly protocol?: 'http' | 'tcp';
  /** What the tap on this edge reads from each answer. */
  readonly observe?: Observe;
}

/** What a container may use. */
export interface Resources {
  /** Cores, parts of one included. */
  readonly cpus?: number;
  /** Mebibytes. */
  readonly memoryMb?: number;
}

/** A database, cache or broker of a known kind. */
export interface Backing {
  readonly kind: 'postgres' | 'redis' | 'rabbitmq';
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
}

/** A service as its team declares it. */
export interface ServiceDeclaration {
  /** Program and arguments, without a shell; `node` is the Node that runs halfopen. Needless where an image brings its own. */
  readonly command?: readonly string[];
  /** Working directory, relative to the configuration's folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Image for container environments. Without `image` and `dockerfile`, `files` are copied into a stock image. */
  readonly image?: string;
  /** Dockerfile for container environments, relative to the configuration's folder, which is its context. */
  readonly dockerfile?: string;
  /**
   * Files and folders that `command` needs, for environments that copy them into a container: paths relative to the configuration's
   * folder. A package of `node_modules` brings its dependencies along. @default package.json and the folder of the program's file
   */
  readonly files?: readonly string[];
  /** Limits of its container. @default none */
  readonly resources?: Resources;
  /** Set by `postgres()`, `redis()` and `rabbitmq()`: a service that only environments with containers start. */
  readonly backing?: Backing;
  /** The port inside a container; elsewhere the service learns its port from `portEnv`. @default 8080 */
  readonly port?: number;
  /** @default 'PORT' */
  readonly portEnv?: string;
  /** Path that answers 200 while the service can serve. Without one, an accepted connection counts. */
  readonly ready?: string;
  /** How long the service may take to become ready, in milliseconds. @default 15000 */
  readonly readyWithinMs?: number;
  /** Callee → the variable through which this service learns the callee's address. */
  readonly calls?: Readonly<Record<string, string | Call>>;
}

/** A breaker, the edge that it guards, and where its transitions can be seen. */
export interface BreakerDeclaration {
  readonly service: string;
  readonly edge: string;
  readonly probe: Probe;
}

export interface Service extends Omit<ServiceDeclaration, 'calls'> {
  /** Empty where its image brings its own. */
  readonly command: readonly string[];
  readonly portEnv: string;
  readonly readyWithinMs: number;
}

/** One caller, one callee, one proxy between them. */
export interface Edge<E extends string = string> {
  readonly name: E;
  readonly caller: string;
  readonly callee: string;
  readonly env: string;
  readonly url: string;
  readonly protocol: 'http' | 'tcp';
  readonly observe?: Observe;
}

/** A system of services: what runs and who calls whom. Plain data; the names are types. */
export interface System<S extends string = string, E extends string = string, B extends string = string> {
  readonly name: string;
  /** The service that users talk to. */
  readonly entry: S;
  readonly services: Readonly<Record<S, Service>>;
  readonly edges: readonly Edge<E>[];
  readonly breakers: Readonly<Record<B, BreakerDeclaration>>;
}
