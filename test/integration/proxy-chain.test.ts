// Two of our own servers, the one behind in the place of a Toxiproxy: what two real ones do is in test/containers/chain.test.ts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainProxies } from '../../harness/run/proxy/chain.ts';
import type { ChainedProxies, ChainOptions, ProxyProcess, RealToxiproxy, ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { FrozenProxyError } from '../../harness/run/proxy/frozen-proxy.ts';
import { connectToxiproxy } from '../../harness/run/proxy/real-toxiproxy.ts';
import { startProxyServer } from '../../harness/run/proxy/server.ts';
import { startCallee, startTcpCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->payments';
const PROXY = 'orders--payments';
const OTHER = 'orders->ledger';
const STORM: ToxicSpec = { name: 'storm', type: 'latency', stream: 'downstream', attributes: { latency: 30, jitter: 0 } };
const signal = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);

/** The control API of a Toxiproxy that can be made to fall silent. */
interface Behind {
  readonly controlUrl: string;
  /** Requests that came, in order. */
  readonly asked: string[];
  /** While it says so of a request, that is never answered. */
  isSilent: (request: string) => boolean;
}

let world: World;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  world = stack.use(await startWorld());
});
afterEach(() => stack.disposeAsync());

async function startBehind(): Promise<Behind> {
  const server = stack.use(await startProxyServer({ port: 0 }));
  const behind = { controlUrl: '', asked: [] as string[], isSilent: (_: string) => false };
  const front = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const asked = `${request.method} ${request.url}`;
    behind.asked.push(asked);
    if (behind.isSilent(asked)) return;
    const answer = await fetch(`http://${server.host}:${server.port}${request.url}`, {
      method: request.method ?? 'GET',
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    front.closeAllConnections();
    front.close();
  });
  behind.controlUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return behind;
}

interface Chained {
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

async function startChained(options: Partial<ChainOptions> = {}): Promise<Chained> {
  const behind = await startBehind();
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

describe('a toxic on an edge of two servers', () => {
  test('is on the one behind, read back there, and told by marks on the relay as if it were its own', async () => {
    const { chain, behind, real, order, get } = await startChained();
    await chain.addToxic(EDGE, STORM, signal());
    expect(order).toEqual(['behind addToxic', 'relay addToxic', 'relay addToxic']);
    expect(behind.asked.slice(-2)).toEqual([`POST /proxies/${PROXY}/toxics`, `GET /proxies/${PROXY}/toxics/storm`]);
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual(['storm']);
    expect(await get()).toBe('hello');
    expect(await world.tap(() => true)).toMatchObject({ edge: EDGE, outcome: 'answered', fault: 'storm', touch: 'latency' });
    expect(await chain.touched('storm', signal())).toBe(1);
    order.splice(0);
    await chain.removeToxic(EDGE, 'storm', signal());
    expect(order.slice(0, 2)).toEqual(['relay removeToxic', 'relay removeToxic']);
    expect(order.indexOf('behind removeToxic')).toBeGreaterThan(1);
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
    expect(await get()).toBe('hello');
    expect(await chain.touched('storm', signal())).toBe(1);
  });

  test('that the one behind does not know is on the relay, and so are rules', async () => {
    const { chain, real, get } = await startChained();
    await chain.addToxic(EDGE, { name: 'lossy', type: 'loss', stream: 'downstream', attributes: { loss: 100, rto: 1 } }, signal());
    await chain.addRule(
      EDGE,
      { name: 'no', action: { kind: 'status', status: 503, body: 'no' }, target: { path: '/no' }, seed: 1 },
      signal(),
    );
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
    expect([await get(), await get('/no')]).toEqual(['hello', 'no']);
    expect([await chain.touched('lossy', signal()), await chain.touched('no', signal())]).toEqual([1, 1]);
    await chain.removeToxic(EDGE, 'lossy', signal());
    await chain.removeRule(EDGE, 'no', signal());
    expect(await get('/no')).toBe('hello');
  });

  test('is withdrawn in any order: before it is there, twice, and when only half of it came to be', async () => {
    const { chain, real, get } = await startChained();
    await chain.removeToxic(EDGE, 'storm', signal());
    await chain.addToxic(EDGE, STORM, signal());
    await world.proxy.removeToxic(EDGE, 'storm#upstream', signal());
    await chain.removeToxic(EDGE, 'storm', signal());
    await chain.removeToxic(EDGE, 'storm', signal());
    await real.addToxic(PROXY, STORM, signal());
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toThrow('answered 409 (there is one of that name)');
    await chain.removeToxic(EDGE, 'storm', signal());
    await chain.addToxic(EDGE, STORM, signal());
    await chain.removeToxic(EDGE, 'storm', signal());
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
    await get();
    expect(await world.tap(() => true)).toMatchObject({ fault: null });
  });

  test('counts from when this chain was made, whatever a fault of that name did before', async () => {
    const { chain, real, get } = await startChained();
    await chain.addToxic(EDGE, STORM, signal());
    await get();
    await chain.removeToxic(EDGE, 'storm', signal());
    const next = chainProxies({
      relay: world.proxy,
      toxiproxy: () => real,
      recreate: () => Promise.resolve(),
      onRecreated: () => undefined,
    });
    expect(await next.touched('storm', signal())).toBe(0);
    await next.addToxic(EDGE, STORM, signal());
    await get();
    await next.removeToxic(EDGE, 'storm', signal());
    expect([await next.touched('storm', signal()), await chain.touched('storm', signal())]).toEqual([1, 2]);
  });
});

describe('a call under a blackhole', () => {
  const swallow = (stream: ToxicSpec['stream']): ToxicSpec => ({
    name: `dark#${stream}`,
    type: 'timeout',
    stream,
    attributes: { timeout: 0 },
  });

  test('is marked when its caller gives up, and when the withdrawal cuts it', async () => {
    const { chain, port } = await startChained();
    await chain.addToxic(EDGE, swallow('downstream'), signal());
    const call = (): Promise<string> =>
      fetch(`http://127.0.0.1:${port}/hang`, { signal: signal(200) }).then(
        () => 'answered',
        (error: Error) => error.name,
      );
    expect(await call()).toBe('TimeoutError');
    expect(await world.tap(() => true)).toMatchObject({ outcome: 'caller-left', fault: 'dark', touch: 'timeout' });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /hang HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => chain.touched('dark', signal())).toBe(2);
    const closed = once(socket.resume(), 'close');
    await chain.removeToxic(EDGE, 'dark#downstream', signal());
    await closed;
    expect(await world.tap(({ outcome }) => outcome === 'truncated')).toMatchObject({ fault: 'dark' });
  });

  test('that was on its way before it began is marked as well, once it is cut', async () => {
    const { chain, port } = await startChained();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /hang HTTP/1.1\r\nhost: x\r\n\r\n');
    const asked = async (): Promise<number> => {
      const state = (await (await fetch(`${world.controlUrl}/halfopen/state`)).json()) as {
        proxies: { edge: string; counters: { upstream: { sent: number } } }[];
      };
      return state.proxies.find(({ edge }) => edge === EDGE)?.counters.upstream.sent ?? 0;
    };
    await expect.poll(asked).toBeGreaterThan(0);
    await chain.addToxic(EDGE, swallow('downstream'), signal());
    expect(await chain.touched('dark', signal())).toBe(0);
    await chain.removeToxic(EDGE, 'dark#downstream', signal());
    expect(await world.tap(() => true)).toMatchObject({ path: '/hang', fault: 'dark' });
  });

  test('an idle connection between calls is none', async () => {
    const { chain, port } = await startChained();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await chain.addToxic(EDGE, swallow('upstream'), signal());
    await chain.addToxic(EDGE, swallow('downstream'), signal());
    await chain.removeToxic(EDGE, 'dark#upstream', signal());
    await chain.removeToxic(EDGE, 'dark#downstream', signal());
    await closed;
    expect(await chain.touched('dark', signal())).toBe(0);
  });
});

describe('a reset for the next run', () => {
  test('leaves no toxic, no rule and no connection on either server, and says what it read back', async () => {
    const { chain, real, port, tcpPort, get } = await startChained();
    await chain.addToxic(EDGE, { ...STORM, type: 'timeout', attributes: { timeout: 0 } }, signal());
    await chain.addToxic(OTHER, { name: 'lossy', type: 'loss', stream: 'upstream', attributes: { loss: 50 } }, signal());
    await chain.addRule(EDGE, { name: 'no', action: { kind: 'hang' }, target: {}, seed: 1 }, signal());
    const sockets = [port, tcpPort].map((at) => connect(at, '127.0.0.1'));
    const gone = sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on('error', () => undefined)
            .on('close', resolve)
            .resume()
            .write('GET /hang HTTP/1.1\r\nhost: x\r\n\r\n'),
        ),
    );
    await expect.poll(() => chain.touched('no', signal())).toBe(1);
    const proof = await chain.reset(signal());
    await Promise.all(gone);
    expect(proof).toMatch(
      /^relay: 2 proxies, 0 toxics, 0 rules, 0 connections \(2 were cut\); Toxiproxy 2\.\d+\.\d+: 2 proxies, enabled, 0 toxics$/,
    );
    expect((await real.proxies(signal())).map(({ isEnabled, toxics }) => [isEnabled, toxics])).toEqual([
      [true, []],
      [true, []],
    ]);
    expect(await get()).toBe('hello');
    expect(await chain.touched('no', signal())).toBe(0);
  });

  test('enables what was disabled behind', async () => {
    const { chain, behind, real, get } = await startChained();
    await fetch(`${behind.controlUrl}/proxies/${PROXY}`, { method: 'POST', body: '{"enabled":false}' });
    expect((await real.proxies(signal())).map(({ isEnabled }) => isEnabled)).toContain(false);
    await chain.reset(signal());
    expect(await get()).toBe('hello');
  });
});

describe('a server behind that falls silent', () => {
  const onToxics = (request: string): boolean => request.startsWith('POST') && request.endsWith('/toxics');

  test('fails the call within its deadline, is replaced once, and the next call finds the new one', async () => {
    const { chain, behind, recreations, get } = await startChained();
    behind.isSilent = onToxics;
    const atMs = performance.now();
    const both = await Promise.allSettled([EDGE, OTHER].map((edge) => chain.addToxic(edge, STORM, signal())));
    expect(performance.now() - atMs).toBeLessThan(1500);
    expect(both.map((result) => result.status === 'rejected' && result.reason instanceof FrozenProxyError)).toEqual([true, true]);
    await chain.removeToxic(EDGE, 'storm', signal());
    await chain.addToxic(EDGE, STORM, signal());
    expect(recreations).toEqual([
      expect.stringMatching(
        /^Cannot add toxic 'storm' to proxy 'orders--(payments|ledger)': .* did not answer within 300 ms; another one took its place within \d+ ms$/,
      ),
    ]);
    expect([await get(), await chain.touched('storm', signal())]).toEqual(['hello', 1]);
  });

  test('takes the marks of its toxics along', async () => {
    const { chain, behind, recreations, get } = await startChained();
    await chain.addToxic(EDGE, STORM, signal());
    behind.isSilent = onToxics;
    await expect(chain.addToxic(OTHER, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await expect.poll(() => recreations.length).toBe(1);
    await get();
    expect(await world.tap(() => true)).toMatchObject({ fault: null });
  });

  test('does not hold up a withdrawal while it is being replaced', async () => {
    const replaced = Promise.withResolvers<void>();
    const { chain, behind } = await startChained({ recreate: () => replaced.promise });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await chain.removeToxic(EDGE, 'storm', signal(1000));
    await expect(chain.addToxic(EDGE, STORM, signal(100))).rejects.toThrow(/timeout/i);
    replaced.resolve();
  });

  test('and cannot be replaced ends the run', async () => {
    const { chain, behind } = await startChained({ recreate: () => Promise.reject(new Error('no engine')) });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await expect
      .poll(() => chain.flush(signal()).catch((error: Error) => error.message))
      .toBe('Cannot put another Toxiproxy in the place of a frozen one: no engine');
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toThrow('no engine');
  });

  test('between runs is replaced by the reset', async () => {
    const { chain, behind, recreations } = await startChained();
    behind.isSilent = (request) => request === 'GET /proxies';
    expect(await chain.reset(signal())).toContain('2 proxies, enabled, 0 toxics');
    expect(recreations).toHaveLength(1);
  });

  test('is no longer waited for once the chain is disposed', async () => {
    const { chain, behind } = await startChained({
      recreate: (aborter) => new Promise((_, reject) => aborter.addEventListener('abort', () => reject(aborter.reason as Error))),
    });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await chain[Symbol.asyncDispose]();
  });
});

describe('a Toxiproxy by its API', () => {
  test('must be one, of a release that is known', async () => {
    const answers = async (body: string): Promise<string> => {
      const server = createServer((_, response) => response.end(body));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stack.defer(() => void server.close());
      const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return connectToxiproxy({ controlUrl }).then(
        ({ version }) => version,
        (error: Error) => error.message,
      );
    };
    expect(await answers('{"version": "2.12.0"}\n')).toBe('2.12.0');
    expect(await answers('{"version": "2.5.0"}')).toMatch(
      /^Cannot use the Toxiproxy at .* as 'version' must be at least 2\.6: current value is 2\.5\.0$/,
    );
    expect(await answers('<html>hello')).toMatch(
      /^Cannot use the Toxiproxy at .*: what answers there is none \(its version is <html>hello\)$/,
    );
    await expect(connectToxiproxy({ controlUrl: 'http://127.0.0.1:1' })).rejects.toThrow(
      /^Cannot ask for its version: the Toxiproxy at .* cannot be reached/,
    );
  });

  test('a removal does not overtake the toxic that an aborted call is still adding', async () => {
    const behind = await startBehind();
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl, deadlineMs: 300 });
    await real.ensure([{ name: PROXY, listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }], signal());
    const abort = new AbortController();
    const added = real.addToxic(PROXY, STORM, abort.signal);
    abort.abort(new Error('Ctrl-C'));
    await expect(added).rejects.toThrow('Ctrl-C');
    const late = real.addToxic(PROXY, { ...STORM, name: 'late' }, AbortSignal.timeout(10));
    await Promise.allSettled([late, real.removeToxic(PROXY, 'late', signal())]);
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
  });

  test('never gets what would end it, and an edge that it lacks is said', async () => {
    const behind = await startBehind();
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl });
    const before = behind.asked.length;
    await expect(real.addToxic(PROXY, { ...STORM, type: 'slicer', attributes: {} }, signal())).rejects.toThrow(
      /^Cannot add toxic 'storm' as 'average_size' must be a whole number from 1/,
    );
    expect(behind.asked.slice(before)).toEqual([]);
    await expect(real.addToxic(PROXY, STORM, signal())).rejects.toThrow(/answered 404 \(it has no such proxy\)$/);
    await real.removeToxic(PROXY, 'storm', signal());
    await real.removeProxy(PROXY, signal());
    await real.ensure([], signal());
    expect(await real.reset(signal())).toBe(0);
  });

  test('names that need it are escaped', async () => {
    const behind = await startBehind();
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl });
    await real.ensure([{ name: 'a b#c', listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }], signal());
    await real.addToxic('a b#c', { ...STORM, name: 'x y#up' }, signal());
    expect((await real.proxies(signal())).map(({ name, toxics }) => [name, toxics])).toEqual([['a b#c', ['x y#up']]]);
    await real.removeToxic('a b#c', 'x y#up', signal());
    await real.removeProxy('a b#c', signal());
    expect(await real.proxies(signal())).toEqual([]);
  });
});
