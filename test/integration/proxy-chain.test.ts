import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainProxies } from '../../harness/run/proxy/chain.ts';
import type { ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { FrozenProxyError } from '../../harness/run/proxy/frozen-proxy.ts';
import { EDGE, OTHER, PROXY, signal, startChained, STORM } from './proxy-chain-world.ts';
import { startWorld, type World } from './proxy-world.ts';

let world: World;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  world = stack.use(await startWorld());
});
afterEach(() => stack.disposeAsync());

describe('a toxic on an edge of two servers', () => {
  test('is on the one behind, read back there, and told by marks on the relay as if it were its own', async () => {
    const { chain, behind, real, order, get } = await startChained(world, stack);
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
    const { chain, real, get } = await startChained(world, stack);
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
    const { chain, real, get } = await startChained(world, stack);
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
    const { chain, real, get } = await startChained(world, stack);
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
    const { chain, port } = await startChained(world, stack);
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
    const { chain, port } = await startChained(world, stack);
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
    const { chain, port } = await startChained(world, stack);
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
    const { chain, real, port, tcpPort, get } = await startChained(world, stack);
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
    const { chain, behind, real, get } = await startChained(world, stack);
    await fetch(`${behind.controlUrl}/proxies/${PROXY}`, { method: 'POST', body: '{"enabled":false}' });
    expect((await real.proxies(signal())).map(({ isEnabled }) => isEnabled)).toContain(false);
    await chain.reset(signal());
    expect(await get()).toBe('hello');
  });
});

describe('a server behind that falls silent', () => {
  const onToxics = (request: string): boolean => request.startsWith('POST') && request.endsWith('/toxics');

  test('fails the call within its deadline, is replaced once, and the next call finds the new one', async () => {
    const { chain, behind, recreations, get } = await startChained(world, stack);
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
    const { chain, behind, recreations, get } = await startChained(world, stack);
    await chain.addToxic(EDGE, STORM, signal());
    behind.isSilent = onToxics;
    await expect(chain.addToxic(OTHER, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await expect.poll(() => recreations.length).toBe(1);
    await get();
    expect(await world.tap(() => true)).toMatchObject({ fault: null });
  });

  test('does not hold up a withdrawal while it is being replaced', async () => {
    const replaced = Promise.withResolvers<void>();
    const { chain, behind } = await startChained(world, stack, { recreate: () => replaced.promise });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await chain.removeToxic(EDGE, 'storm', signal(1000));
    await expect(chain.addToxic(EDGE, STORM, signal(100))).rejects.toThrow(/timeout/i);
    replaced.resolve();
  });

  test('and cannot be replaced ends the run', async () => {
    const { chain, behind } = await startChained(world, stack, { recreate: () => Promise.reject(new Error('no engine')) });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await expect
      .poll(() => chain.flush(signal()).catch((error: Error) => error.message))
      .toBe('Cannot put another Toxiproxy in the place of a frozen one: no engine');
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toThrow('no engine');
  });

  test('between runs is replaced by the reset', async () => {
    const { chain, behind, recreations } = await startChained(world, stack);
    behind.isSilent = (request) => request === 'GET /proxies';
    expect(await chain.reset(signal())).toContain('2 proxies, enabled, 0 toxics');
    expect(recreations).toHaveLength(1);
  });

  test('is no longer waited for once the chain is disposed', async () => {
    const { chain, behind } = await startChained(world, stack, {
      recreate: (aborter) => new Promise((_, reject) => aborter.addEventListener('abort', () => reject(aborter.reason as Error))),
    });
    behind.isSilent = onToxics;
    await expect(chain.addToxic(EDGE, STORM, signal())).rejects.toBeInstanceOf(FrozenProxyError);
    await chain[Symbol.asyncDispose]();
  });
});
