/**
 * Goal: several processes carry one proxy's connections, and nobody can tell but by its speed: the port belongs to one server, faults reach
 * every connection, dice fall as they do in one process, counts add up, and a worker's end costs only its own connections.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fork, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Registry } from '../../harness/run/proxy/registry.ts';
import type { Listener } from '../../harness/run/proxy/listener.ts';
import { TapLog } from '../../harness/run/proxy/tap/tap-log.ts';
import { newToxic } from '../../harness/run/proxy/toxic.ts';
import { toxicKind } from '../../harness/run/proxy/toxics/index.ts';

const DEADLINE_MS = 10_000;

let stack: AsyncDisposableStack;
beforeEach(() => (stack = new AsyncDisposableStack()));
afterEach(() => stack.disposeAsync());

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not within ${DEADLINE_MS} ms: ${what}`)), DEADLINE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A proxy in front of an echo server, with that many workers that are ready to take its connections. */
async function startProxy(workers: number): Promise<{ registry: Registry; proxy: Listener; port: number }> {
  const echo = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void echo.close());
  const registry = new Registry(new TapLog(), 7, workers);
  stack.defer(() => registry.pool.end());
  stack.defer(() => registry.removeAll());
  const upstream = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const proxy = await registry.create({ name: 'echo', listen: '127.0.0.1:0', upstream, enabled: true });
  await until('the workers are ready', () => registry.pool.workers.length === workers);
  if (workers > 0) await until('the workers have the socket', async () => (await proxy.countersByProcess()).length === workers + 1);
  return { registry, proxy, port: Number(proxy.listen.split(':').at(-1)) };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => socket.destroy());
  stack.defer(() => void socket.destroy());
  await within('connect', once(socket, 'connect'));
  return socket;
}

/** How long one byte takes there and back, or null where the connection ends instead. */
async function ping(socket: Socket): Promise<number | null> {
  const sentMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const onData = (): void => resolve(performance.now() - sentMs);
  const onClose = (): void => resolve(null);
  socket.once('data', onData).once('close', onClose);
  if (socket.destroyed) resolve(null);
  else socket.write('x');
  const took = await within('echo', promise);
  socket.off('data', onData).off('close', onClose);
  return took;
}

/** Connections, one after another, each of which has sent a byte there and back. */
async function dialSerially(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const socket = await dial(port);
    expect(await ping(socket)).not.toBeNull();
    sockets.push(socket);
  }
  return sockets;
}

/** Dials until every process has an open connection. */
async function dialUntilSpread(proxy: Listener, port: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await until('every process has a connection', async () => {
    sockets.push(...(await Promise.all(Array.from({ length: 8 }, () => dial(port)))));
    await Promise.all(sockets.slice(-8).map(ping));
    return (await proxy.countersByProcess()).every(({ open }) => open > 0);
  });
  return sockets;
}

function toxic(type: string, attributes: Record<string, number | string>, toxicity = 1): ReturnType<typeof newToxic> {
  const kind = toxicKind(type);
  if (kind === undefined) throw new Error(`no toxic ${type}`);
  return newToxic({ name: type, type, stream: 'downstream', kind, toxicity, attributes });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a proxy in several processes', () => {
  it('carries connections in all of them, and the counts add up', async () => {
    const { proxy, port } = await startProxy(2);
    const sockets = await dialUntilSpread(proxy, port);
    const counters = await proxy.counters();
    expect(counters.accepted).toBe(sockets.length);
    expect(counters.open).toBe(sockets.length);
    expect(counters.upstream).toEqual({ received: sockets.length, sent: sockets.length });
    expect(counters.downstream).toEqual({ received: sockets.length, sent: sockets.length });
  });

  it('has its port to itself: a second server is refused, with reusePort or without', async () => {
    const { port } = await startProxy(1);
    for (const reusePort of [false, true]) {
      const second = createServer();
      stack.defer(() => void second.close());
      second.listen({ port, host: '127.0.0.1', reusePort });
      const [error] = (await within('refusal', once(second, 'error'))) as [NodeJS.ErrnoException];
      expect(error.code).toBe('EADDRINUSE');
    }
  });

  it('puts a toxic in force on every connection before it says so, and takes it away again', async () => {
    const { proxy, port } = await startProxy(2);
    const sockets = await dialUntilSpread(proxy, port);
    const slow = toxic('latency', { latency: 300, jitter: 0 });
    await proxy.addToxic(slow);
    const slowed = await Promise.all([...sockets, await dial(port)].map(ping));
    expect(slowed.filter((tookMs) => tookMs === null || tookMs < 299)).toEqual([]);
    expect((await proxy.counters()).touched).toEqual({ latency: sockets.length + 1 });
    await proxy.updateToxic(slow, { toxicity: 1, attributes: { latency: 0, jitter: 0 } });
    const changed = await Promise.all(sockets.map(ping));
    expect(changed.filter((tookMs) => tookMs === null || tookMs > 299)).toEqual([]);
    await proxy.removeToxic(slow);
    expect((await Promise.all(sockets.map(ping))).filter((tookMs) => tookMs === null || tookMs > 299)).toEqual([]);
  });

  it('accepts in one process while it has a toxic, and in all again afterwards', async () => {
    const { proxy, port } = await startProxy(1);
    await dialUntilSpread(proxy, port);
    const [, workerBefore] = await proxy.countersByProcess();
    const none = toxic('noop', {});
    await proxy.addToxic(none);
    await dialSerially(port, 30);
    const [, workerWith] = await proxy.countersByProcess();
    expect(workerWith?.accepted).toBe(workerBefore?.accepted);
    await proxy.removeToxic(none);
    await until('the worker accepts again', async () => {
      await Promise.all(Array.from({ length: 8 }, () => dial(port)));
      return ((await proxy.countersByProcess())[1]?.accepted ?? 0) > (workerWith?.accepted ?? 0);
    });
  });

  it('rolls the same dice for the same connections, however many processes there are', async () => {
    const hitsWith = async (workers: number): Promise<string> => {
      const { proxy, port } = await startProxy(workers);
      const before = await dialSerially(port, 24);
      await proxy.addToxic(toxic('reset_peer', { timeout: 0 }, 0.5));
      const sockets = [...before];
      let hits = '';
      for (let index = 0; index < 16; index++) sockets.push(await dial(port));
      for (const socket of sockets) hits += (await ping(socket)) === null ? 'x' : '.';
      return hits;
    };
    const alone = await hitsWith(0);
    expect(alone).toMatch(/x/);
    expect(alone).toMatch(/\./);
    expect(await hitsWith(1)).toBe(alone);
    expect(await hitsWith(2)).toBe(alone);
  });

  it('shares one wire among the connections of all processes', async () => {
    const { proxy, port } = await startProxy(1);
    const sockets = await dialUntilSpread(proxy, port);
    await proxy.addToxic(toxic('bandwidth', { rate: 200, scope: 'proxy' }));
    const bytes = Math.ceil(100_000 / sockets.length);
    const startedMs = performance.now();
    await Promise.all(
      sockets.map(async (socket) => {
        let left = bytes;
        const { promise, resolve } = Promise.withResolvers<void>();
        socket.on('data', (data: Buffer) => {
          left -= data.length;
          if (left <= 0) resolve();
        });
        socket.write(Buffer.alloc(bytes));
        await within('all bytes', promise);
      }),
    );
    const tookMs = performance.now() - startedMs;
    // 100 kB at 200 kB/s; a wire of its own for each process would take half of that.
    expect(tookMs).toBeGreaterThan(400);
  });

  it('refuses connections in every process once it is disabled, and takes its port again', async () => {
    const { proxy, port } = await startProxy(2);
    const sockets = await dialUntilSpread(proxy, port);
    const ended = Promise.all(sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket, 'close')));
    await proxy.stop();
    await within('every connection ends', ended);
    const refused = connect({ port, host: '127.0.0.1' });
    const [error] = (await within('refusal', once(refused, 'error'))) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await proxy.start();
    expect(proxy.listen).toBe(`127.0.0.1:${port}`);
    expect(await ping(await dial(port))).not.toBeNull();
  });

  it("loses only a worker's own connections with that worker", async () => {
    const { registry, proxy, port } = await startProxy(1);
    const sockets = await dialUntilSpread(proxy, port);
    const [own, worker] = await proxy.countersByProcess();
    registry.pool.workers[0]?.end();
    await until('the worker is gone', () => registry.pool.lost === 1);
    const pings = await Promise.all(sockets.map(ping));
    expect(pings.filter((tookMs) => tookMs !== null)).toHaveLength(own?.open ?? -1);
    expect(pings.filter((tookMs) => tookMs === null)).toHaveLength(worker?.open ?? -1);
    await dialSerially(port, 20);
    await proxy.addToxic(toxic('latency', { latency: 40, jitter: 0 }));
    expect(await ping(await dial(port))).toBeGreaterThan(39);
    expect((await proxy.counters()).accepted).toBe(sockets.length + 21);
  });

  it('leaves no worker behind when the main process is killed', async () => {
    const entry = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
    const main = fork(entry, ['--port', '0', '--workers', '1'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    stack.defer(() => void main.kill('SIGKILL'));
    const [line] = (await within('ready', once(main.stdout as NodeJS.ReadableStream, 'data'))) as [Buffer];
    const { port: control } = JSON.parse(String(line)) as { readonly port: number };
    const body = JSON.stringify({ name: 'x', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' });
    const made = (await (await fetch(`http://127.0.0.1:${control}/proxies`, { method: 'POST', body })).json()) as { listen: string };
    const port = Number(made.listen.split(':').at(-1));
    const children = (): string[] =>
      spawnSync('pgrep', ['-P', String(main.pid)], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(Boolean);
    await until('the worker runs', () => children().length === 1);
    const worker = Number(children()[0]);
    main.kill('SIGKILL');
    await within('exit', once(main, 'exit'));
    await until('the worker is gone', () => !isAlive(worker));
    // Only when the last process that holds the socket is gone is the port free.
    await until('the port is free', async () => {
      const socket = connect({ port, host: '127.0.0.1' });
      const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
        socket.once('error', resolve);
        socket.once('connect', () => resolve(null));
      });
      socket.destroy();
      return error?.code === 'ECONNREFUSED';
    });
    expect(isAlive(worker)).toBe(false);
  });
});
