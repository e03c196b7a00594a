// Goal: the door of the proxy works in anybody's test: faults bite, say so, and are gone when their block ends; the tap tells what happened;
// whoever uses it wrongly is told what to do. Both for a proxy in this process and for one in a child.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startProxy, type FaultProxy, type ToxicAttributes, type ToxicName } from '../../harness/proxy/index.ts';
import { toxicKinds } from '../../harness/run/proxy/toxics/index.ts';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function startCallee(listener: RequestListener = (_, response) => response.end('paid')): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function startEcho(): Promise<string> {
  const server = createTcpServer((socket) => void socket.on('error', () => socket.destroy()).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function statuses(url: string, count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index++) {
    const response = await fetch(url);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

describe.each(['own', 'child'] as const)('a proxy in its %s process', (where) => {
  let faults: FaultProxy;
  beforeEach(async () => {
    faults = stack.use(await startProxy({ seed: 7, process: where }));
  });

  test('an HTTP fault bites as its target says, proves it, and is gone with its block', async () => {
    const callee = await startCallee();
    const payments = await faults.http({ upstream: callee.url, name: 'payments' });
    {
      await using storm = await payments.inject({ kind: 'status', status: 503, body: 'no' }, { first: 3 });
      expect(await statuses(`${payments.url}/charges`, 4)).toEqual([503, 503, 503, 200]);
      expect(await storm.touched()).toBe(3);
      const hit = await payments.nextExchange(({ status }) => status === 503);
      expect(hit).toMatchObject({ method: 'GET', path: '/charges', outcome: 'answered', fault: storm.name, touch: 'status' });
      expect(await payments.nextExchange(({ fault }) => fault === null)).toMatchObject({ status: 200 });
    }
    await using again = await payments.inject({ kind: 'status', status: 500 }, { path: '/charges*', method: 'POST' });
    expect(await statuses(`${payments.url}/charges`, 2)).toEqual([200, 200]);
    expect(await again.touched()).toBe(0);
    expect(callee.asked).toHaveLength(3);
    expect(payments.exchanges.length).toBeGreaterThanOrEqual(4);
  });

  test('a fault counts from when it was put in force, whatever one of its name touched before', async () => {
    const payments = await faults.http({ upstream: (await startCallee()).url });
    for (let round = 0; round < 2; round++) {
      await using storm = await payments.inject({ kind: 'status', status: 503 }, {}, { name: 'storm' });
      await statuses(payments.url, 2);
      expect(await storm.touched()).toBe(2);
    }
  });

  test('a hold holds a chosen call until it is released', async () => {
    const callee = await startCallee();
    const payments = await faults.http({ upstream: callee.url });
    await using hold = await payments.inject({ kind: 'hold', at: 'request' }, { path: '/slow' });
    const answers = [fetch(`${payments.url}/slow`), fetch(`${payments.url}/slow`)];
    const held = await hold.holding(2);
    expect(held.map(({ path, at }) => [path, at])).toEqual([
      ['/slow', 'request'],
      ['/slow', 'request'],
    ]);
    expect(callee.asked).toEqual([]);
    expect(await hold.release({ count: 1, outcome: { kind: 'status', status: 418 } })).toBe(1);
    expect(await hold.release()).toBe(1);
    expect((await Promise.all(answers)).map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([200, 418]);
    await expect(hold.holding(1, { deadline: '50ms' })).rejects.toThrow(/Cannot wait for 1 calls .* it held 0 after 50 ms/);
  });

  test('a toxic slows a TCP callee down, on a connection that was there before, and leaves again', async () => {
    const database = await faults.tcp({ upstream: `postgres://app@${await startEcho()}/shop` });
    expect(database.url).toBe(`postgres://app@127.0.0.1:${database.port}/shop`);
    const socket = connect(database.port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    const ping = async (): Promise<number> => {
      const sentMs = performance.now();
      socket.write('x');
      await once(socket, 'data');
      return performance.now() - sentMs;
    };
    {
      await using slow = await database.toxic('latency', { latency: 300 }, { stream: 'upstream' });
      expect(await ping()).toBeGreaterThanOrEqual(299);
      expect(await slow.touched()).toBe(1);
    }
    expect(await ping()).toBeLessThan(299);
    socket.end();
    expect(await database.nextExchange()).toMatchObject({
      outcome: 'answered',
      bytesUp: 2,
      bytesDown: 2,
      fault: `${database.name}:latency`,
    });
  });

  test('a callee can be down, be elsewhere, be closed', async () => {
    const [first, second] = [await startCallee(), await startCallee((_, response) => response.end('other'))];
    const payments = await faults.http({ upstream: `${first.url}/v1/` });
    expect(payments.url).toBe(`http://127.0.0.1:${payments.port}/v1/`);
    {
      await using outage = await payments.down();
      expect(outage).toBeDefined();
      await expect(fetch(payments.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    }
    expect(await (await fetch(payments.url, { headers: { connection: 'close' } })).text()).toBe('paid');
    await payments.retarget(second.url);
    expect(await (await fetch(payments.url, { headers: { connection: 'close' } })).text()).toBe('other');
    await payments[Symbol.asyncDispose]();
    await expect(fetch(payments.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect((await faults.http({ upstream: first.url, name: payments.name })).name).toBe(payments.name);
  });

  test('reset withdraws every fault, and a withdrawal after it is no error', async () => {
    const payments = await faults.http({ upstream: (await startCallee()).url });
    await using storm = await payments.inject({ kind: 'status', status: 503 });
    await using slow = await payments.toxic('latency', { latency: 60_000 });
    await faults.reset();
    expect(await statuses(payments.url, 1)).toEqual([200]);
    expect([await storm.touched(), await slow.touched()]).toEqual([0, 0]);
  });

  test('the control port is the one of the API, for clients of any language', async () => {
    await faults.tcp({ upstream: await startEcho(), name: 'a->b' });
    expect(await (await fetch(`${faults.controlUrl}/version`)).json()).toHaveProperty('version');
    expect(Object.keys((await (await fetch(`${faults.controlUrl}/proxies`)).json()) as object)).toEqual(['a--b']);
  });

  test('what is wrong is told with what to do', async () => {
    const payments = await faults.http({ upstream: (await startCallee()).url, name: 'payments' });
    await expect(payments.toxic('latency', { latency: -1 })).rejects.toThrow(
      /^Cannot add the toxic 'payments:latency' to payments: .*latency/,
    );
    await expect(payments.inject({ kind: 'status', status: 9 })).rejects.toThrow(/^Cannot inject 'payments:status' on payments: .*status/);
    await expect(faults.http({ upstream: 'https://127.0.0.1:1' })).rejects.toThrow(/TLS passes through as TCP: use tcp\(\)/);
    await expect(faults.http({ upstream: 'nowhere' })).rejects.toThrow(/'upstream' must be 'http:\/\/host:port' or 'host:port'/);
    await expect(faults.tcp({ upstream: 'postgres://db/x' })).rejects.toThrow(/'host:port' or an URL with a port/);
    await expect(faults.http({ upstream: '127.0.0.1:1', name: 'payments' })).rejects.toThrow(/'name' must be one that no other has/);
    await using storm = await payments.inject({ kind: 'hang' }, {}, { name: 'storm' });
    await expect(payments.toxic('noop', {}, { name: storm.name })).rejects.toThrow(/'name' must be one that none in force has/);
    await expect(payments.nextExchange(() => true, { deadline: 30 })).rejects.toThrow(
      'Cannot answer the next exchange of payments that fits: none came within 30 ms; it has seen none at all',
    );
    const waiting = payments.nextExchange().catch((error: unknown) => String(error));
    await faults[Symbol.asyncDispose]();
    expect(await waiting).toContain('that fits: the proxy was disposed');
    await expect(payments.retarget('127.0.0.1:1')).rejects.toThrow('Cannot lead payments elsewhere: the proxy was disposed');
  });

  test('disposing closes its ports and ends connections that are still open', async () => {
    const database = await faults.tcp({ upstream: await startEcho() });
    const socket = connect(database.port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await faults[Symbol.asyncDispose]();
    await closed;
    await expect(fetch(faults.controlUrl)).rejects.toThrow();
  });
});

test('a control port that is taken is told', async () => {
  await using first = await startProxy();
  const port = Number(new URL(first.controlUrl).port);
  await expect(startProxy({ port })).rejects.toThrow(/control address 127\.0\.0\.1:\d+ must be free/);
  await expect(startProxy({ port, process: 'child' })).rejects.toThrow(/must be free/);
  await expect(startProxy({ seed: 1.5 })).rejects.toThrow(`'seed' must be a whole number`);
});

test('the child is not held up by a test that blocks its own thread', async () => {
  await using faults = await startProxy({ process: 'child' });
  const database = await faults.tcp({ upstream: await startEcho() });
  await using slow = await database.toxic('latency', { latency: 200 }, { stream: 'upstream' });
  const socket = connect(database.port, '127.0.0.1');
  await once(socket, 'connect');
  const sentMs = performance.now();
  await new Promise<void>((resolve) => socket.write('x', () => resolve()));
  while (performance.now() - sentMs < 400);
  await once(socket, 'data');
  // One that shared this thread would begin to wait only now.
  expect(performance.now() - sentMs).toBeLessThan(590);
  expect(await slow.touched()).toBe(1);
  socket.destroy();
});

test('the types know every attribute of every toxic', () => {
  const samples: { readonly [T in ToxicName]: Required<ToxicAttributes[T]> } = {
    latency: { latency: 1, jitter: 1, distribution: 'uniform', shape: 3 },
    bandwidth: { rate: 1, scope: 'proxy' },
    slow_close: { delay: 1 },
    timeout: { timeout: 1 },
    reset_peer: { timeout: 1 },
    slicer: { average_size: 1, size_variation: 1, delay: 1 },
    limit_data: { bytes: 1 },
    noop: {},
    limit_time: { time: 1, reset: 1 },
    corrupt: { rate: 1 },
    loss: { loss: 1, correlation: 1, rto: 1 },
    mark: { of: 'latency', sign: 'cut', after: 1 },
  };
  const attributes = Object.entries(toxicKinds).map(([type, kind]) => [type, Object.keys(kind.attributes).toSorted()]);
  expect(attributes).toEqual(Object.entries(samples).map(([type, sample]) => [type, Object.keys(sample).toSorted()]));
});
