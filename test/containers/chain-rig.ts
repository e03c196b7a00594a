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
const PORTS = { [HTTP_EDGE]: 20_001, [TCP_EDGE]: 20_002 } as const;
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
  taps(edge: string): Promise<readonly TapRecord[]>;
  /** Where callers reach the edge. */
  readonly addresses: Readonly<Record<keyof typeof PORTS, { readonly host: string; readonly port: number }>>;
  /** Where a caller reaches the edge's proxy on the Toxiproxy, past the relay. */
  behind(edge: keyof typeof PORTS): Promise<{ readonly host: string; readonly port: number }>;
  readonly recreations: readonly string[];
  /** Another chain over the same two servers, as a next run makes one. */
  again(): ChainedProxies;
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
  const ipOf = (part: string): Promise<string> =>
    docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', nameOf(part));
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
  const signal = AbortSignal.timeout(10_000);
  await relay.open({ edge: HTTP_EDGE, protocol: 'http', upstream: 'toxiproxy:20001', listen: '0.0.0.0:20001' }, signal);
  await relay.open({ edge: TCP_EDGE, protocol: 'tcp', upstream: 'toxiproxy:20002', listen: '0.0.0.0:20002' }, signal);
  const recreations: string[] = [];
  const again = (): ChainedProxies =>
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
    });
  const chain = stack.use(again());
  const host = await ipOf('relay');
  const [http, tcp] = [HTTP_EDGE, TCP_EDGE].map((edge) => ({ host, port: PORTS[edge as keyof typeof PORTS] }));
  if (http === undefined || tcp === undefined) throw new Error('unreachable');
  const made = stack.move();
  return {
    relay,
    chain,
    toxiproxy: () => toxiproxy,
    async taps(edge) {
      await relay.flush(AbortSignal.timeout(5000));
      return records.filter((record) => record.edge === edge);
    },
    addresses: { [HTTP_EDGE]: http, [TCP_EDGE]: tcp },
    behind: async (edge) => ({ host: await ipOf(standing()), port: PORTS[edge] }),
    recreations,
    again,
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
