import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HarnessError } from '../../model/problem.ts';
import { listenHost } from './address.ts';
import { halfopenRoutes, openEdges } from './api/halfopen.ts';
import { armedBy } from './api/leases.ts';
import { populate } from './api/populate.ts';
import { metricsRoutes } from './api/metrics.ts';
import { createRouter, type Route } from './api/router.ts';
import { serveTapSocket } from './api/tap-stream.ts';
import { toxiproxyRoutes } from './api/toxiproxy.ts';
import { Leases } from './lease.ts';
import { Registry } from './registry.ts';
import { TapLog } from './tap/tap-log.ts';

export { PROXY_EVENTS, type ProxyEvent } from './api/events.ts';
export { TOXIPROXY_VERSION } from './api/toxiproxy.ts';

export interface ProxyServerOptions {
  /** Address of the control API. @default '127.0.0.1' */
  readonly host?: string;
  /** Port of the control API; 0 takes a free one. @default 8474 */
  readonly port?: number;
  /** Fixes the toxics' dice and jitter. @default 1 */
  readonly seed?: number;
  /** Processes that carry untouched TCP connections beside this one. @default 0 */
  readonly workers?: number;
  /** Serves what the proxies carry under /metrics. @default false */
  readonly proxyMetrics?: boolean;
  /** Serves what this process uses under /metrics. @default false */
  readonly runtimeMetrics?: boolean;
  /** Path of a local socket that streams the taps as well. */
  readonly tapSocket?: string;
  /** Proxies to make before the control port opens: the body of a POST /populate. */
  readonly populate?: string;
  /** Edges to open before the control port opens: a list of bodies of POST /halfopen/edges. */
  readonly edges?: string;
}

export interface ProxyServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** As Go's server keeps an idle connection, so that clients made for it do not meet a closed one. */
const KEEP_ALIVE_MS = 60_000;
/** As long as Go's server waits for a request. */
const REQUEST_MS = 15_000;
/** As many bytes of request line and headers as Go's server takes. */
const LONGEST_HEAD = 1024 * 1024;

/**
 * Starts the fault proxy: Toxiproxy's HTTP API and, under `/halfopen/`, HTTP rules and taps.
 *
 * @throws {HarnessError} if the address cannot be had
 * @throws {ApiError} if a proxy of `populate` or an edge of `edges` is wrong (400) or cannot be had (500)
 */
export async function startProxyServer(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  const { host = '127.0.0.1', port = 8474, seed = 1, workers = 0 } = options;
  const registry = new Registry(new TapLog(), seed, workers);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => registry.pool.end());
  undo.defer(() => registry.removeAll());
  // Who asks for workers is going to need them, and a process takes its time to start.
  registry.pool.start();
  if (options.populate !== undefined) await populate(registry, options.populate);
  if (options.edges !== undefined) await openEdges(registry, options.edges);
  const leases = new Leases(registry);
  undo.defer(() => leases[Symbol.dispose]());
  leases.arm();
  if (options.tapSocket !== undefined) undo.use(await serveTapSocket(registry.log, options.tapSocket));
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: LONGEST_HEAD },
    createRouter(routes(registry, leases, options)),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new HarnessError(`Cannot start the proxy as its control address ${host}:${port} must be free: ${error.message}`, { cause: error }),
      ),
    );
    server.listen({ host: listenHost(host), port }, resolve);
  });
  const bound = server.address() as AddressInfo;
  const started = undo.move();
  return {
    host: bound.address,
    port: bound.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, started.disposeAsync()]);
    },
  };
}

function routes(registry: Registry, leases: Leases, { proxyMetrics = false, runtimeMetrics = false }: ProxyServerOptions): Route[] {
  return armedBy(leases, [
    ...toxiproxyRoutes(registry),
    ...halfopenRoutes(registry, { leases }),
    ...metricsRoutes(registry, leases, { proxyMetrics, runtimeMetrics }),
  ]);
}
