import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { converse, never, startTcpCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->database';
let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const echo = (socket: Socket): void => void socket.pipe(socket);

async function openEcho(own = world, onSocket = echo): Promise<number> {
  const { upstream } = await startTcpCallee(own, onSocket);
  return own.open({ edge: EDGE, protocol: 'tcp', upstream });
}

const add = (type: string, attributes: ToxicSpec['attributes'], more: Partial<ToxicSpec> = {}) =>
  world.proxy.addToxic(EDGE, { name: 'fault', type, stream: 'downstream', attributes, ...more }, never);

/** Bytes that differ from their neighbours. */
const pattern = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7) & 0xff));

async function tookMs(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

test('corruption hits the same bytes with the same seed and traffic, keeps their number, and is recorded', async () => {
  const sent = pattern(200_000);
  const run = async (): Promise<Buffer[]> => {
    await using own = await startWorld();
    const port = await openEcho(own);
    const attributes = { rate: 100 };
    await own.proxy.addToxic(EDGE, { name: 'fault', type: 'corrupt', stream: 'downstream', attributes }, never);
    const replies: Buffer[] = [];
    for (let call = 0; call < 3; call++) replies.push((await converse(port, sent, { ends: true })).bytes);
    expect(await own.tap(() => true)).toMatchObject({ fault: 'fault', touch: 'corrupt' });
    return replies;
  };
  const first = await run();
  const hits = (got: Buffer): number[] => [...got].flatMap((byte, at) => (byte === sent[at] ? [] : [at]));
  expect(first.map(({ length }) => length)).toEqual([200_000, 200_000, 200_000]);
  // Poisson with mean 20.
  for (const got of first) expect(Math.abs(hits(got).length - 20)).toBeLessThan(5 * Math.sqrt(20));
  expect(hits(first[0] as Buffer)).not.toEqual(hits(first[1] as Buffer));
  expect((await run()).map((got) => got.toString('base64'))).toEqual(first.map((got) => got.toString('base64')));
});

test('loss delays and keeps every byte in its place; without loss the same stream is faster', async () => {
  const port = await openEcho();
  const sent = pattern(100_000);
  const reply = async (): Promise<void> => expect((await converse(port, sent, { ends: true })).bytes.equals(sent)).toBe(true);
  await add('loss', { loss: 20, rto: 10 });
  const lossyMs = await tookMs(reply);
  await world.proxy.removeToxic(EDGE, 'fault', never);
  expect(lossyMs).toBeGreaterThan(50);
  expect(await tookMs(reply)).toBeLessThan(lossyMs);
  expect(await world.tap(() => true)).toMatchObject({ fault: 'fault', touch: 'loss', outcome: 'answered' });
});

test.each([
  [{ time: 200 }, 'end'],
  [{ time: 200, reset: 1 }, 'reset'],
] as const)('limit_time %j lets traffic flow and then ends it, however busy the connection', async (attributes, how) => {
  const port = await openEcho();
  await add('limit_time', attributes);
  let echoed = 0;
  const start = performance.now();
  const dialogue = await converse(port, (socket) => {
    socket.on('data', (data) => {
      echoed += data.length;
      socket.write('ping');
    });
    socket.write('ping');
  });
  expect(dialogue.how).toBe(how);
  expect(performance.now() - start).toBeGreaterThanOrEqual(195);
  expect(echoed).toBeGreaterThan(4);
  expect(await world.tap(() => true)).toMatchObject({ fault: 'fault', touch: 'limit_time' });
});

test('limit_time counts from when it came to a connection that was there before', async () => {
  const port = await openEcho();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('before');
  await once(socket, 'data');
  const start = performance.now();
  await add('limit_time', { time: 150 });
  const ended = once(socket, 'end');
  socket.write('after');
  expect(String((await once(socket, 'data'))[0])).toBe('after');
  await ended;
  expect(performance.now() - start).toBeGreaterThanOrEqual(145);
  socket.destroy();
});

test('bandwidth with the scope of a proxy is one wire for all its connections, otherwise each has its own', async () => {
  const size = 40_000;
  const port = await openEcho(world, (socket) => void socket.end(pattern(size)));
  const four = async (): Promise<void> => {
    const got = await Promise.all([1, 2, 3, 4].map(() => converse(port, 'go')));
    for (const { bytes } of got) expect(bytes.equals(pattern(size))).toBe(true);
  };
  await add('bandwidth', { rate: 400, scope: 'proxy' });
  const sharedMs = await tookMs(four);
  await world.proxy.removeToxic(EDGE, 'fault', never);
  await add('bandwidth', { rate: 400 });
  const ownMs = await tookMs(four);
  expect(sharedMs).toBeGreaterThanOrEqual(390);
  expect(ownMs).toBeGreaterThanOrEqual(95);
  expect(sharedMs / ownMs).toBeGreaterThan(1.5);
});

test.each(['normal', 'lognormal', 'pareto'])(
  'latency spread as %s: no ping comes before its least delay, and they differ',
  async (distribution) => {
    const port = await openEcho();
    await add('latency', { latency: 20, jitter: 5, distribution });
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const times: number[] = [];
    for (let ping = 0; ping < 20; ping++) {
      times.push(
        await tookMs(async () => {
          socket.write('ping');
          await once(socket, 'data');
        }),
      );
    }
    socket.destroy();
    // Four standard deviations below, or the minimum that pareto has.
    const least = { normal: 0, lognormal: 20 * Math.exp(-4 * Math.log(1.25)), pareto: 20 }[distribution] ?? 0;
    expect(Math.min(...times)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1);
  },
);

test('our attributes are in the answer only where they were given, and what they may not be is 400', async () => {
  await openEcho();
  const url = `${world.controlUrl}/proxies/orders--database/toxics`;
  const post = async (path: string, body: unknown): Promise<{ status: number; body: { attributes?: unknown; error?: string } }> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as { attributes?: unknown; error?: string } };
  };
  expect((await post('', { name: 'plain', type: 'latency' })).body.attributes).toEqual({ latency: 0, jitter: 0 });
  const pareto = { latency: 1, jitter: 2, distribution: 'pareto', shape: 1.5 };
  expect((await post('', { name: 'heavy', type: 'latency', attributes: pareto })).body.attributes).toEqual(pareto);
  expect((await post('/heavy', { attributes: { shape: null, jitter: 3 } })).body.attributes).toEqual({ ...pareto, jitter: 3 });
  const refused = await post('/heavy', { attributes: { distribution: 'flat', jitter: 4 } });
  expect([refused.status, refused.body.error]).toEqual([400, expect.stringContaining('attribute distribution must be one of uniform')]);
  expect(((await (await fetch(`${url}/heavy`)).json()) as { attributes: unknown }).attributes).toEqual({ ...pareto, jitter: 3 });
});

test('a stream keeps every byte and its order while toxics come, change and go', async () => {
  const size = 24 * 1024 * 1024;
  const sent = pattern(size);
  const port = await openEcho(world, (socket) => void socket.end(sent));
  const hash = createHash('sha256');
  let bytes = 0;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('data', (data: Buffer) => {
    bytes += data.length;
    hash.update(data);
  });
  const ended = once(socket, 'end');
  const gentle = [
    ['latency', { latency: 1, jitter: 1 }],
    ['latency', { latency: 1, jitter: 1, distribution: 'lognormal' }],
    ['bandwidth', { rate: 200_000 }],
    ['bandwidth', { rate: 200_000, scope: 'proxy' }],
    ['slicer', { average_size: 4000, size_variation: 1000, delay: 10 }],
    ['loss', { loss: 0.1, rto: 1 }],
    ['slow_close', { delay: 1 }],
    ['noop', {}],
  ] as const;
  let changes = 0;
  while (bytes < size && changes < 300) {
    const [type, attributes] = gentle[changes % gentle.length] ?? ['noop', {}];
    await add(type, attributes, { name: `fault#${changes}` });
    if (changes >= 3) await world.proxy.removeToxic(EDGE, `fault#${changes - 3}`, never);
    changes++;
  }
  for (let index = Math.max(0, changes - 3); index < changes; index++) await world.proxy.removeToxic(EDGE, `fault#${index}`, never);
  await ended;
  socket.destroy();
  expect(changes).toBeGreaterThan(8);
  expect([bytes, hash.digest('hex')]).toEqual([size, createHash('sha256').update(sent).digest('hex')]);
});
