/** Two edges from a caller through a relay and a real Toxiproxy to their callees, all in containers of their own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ChainedProxies, ProxyProcess, RealToxiproxy, TapRecord } from '../../harness/run/proxy/contract.ts';
import { chainProxies } from '../../harness/run/proxy/chain.ts';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { connectToxiproxy } from '../../harness/run/proxy/real-toxiproxy.ts';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const TOXIPROXY_IMAGE = 'ghcr.io/shopify/toxiproxy:2.12.0';
const NODE_IMAGE = 'node:24-slim';

export const HTTP_EDGE = 'orders->payments';
export const TCP_EDGE = 'orders->ledger';
/** The same callees by the relay alone, as where services are no containers. */
export const HTTP_ALONE = 'alone->payments';
export const TCP_ALONE = 'alone->ledger';
const EDGES = {
  [HTTP_EDGE]: { port: 20_001, protocol: 'http', upstream: 'toxiproxy:20001' },
  [TCP_EDGE]: { port: 20_002, protocol: 'tcp', upstream: 'toxiproxy:20002' },
  [HTTP_ALONE]: { port: 20_003, protocol: 'http', upstream: 'callee:8080' },
  [TCP_ALONE]: { port: 20_004, protocol: 'tcp', upstream: 'callee:9090' },
} as const;
export type RigEdge = keyof typeof EDGES;
const PROXIES = [
  { name: 'orders--payments', listen: '0.0.0.0:20001', upstream: 'callee:8080' },
  { name: 'orders--ledger', listen: '0.0.0.0:20002', upstream: 'callee:9090' },
];

/** `/big` answers with 64 MiB, `/hang` never, `/last` with a body that ends with its connection; port 9090 echoes. */
const CALLEE = `
  const http = require('node:http');
  http.createServer((req, res) => {
    req.resume();
    if (req.url === '/hang') return;
    if (req.url === '/big') return res.end(Buffer.alloc(64 * 1024 * 1024, 'x'));
    if (req.url === '/last') {
      res.useChunkedEncodingByDefault = false;
      res.shouldKeepAlive = false;
      res.write('hel');
      return res.end('lo');
    }
    res.end('hello');
  }).listen(8080, () => console.log('up'));
  require('node:net').createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(9090);
`;

export interface ChainRig extends AsyncDisposable {
  readonly relay: ProxyProcess;
  readonly chain: ChainedProxies;
  /** The one that stands now. */
  toxiproxy(): RealToxiproxy;
  /** What was seen at the relay so far, on one edge. */
  taps(edge: string): readonly TapRecord[];
  /** Where callers reach the edge. */
  address(edge: RigEdge): { readonly host: string; readonly port: number };
  readonly recreations: readonly string[];
}

let rigs = 0;

export async function startChain(): Promise<ChainRig> {
  await using stack = new AsyncDisposableStack();
  const prefix = `halfopen-test-chain-${process.pid}-${++rigs}`;
  const started: string[] = [];
  const docker = async (...args: readonly string[]): Promise<string> => (await run('docker', args)).stdout.trim();
  const nameOf = (part: string): string => `${prefix}-${part}`;
  stack.defer(async () => {
    if (started.length > 0) await docker('rm', '-f', '-v', ...started);
    await docker('network', 'rm', prefix);
  });
  await docker('network', 'create', prefix);
  const start = async (part: string, options: readonly string[], image: string, command: readonly string[]): Promise<void> => {
    started.push(nameOf(part));
    await docker(
      'run',
      '-d',
      '--init',
      '--name',
      nameOf(part),
      '--network',
      prefix,
      '--network-alias',
      part,
      ...options,
      image,
      ...command,
    );
  };
  const publish = ['-p', '127.0.0.1::8474'];
  const controlUrl = async (part: string): Promise<string> => `http://${(await docker('port', nameOf(part), '8474/tcp')).split('\n')[0]}`;
  let replacements = 0;
  const standing = (): string => `toxiproxy${replacements === 0 ? '' : `-${replacements}`}`;
  const startToxiproxy = async (): Promise<RealToxiproxy> => {
    await start(standing(), [...publish, '--network-alias', 'toxiproxy'], TOXIPROXY_IMAGE, ['-host=0.0.0.0']);
    const found = await answering(async () => connectToxiproxy({ controlUrl: await controlUrl(standing()) }));
    await found.ensure(PROXIES, AbortSignal.timeout(5000));
    return found;
  };
  const relayArgs = ['/halfopen/harness/run/proxy/main.ts', '--host', '0.0.0.0', '--port', '8474', '--seed', '7'];
  await Promise.all([
    start('callee', [], NODE_IMAGE, ['node', '-e', CALLEE]),
    start('relay', [...publish, '-v', `${PROJECT}:/halfopen:ro`], NODE_IMAGE, ['node', ...relayArgs]),
  ]);
  let toxiproxy = await startToxiproxy();
  const records: TapRecord[] = [];
  const relay = await answering(async () =>
    connectProxy({
      controlUrl: await controlUrl('relay'),
      onTap: (batch) => records.push(...batch),
      onLost: (count) => {
        throw new Error(`${count} records lost`);
      },
      signal: new AbortController().signal,
    }),
  );
  for (const [edge, { port, ...spec }] of Object.entries(EDGES))
    await relay.open({ edge, ...spec, listen: `0.0.0.0:${port}` }, AbortSignal.timeout(10_000));
  const recreations: string[] = [];
  const chain = stack.use(
    chainProxies({
      relay,
      toxiproxy: () => toxiproxy,
      async recreate() {
        await docker('rm', '-f', nameOf(standing()));
        started.splice(started.indexOf(nameOf(standing())), 1);
        replacements++;
        toxiproxy = await startToxiproxy();
      },
      onRecreated: (detail) => recreations.push(detail),
    }),
  );
  const host = await docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', nameOf('relay'));
  const made = stack.move();
  return {
    relay,
    chain,
    toxiproxy: () => toxiproxy,
    taps: (edge) => records.filter((record) => record.edge === edge),
    // Past the engine's own forwarding, which turns a reset into an end.
    address: (edge) => ({ host, port: EDGES[edge].port }),
    recreations,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

/** Asks again until it is answered; a container takes a moment. */
async function answering<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
