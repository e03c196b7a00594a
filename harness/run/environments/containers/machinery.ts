import { readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTROL_PORT, RELAY, SENTINEL, SENTINEL_EDGE, SENTINEL_PORT, TOXIPROXY } from '../../../compose/own-services.ts';
import { proxyNameOfEdge } from '../../../model/edge-name.ts';
import type { Edge } from '../../../model/system.ts';
import type { EdgeSpec, ToxiproxySpec } from '../../proxy/contract.ts';
import { DEFAULT_PORT } from './service-container.ts';
import type { ContainerSpec, Copied } from './contract.ts';

/** What the harness's own containers are made from. */
export const STOCK_IMAGE = 'node:24-slim';
export const TOXIPROXY_IMAGE = 'ghcr.io/shopify/toxiproxy:2.12.0';

/** Edges listen from here on, in relay and Toxiproxy alike. */
const EDGE_PORT_FIRST = 20_001;

/** One edge on its way: caller → relay → Toxiproxy → callee. The same port in both. */
export interface Way {
  readonly port: number;
  readonly relay: EdgeSpec;
  readonly toxiproxy: ToxiproxySpec;
}

/** The way of each edge, the sentinel's first. `portOf` tells the callee's port in its container. */
export function waysOf(edges: readonly Edge[], portOf: (callee: string) => number): ReadonlyMap<string, Way> {
  const wanted = [
    { edge: SENTINEL_EDGE, protocol: 'http' as const, callee: SENTINEL, calleePort: SENTINEL_PORT },
    ...edges.map(({ name, protocol, callee, observe }) => ({
      edge: name,
      protocol,
      callee,
      calleePort: portOf(callee),
      ...(observe === undefined ? {} : { observe }),
    })),
  ];
  return new Map(
    wanted.map(({ callee, calleePort, ...spec }, index) => {
      const port = EDGE_PORT_FIRST + index;
      const listen = `0.0.0.0:${port}`;
      // As the relay's own proxies are called, so that one name finds an edge in both.
      const name = proxyNameOfEdge(spec.edge);
      return [
        spec.edge,
        {
          port,
          relay: { ...spec, upstream: `${TOXIPROXY}:${port}`, listen },
          toxiproxy: { name, listen, upstream: `${callee}:${calleePort}` },
        },
      ];
    }),
  );
}

type Own = Pick<ContainerSpec, 'name' | 'network' | 'labels'>;

/** Our proxy in a stock container: this very code, copied in. */
export function relaySpec(
  own: Own,
  options: { readonly seed: number; readonly controlPort: number; readonly sentinelPort: number },
): ContainerSpec {
  const args = ['--host', '0.0.0.0', '--port', String(CONTROL_PORT), '--seed', String(options.seed)];
  return {
    ...own,
    image: STOCK_IMAGE,
    command: ['node', inContainer('run/proxy/main'), ...args],
    env: {},
    aliases: [RELAY],
    ports: [
      { container: CONTROL_PORT, host: options.controlPort },
      { container: EDGE_PORT_FIRST, host: options.sentinelPort },
    ],
    copies: ownCode('model', 'run/proxy', `run/clock${EXTENSION}`),
  };
}

export function toxiproxySpec(own: Own, options: { readonly image: string | undefined; readonly controlPort: number }): ContainerSpec {
  return {
    ...own,
    image: options.image ?? TOXIPROXY_IMAGE,
    command: ['-host=0.0.0.0'],
    env: {},
    aliases: [TOXIPROXY],
    ports: [{ container: CONTROL_PORT, host: options.controlPort }],
  };
}

export function sentinelSpec(own: Own): ContainerSpec {
  return {
    ...own,
    image: STOCK_IMAGE,
    command: ['node', inContainer('run/environments/sentinel'), '--host', '0.0.0.0', '--port', String(SENTINEL_PORT)],
    env: {},
    aliases: [SENTINEL],
    ports: [],
    copies: ownCode(`run/environments/sentinel${EXTENSION}`),
  };
}

/** `.ts` in the repository, `.js` where it was built. */
const EXTENSION = extname(import.meta.url);
/** The folder that holds all stages. */
const STAGES = fileURLToPath(new URL('../../../', import.meta.url));
const HOME = '/halfopen';

function inContainer(path: string): string {
  return `${HOME}/${basename(STAGES)}/${path}${EXTENSION}`;
}

/** Parts of this package at the places that they have to each other here. */
function ownCode(...paths: readonly string[]): readonly Copied[] {
  const manifest = readFileSync(join(STAGES, '../package.json'), 'utf8');
  const stages = paths.map((path) => ({ source: join(STAGES, path), target: `${HOME}/${basename(STAGES)}/${path}` }));
  return [{ content: manifest, target: `${HOME}/package.json` }, ...stages];
}

/** The port at which a service listens in its container. */
export function portInside({ port }: { readonly port?: number }): number {
  return port ?? DEFAULT_PORT;
}
