import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ToxicSpec } from '../../harness/run/proxy/contract.ts';
import { converse, deadAddress, never, startTcpCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->database';
let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** Sends back what it gets, and its end behind it. */
const echo = (socket: Socket): void => void socket.pipe(socket);

async function openEcho(onSocket = echo): Promise<number> {
  const { upstream } = await startTcpCallee(world, onSocket);
  return world.open({ edge: EDGE, protocol: 'tcp', upstream });
}

const add = (type: string, attributes: Record<string, number>, more: Partial<ToxicSpec> = {}) =>
  world.proxy.addToxic(EDGE, { name: 'slow', type, stream: 'downstream', attributes, ...more }, never);

async function timed<T>(act: () => Promise<T>): Promise<{ result: T; tookMs: number }> {
  const start = performance.now();
  const result = await act();
  return { result, tookMs: performance.now() - start };
}

test('a half-closed caller still gets its whole reply', async () => {
  const port = await openEcho((socket) => {
    const parts: Buffer[] = [];
    socket.on('data', (data) => parts.push(data));
    socket.on('end', () => socket.end(Buffer.concat([Buffer.from('got '), ...parts])));
  });
  expect((await converse(port, 'all of it', { ends: true })).text).toBe('got all of it');
  expect(await world.tap(() => true)).toMatchObject({ outcome: 'answered', bytesUp: 9, bytesDown: 13, fault: null });
});

test('latency delays data in both directions by its sum, and leaves the order alone', async () => {
  const port = await openEcho();
  await add('latency', { latency: 200, jitter: 100 });
  await add('latency', { latency: 200 }, { name: 'slow#up', stream: 'upstream' });
  const text = Array.from({ length: 500 }, (_, index) => `${index},`).join('');
  const { result, tookMs } = await timed(() =>
    converse(port, (socket) => {
      for (const part of text.match(/.{1,50}/g) ?? []) socket.write(part);
      socket.end();
    }),
  );
  expect(result.text).toBe(text);
  expect(tookMs).toBeGreaterThanOrEqual(299);
  expect(await world.tap(() => true)).toMatchObject({ fault: 'slow', touch: 'latency' });
  expect(await world.proxy.touched('slow', never)).toBe(1);
});

test('latency withdrawn lets what it holds go at once, in order and whole', async () => {
  const port = await openEcho();
  await add('latency', { latency: 60_000 });
  const text = 'x'.repeat(100_000);
  const reply = converse(port, text, { ends: true });
  while ((await world.proxy.touched('slow', never)) < 1) await new Promise((resolve) => setImmediate(resolve));
  await world.proxy.removeToxic(EDGE, 'slow', never);
  expect((await reply).text).toBe(text);
});

test('bandwidth holds data to its rate, and half the rate takes longer', async () => {
  const port = await openEcho();
  const bytes = Buffer.alloc(60_000, 'b');
  const took: number[] = [];
  for (const rate of [200, 100]) {
    await add('bandwidth', { rate });
    const { result, tookMs } = await timed(() => converse(port, bytes, { ends: true }));
    expect(result.bytes.equals(bytes)).toBe(true);
    took.push(tookMs);
    await world.proxy.removeToxic(EDGE, 'slow', never);
  }
  expect(took[0]).toBeGreaterThanOrEqual(295);
  expect((took[1] ?? 0) / (took[0] ?? 1)).toBeGreaterThan(1.3);
});

test('slow_close passes data at once and holds the end back', async () => {
  const port = await openEcho();
  await add('slow_close', { delay: 400 });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const start = performance.now();
  socket.end('hello');
  await once(socket, 'data');
  const dataMs = performance.now() - start;
  await once(socket, 'end');
  expect(performance.now() - start).toBeGreaterThanOrEqual(399);
  expect(dataMs).toBeLessThan(performance.now() - start);
  socket.destroy();
});

test('timeout swallows data and closes both peers in order', async () => {
  const port = await openEcho();
  await add('timeout', { timeout: 150 });
  const { text, how } = await converse(port, 'hello');
  expect([text, how]).toEqual(['', 'end']);
  expect(await world.tap(() => true)).toMatchObject({ fault: 'slow', touch: 'timeout', bytesDown: 0, outcome: 'truncated' });
});

test.each(['upstream', 'downstream'] as const)(
  'reset_peer %s resets connections that are older than it, once data comes',
  async (stream) => {
    const port = await openEcho();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write('before');
    expect(String((await once(socket, 'data'))[0])).toBe('before');
    await add('reset_peer', { timeout: 0 }, { stream });
    const failure = once(socket, 'error');
    socket.write('after');
    expect(((await failure)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    expect(await world.tap(() => true)).toMatchObject({ outcome: 'reset', fault: 'slow', touch: 'reset_peer' });
  },
);

test('slicer cuts the stream into small pieces without changing it', async () => {
  const port = await openEcho();
  await add('slicer', { average_size: 100, size_variation: 20, delay: 500 });
  const text = Array.from({ length: 1000 }, (_, index) => `${index};`).join('');
  let pieces = 0;
  const { text: got } = await converse(port, (socket) => {
    socket.on('data', () => pieces++);
    socket.end(text);
  });
  expect(got).toBe(text);
  expect(pieces).toBeGreaterThan(3);
});

test('limit_data passes exactly its bytes and closes', async () => {
  const port = await openEcho();
  await add('limit_data', { bytes: 10 });
  const { text, how } = await converse(port, '0123456789abcdef');
  expect([text, how]).toEqual(['0123456789', 'end']);
});

test('noop changes nothing and touches nothing', async () => {
  const port = await openEcho();
  await add('noop', {});
  expect((await converse(port, 'same', { ends: true })).text).toBe('same');
  expect(await world.tap(() => true)).toMatchObject({ fault: null, touch: null });
});

test('a die is rolled once a connection and the same seed hits the same ones', async () => {
  const hits = async (): Promise<boolean[]> => {
    await using own = await startWorld();
    const { upstream } = await startTcpCallee(own, echo);
    const port = await own.open({ edge: EDGE, protocol: 'tcp', upstream });
    await own.proxy.addToxic(
      EDGE,
      { name: 'some', type: 'limit_data', stream: 'downstream', toxicity: 0.5, attributes: { bytes: 1 } },
      never,
    );
    const got: boolean[] = [];
    for (let call = 0; call < 24; call++) got.push((await converse(port, 'ab', { ends: true })).text === 'a');
    return got;
  };
  const first = await hits();
  expect(await hits()).toEqual(first);
  expect(first).toContain(true);
  expect(first).toContain(false);
});

test('a callee that cannot be reached resets the caller and is recorded as refused', async () => {
  const port = await world.open({ edge: EDGE, protocol: 'tcp', upstream: await deadAddress() });
  expect((await converse(port, 'hello')).how).toBe('reset');
  expect(await world.tap(() => true)).toMatchObject({ outcome: 'refused', edge: EDGE });
});

test('a reset of the callee reaches the caller as a reset, and one of the caller the callee', async () => {
  let failed: (code: string | undefined) => void = () => undefined;
  const failure = new Promise<string | undefined>((resolve) => (failed = resolve));
  let accepted = 0;
  const port = await openEcho((socket) => {
    const isFirst = ++accepted === 1;
    socket.on('error', (error: NodeJS.ErrnoException) => failed(error.code));
    socket.on('data', () => {
      if (isFirst) socket.resetAndDestroy();
      else socket.write('here');
    });
  });
  expect((await converse(port, 'die')).how).toBe('reset');
  expect(await world.tap(() => true)).toMatchObject({ outcome: 'reset' });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('hello');
  await once(socket, 'data');
  socket.resetAndDestroy();
  expect(await failure).toBe('ECONNRESET');
  expect(await world.tap(({ connection }) => connection === 2)).toMatchObject({ outcome: 'caller-left' });
});

test('the control API answers while a peer does not read, and no byte is lost when its toxic goes', async () => {
  const size = 16 * 1024 * 1024;
  const port = await openEcho((socket) => void socket.end(Buffer.alloc(size, 'z')));
  await add('latency', { latency: 1 });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.pause();
  await once(socket, 'connect');
  for (let turn = 0; turn < 20; turn++) {
    await add('latency', { latency: 5 }, { name: 'other' });
    await world.proxy.removeToxic(EDGE, 'other', never);
  }
  await world.proxy.removeToxic(EDGE, 'slow', never);
  let bytes = 0;
  socket.on('data', (data) => (bytes += data.length));
  socket.resume();
  await once(socket, 'end');
  expect(bytes).toBe(size);
  socket.destroy();
});
