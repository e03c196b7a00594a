/** A relay and a server behind it, both our own: what two real ones do is in test/containers/chain.test.ts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chainProxies } from '../../harness/run/proxy/chain.ts';
import type { ChainedProxies, ChainOptions, ProxyProcess, RealToxiproxy, ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { connectToxiproxy } from '../../harness/run/proxy/real-toxiproxy.ts';
import { startProxyServer } from '../../harness/run/proxy/server.ts';
import { startCallee, startTcpCallee, type World } from './proxy-world.ts';

export const EDGE = 'orders->payments';
export const PROXY = 'orders--payments';
export const OTHER = 'orders->ledger';
export const STORM: ToxicSpec = { name: 'storm', type: 'latency', stream: 'downstream', attributes: { latency: 30, jitter: 0 } };
export const signal = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);

/** The control API of a Toxiproxy that can be made to fall silent. */
export interface Behind {
  readonly controlUrl: string;
  /** Requests that came, in order. */
  readonly asked: string[];
  /** While it says so of a request, that is never answered. */
  isSilent: (request: string) => boolean;
}

/** Our own server in the place of a Toxiproxy. */
export async function startBehind(stack: AsyncDisposableStack): Promise<Behind> {
  const server = stack.use(await startProxyServer({ port: 0 }));
  const behind = { controlUrl: '', asked: [] as string[], isSilent: (): boolean => false } as Behind & { controlUrl: string };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const asked = `${request.method} ${request.url}`;
    behind.asked.push(asked);
    if (behind.isSilent(asked)) return;
    const reply = await fetch(`http://${server.host}:${server.port}${request.url}`, {
      method: request.method ?? 'GET',
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    response.writeHead(reply.status).end(await reply.text());
  };
  const front = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    front.closeAllConnections();
    front.close();
  });
  behind.controlUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return behind;
}

export interface Chained {
  readonly chain: ChainedProxies;
  readonly behind: Behind;
  readonly real: RealToxiproxy;
  /** Where callers reach the HTTP edge and the TCP edge. */
  readonly port: number;
  readonly tcpPort: number;
  /** What was asked of both servers by the chain. */
  readonly order: string[];
  readonly recreations: readonly string[];
  readonly get: (path?: string) => Promise<string>;
}

/** An HTTP edge and a TCP edge through a relay and another server behind it. */
export async function startChained(world: World, stack: AsyncDisposableStack, options: Partial<ChainOptions> = {}): Promise<Chained> {
  const behind = await startBehind(stack);
  const callee = await startCallee(world, (request, response) => {
    request.resume();
    if (request.url !== '/hang') response.end('hello');
  });
  const echo = await startTcpCallee(world, (socket) => void socket.pipe(socket));
  let real = await connectToxiproxy({ controlUrl: behind.controlUrl, deadlineMs: 300 });
  const proxies = [
    { name: PROXY, listen: '127.0.0.1:0', upstream: callee.upstream },
    { name: 'orders--ledger', listen: '127.0.0.1:0', upstream: echo.upstream },
  ];
  await real.ensure(proxies, signal());
  const [ledger, payments] = (await real.proxies(signal())).toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const port = await world.open({ edge: EDGE, protocol: 'http', upstream: payments?.listen ?? '' });
  const tcpPort = await world.open({ edge: OTHER, protocol: 'tcp', upstream: ledger?.listen ?? '' });
  const order: string[] = [];
  const noted = <T extends object>(server: string, whole: T): T =>
    new Proxy(whole, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'addToxic' || name === 'removeToxic') order.push(`${server} ${name}`);
          return (value as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const recreations: string[] = [];
  const chain = stack.use(
    chainProxies({
      relay: noted('relay', world.proxy as ProxyProcess),
      toxiproxy: () => noted('behind', real),
      async recreate() {
        behind.isSilent = () => false;
        real = await connectToxiproxy({ controlUrl: behind.controlUrl, deadlineMs: 300 });
        await real.reset(signal());
      },
      onRecreated: (detail) => recreations.push(detail),
      ...options,
    }),
  );
  const get = async (path = '/'): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' }, signal: signal(1000) }).catch(
      () => null,
    );
    return answer === null ? 'nothing' : answer.text();
  };
  return {
    chain,
    behind,
    get real() {
      return real;
    },
    port,
    tcpPort,
    order,
    recreations,
    get,
  };
}
