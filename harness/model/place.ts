/** Containers that halfopen starts itself (`--env docker`). */
export interface DockerSettings {
  /** Image for services that have neither an image nor a Dockerfile of their own. @default 'node:24-slim' */
  readonly image?: string;
  /** @default 'ghcr.io/shopify/toxiproxy:2.12.0' */
  readonly toxiproxyImage?: string;
  /** Keeps the containers for the suite's next run, which resets them and proves them clean. @default true */
  readonly reuse?: boolean;
}

/** Containers that a compose file describes (`--env compose`). */
export interface ComposeSettings {
  /** Compose files, the user's first, relative to the configuration's folder. @default ['docker-compose.chaos.yml'] */
  readonly files?: readonly string[];
  /** @default [] */
  readonly profiles?: readonly string[];
  /** Keeps the containers for the suite's next run, which resets them and proves them clean. @default true */
  readonly reuse?: boolean;
}

/** Services that somebody else runs, behind a Toxiproxy that is already there (`--env attach`). */
export interface AttachSettings {
  /** Where the Toxiproxy's control API is: `http://host:port`. */
  readonly toxiproxy: string;
  /** Where users reach the system: `http://host:port`. */
  readonly entry: string;
  /** Edge → name of its proxy there. @default the edge's name with `--` in place of `->` */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Service → URL that answers 200 while it can serve. @default none is asked */
  readonly ready?: Readonly<Record<string, string>>;
  /**
   * Edge → `host:port` at which this machine reaches its proxy, for the harness's own connections.
   * @default the Toxiproxy's host and the port on which the proxy says that it listens
   */
  readonly reach?: Readonly<Record<string, string>>;
  /** Runs although a proxy that a fault acts on carries toxics of somebody else already; they stay in force. @default false */
  readonly besideToxics?: boolean;
}

/** What environments other than `embedded` have to be told of the place. */
export interface EnvironmentSettings {
  readonly docker?: DockerSettings;
  readonly compose?: ComposeSettings;
  readonly attach?: AttachSettings;
  /** Hosts other than this machine that a run may send load and faults to. @default [] */
  readonly allowTargets?: readonly string[];
}
