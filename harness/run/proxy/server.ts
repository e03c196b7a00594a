import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HarnessError } from '../../model/problem.ts';
import { listenHost } from './address.ts';
import { halfopenRoutes } from './api/halfopen.ts';
import { createRouter } from './api/router.ts';
import { toxiproxyRoutes } from './api/toxiproxy.ts';
import { Registry } from './registry.ts';
import { TapLog } from './tap/tap-log.ts';

export interface ProxyServerOptions {
  /** Address of the control API. @default '127.0.0.1' */
  readonly host?: string;
  /** Port of the control API; 0 takes a free one. @default 8474 */
  readonly port?: number;
  /** Fixes the toxics' dice and jitter. @default 1 */
  readonly seed?: number;
}

export interface ProxyServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** As Go's server keeps an idle connection, so that clients made for it do not meet a closed one. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Starts the fault proxy: Toxiproxy's HTTP API and, under `/halfopen/`, HTTP rules and taps.
 *
 * @throws {HarnessError} if the address cannot be had
 */
export async function startProxyServer(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  const { host = '127.0.0.1', port = 8474, seed = 1 } = options;
  const registry = new Registry(new TapLog(), seed);
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    createRouter([...toxiproxyRoutes(registry), ...halfopenRoutes(registry)]),
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
  return {
    host: bound.address,
    port: bound.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, registry.removeAll()]);
    },
  };
}
