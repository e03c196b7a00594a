import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HttpAction, HttpTarget } from '../../harness/run/proxy/contract.ts';
import { converse, deadAddress, never, startCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->payments';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

async function shop(): Promise<{ port: number; asked: string[] }> {
  const callee = await startCallee(world, (incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ fee: { amount: 5, version: 'v1', _stale: false } }));
    });
  });
  const observe = { degraded: '/fee/_stale', value: '/fee/amount', version: '/fee/version' };
  return { port: await world.open({ edge: EDGE, protocol: 'http', upstream: callee.upstream, observe }), asked: callee.asked };
}

const rule = (action: HttpAction, target: HttpTarget = {}) => world.proxy.addRule(EDGE, { name: 'storm', action, target, seed: 3 }, never);

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** One request on a connection of its own; rejects as the socket does. */
function get(
  port: number,
  path = '/charges/1',
  options: { agent?: Agent; method?: string; timeoutMs?: number; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method: options.method ?? 'GET',
      agent: options.agent ?? false,
      headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, ...options.headers },
      ...(options.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(options.timeoutMs) }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (data: Buffer) => parts.push(data));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    outgoing.end();
  });
}

test('an answered call leaves one record with times in order, status, trace and what was observed', async () => {
  const { port } = await shop();
  expect((await get(port, '/charges/1?secret=x')).status).toBe(200);
  const record = await world.tap(() => true);
  expect(record).toMatchObject({
    edge: EDGE,
    outcome: 'answered',
    status: 200,
    method: 'GET',
    path: '/charges/1',
    traceId: TRACE,
    fault: null,
    touch: null,
    observed: { degraded: false, value: 5, version: 'v1' },
  });
  expect(record.startedUs).toBeLessThanOrEqual(record.firstByteUs ?? 0);
  expect(record.firstByteUs ?? 0).toBeLessThanOrEqual(record.endedUs);
  expect(record.bytesUp).toBeGreaterThan(50);
  expect(record.bytesDown).toBeGreaterThan(50);
});

test('calls on a pooled connection are one record each, and closing the idle pool is none', async () => {
  const { port } = await shop();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let call = 0; call < 5; call++) await get(port, `/charges/${call}`, { agent });
  agent.destroy();
  const records = await world.taps();
  expect(records.map(({ path }) => path)).toEqual(['/charges/0', '/charges/1', '/charges/2', '/charges/3', '/charges/4']);
  expect(new Set(records.map(({ connection }) => connection)).size).toBe(1);
});

test('a status fault answers in the place of the callee, which sees nothing', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'status', status: 503, body: '{"error":"down"}', headers: { 'retry-after': '1' } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let call = 0; call < 3; call++)
    expect(await get(port, '/charges/1', { agent, method: 'POST' })).toEqual({ status: 503, text: '{"error":"down"}' });
  expect((await get(port, '/x', { agent, method: 'HEAD' })).status).toBe(503);
  expect(asked).toEqual([]);
  await world.proxy.removeRule(EDGE, 'storm', never);
  expect((await get(port, '/charges/1', { agent })).status).toBe(200);
  agent.destroy();
  expect(await world.proxy.touched('storm', never)).toBe(4);
  const records = await world.taps();
  expect(records.map(({ status, fault, touch }) => [status, fault, touch])).toEqual([
    ...Array(4).fill([503, 'storm', 'status']),
    [200, null, null],
  ]);
});

test('a delay before the request reaches the callee late, one before the reply keeps the reply', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'delay', before: 'request', delayMs: 60_000 });
  const held = get(port);
  await expect(Promise.race([held, get(port, '/b', { timeoutMs: 300 })])).rejects.toThrow();
  expect(asked).toEqual([]);
  await world.proxy.removeRule(EDGE, 'storm', never);
  expect((await held).status).toBe(200);
  expect(asked).toContain('GET /charges/1');
  await rule({ kind: 'delay', before: 'response', delayMs: 300 });
  expect((await get(port, '/late')).status).toBe(200);
  const late = await world.tap(({ path }) => path === '/late');
  expect((late.firstByteUs ?? 0) - late.startedUs).toBeGreaterThanOrEqual(299_000);
  expect(late).toMatchObject({ fault: 'storm', touch: 'delay', outcome: 'answered' });
});

test('a caller that gives up while its reply is late has left, at the time it left', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'reply-late', delayMs: 1500 });
  await expect(get(port, '/charges/1', { method: 'POST', timeoutMs: 300 })).rejects.toThrow();
  const record = await world.tap(({ outcome }) => outcome === 'caller-left');
  expect(asked).toEqual(['POST /charges/1']);
  expect(record).toMatchObject({ status: 0, fault: 'storm', touch: 'reply-late', firstByteUs: null });
  expect(record.endedUs - record.startedUs).toBeLessThan(1_400_000);
});

test('a lost reply has its effect and resets the caller; the record keeps what the callee said', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'reply-lost' });
  await expect(get(port, '/charges/1', { method: 'POST' })).rejects.toThrow();
  expect(asked).toEqual(['POST /charges/1']);
  expect(await world.tap(() => true)).toMatchObject({
    outcome: 'reset',
    status: 0,
    fault: 'storm',
    touch: 'reply-lost',
    observed: { value: 5 },
    bytesDown: 0,
  });
});

test.each([
  ['before', 'reset', 0, 0],
  ['after-headers', 'reset', 200, 1],
  ['mid-body', 'reset', 200, 1],
] as const)('an abort %s resets the caller', async (at, outcome, status, asks) => {
  const { port, asked } = await shop();
  await rule({ kind: 'abort', at });
  const { how, text } = await converse(port, 'GET /charges/1 HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(how).toBe('reset');
  expect(asked.length).toBe(asks);
  const body = text.split('\r\n\r\n')[1] ?? '';
  if (at === 'after-headers') expect(body).toBe('');
  if (at === 'mid-body')
    expect(body.length).toBe(Math.floor(JSON.stringify({ fee: { amount: 5, version: 'v1', _stale: false } }).length / 2));
  expect(await world.tap(() => true)).toMatchObject({ outcome, status, fault: 'storm', touch: 'abort' });
});

test('a hang never answers; the caller leaves, or is reset when the fault is withdrawn', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'hang' });
  await expect(get(port, '/a', { timeoutMs: 200 })).rejects.toThrow();
  expect(await world.tap(({ path }) => path === '/a')).toMatchObject({ outcome: 'caller-left', fault: 'storm', touch: 'hang' });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('GET /b HTTP/1.1\r\nhost: x\r\n\r\n');
  const reset = once(socket, 'error');
  while ((await world.proxy.touched('storm', never)) < 2) await new Promise((resolve) => setImmediate(resolve));
  await world.proxy.removeRule(EDGE, 'storm', never);
  // `once` rejects on 'error', unless that is the event it waits for.
  expect(((await reset)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  expect(await world.tap(({ path }) => path === '/b')).toMatchObject({ outcome: 'reset' });
  expect(asked).toEqual([]);
});

test('a refusal resets the caller and counts as refused', async () => {
  const { port, asked } = await shop();
  await rule({ kind: 'refuse' });
  await expect(get(port)).rejects.toThrow();
  expect(asked).toEqual([]);
  expect(await world.tap(() => true)).toMatchObject({
    outcome: 'refused',
    fault: 'storm',
    touch: 'refuse',
    path: '/charges/1',
    traceId: TRACE,
  });
});

test('targets choose by method, path, header, first and every n-th', async () => {
  const { port } = await shop();
  const statuses = async (target: HttpTarget, paths: string[], headers: Record<string, string> = {}, method = 'GET'): Promise<number[]> => {
    await rule({ kind: 'status', status: 500 }, target);
    const got: number[] = [];
    for (const path of paths) got.push((await get(port, path, { headers, method })).status);
    await world.proxy.removeRule(EDGE, 'storm', never);
    return got;
  };
  expect(await statuses({ path: '/charges/*' }, ['/charges/1', '/charges/1/x?y', '/other', '/charges'])).toEqual([500, 500, 200, 200]);
  expect(await statuses({ method: 'POST' }, ['/a'])).toEqual([200]);
  expect(await statuses({ method: 'POST' }, ['/a'], {}, 'POST')).toEqual([500]);
  expect(await statuses({ headers: { 'X-Kind': 'a' } }, ['/a'], { 'x-kind': 'a' })).toEqual([500]);
  expect(await statuses({ headers: { 'X-Kind': 'a' } }, ['/a'], { 'x-kind': 'ab' })).toEqual([200]);
  expect(await statuses({ first: 2 }, ['/', '/', '/', '/'])).toEqual([500, 500, 200, 200]);
  expect(await statuses({ everyNth: 2 }, ['/', '/', '/', '/'])).toEqual([200, 500, 200, 500]);
});

test('a share is exact in each block of 20 matching exchanges, however many callers there are', async () => {
  const { port } = await shop();
  await rule({ kind: 'status', status: 500 }, { share: 0.2, path: '/charges/*' });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, index) => get(port, index % 2 === 0 ? '/charges/1' : '/other', { agent })),
  );
  agent.destroy();
  expect(replies.filter(({ status }) => status === 500).length).toBe(20);
  expect(await world.proxy.touched('storm', never)).toBe(20);
  const matching = (await world.taps()).filter(({ path }) => path === '/charges/1').sort((a, b) => a.startedUs - b.startedUs);
  expect(matching.length).toBe(100);
});

test('a callee that refuses is told apart, with the request that it refused', async () => {
  const port = await world.open({ edge: EDGE, protocol: 'http', upstream: await deadAddress() });
  await expect(get(port)).rejects.toThrow();
  expect(await world.tap(() => true)).toMatchObject({ outcome: 'refused', method: 'GET', path: '/charges/1', traceId: TRACE, fault: null });
  expect((await converse(port, () => undefined)).how).toBe('reset');
  expect(await world.tap(({ path }) => path === '')).toMatchObject({ outcome: 'refused', method: '' });
});

test('an edge that is retargeted serves the same callers from the new callee', async () => {
  const port = await world.open({ edge: EDGE, protocol: 'http', upstream: await deadAddress() });
  const callee = await startCallee(world, (_, response) => response.end('new'));
  await world.proxy.retarget(EDGE, callee.upstream, never);
  expect((await get(port)).text).toBe('new');
});

test('a callee that dies in the middle of its reply leaves a truncated or a reset exchange', async () => {
  const callee = await startCallee(world, (incoming, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    if (incoming.url === '/fin') incoming.socket.end();
    else incoming.socket.resetAndDestroy();
  });
  const port = await world.open({ edge: EDGE, protocol: 'http', upstream: callee.upstream });
  await expect(get(port, '/fin')).rejects.toThrow();
  await expect(get(port, '/rst')).rejects.toThrow();
  expect(await world.tap(({ path }) => path === '/fin')).toMatchObject({ outcome: 'truncated' });
  expect(await world.tap(({ path }) => path === '/rst')).toMatchObject({ outcome: 'reset' });
});

test('a blackholed call leaves a record when its caller gives up, and a flush ends what is open', async () => {
  const { port, asked } = await shop();
  await world.proxy.addToxic(EDGE, { name: 'cut#up', type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } }, never);
  await expect(get(port, '/a', { timeoutMs: 200 })).rejects.toThrow();
  expect(await world.tap(({ path }) => path === '/a')).toMatchObject({ outcome: 'caller-left', fault: 'cut', touch: 'timeout' });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('GET /b HTTP/1.1\r\nhost: x\r\n\r\n');
  while ((await world.proxy.touched('cut', never)) < 2) await new Promise((resolve) => setImmediate(resolve));
  expect((await world.taps()).find(({ path }) => path === '/b')).toMatchObject({ outcome: 'unfinished', fault: 'cut' });
  const ended = once(socket, 'end');
  await world.proxy.removeToxic(EDGE, 'cut#up', never);
  await ended;
  expect(asked).toEqual([]);
  socket.destroy();
});
