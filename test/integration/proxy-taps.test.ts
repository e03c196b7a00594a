import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { halfopenRoutes } from '../../harness/run/proxy/api/halfopen.ts';
import { createRouter } from '../../harness/run/proxy/api/router.ts';
import { serveTapSocket } from '../../harness/run/proxy/api/tap-stream.ts';
import { toxiproxyRoutes } from '../../harness/run/proxy/api/toxiproxy.ts';
import { Registry } from '../../harness/run/proxy/registry.ts';
import { readTaps } from '../../harness/run/proxy/tap-client.ts';
import { TapLog } from '../../harness/run/proxy/tap/tap-log.ts';
import { schemaProblems } from './proxy-document.ts';
import { never } from './proxy-world.ts';

/** Small, so that a reader that stops fills it in a few thousand exchanges. */
const MOST_RECORDS = 1000;
const MOST_BYTES = 1024 * 1024;

let log: TapLog;
let registry: Registry;
let controlUrl: string;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  log = new TapLog(MOST_RECORDS, MOST_BYTES);
  registry = new Registry(log, 1);
  const server = createServer(createRouter([...toxiproxyRoutes(registry), ...halfopenRoutes(registry)]));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await registry.removeAll();
    await registry.pool.end();
  });
});
afterEach(() => stack.disposeAsync());

async function post(path: string, body: object = {}): Promise<unknown> {
  const response = await fetch(`${controlUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.ok).toBe(true);
  return response.json();
}

/** An HTTP edge to a callee that answers each request with the same few bytes; answers its port. */
async function openEdge(): Promise<number> {
  const sockets = new Set<Socket>();
  const callee = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  await new Promise<void>((resolve) => callee.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    callee.close();
  });
  const upstream = `127.0.0.1:${(callee.address() as AddressInfo).port}`;
  return ((await post('/halfopen/edges', { edge: 'a->b', protocol: 'http', upstream })) as { port: number }).port;
}

const PATH = `/${'x'.repeat(1500)}`;

/** One request after the other on one connection; answers how long each took, in milliseconds. */
async function exchange(port: number, count: number, each: () => void = () => undefined): Promise<readonly number[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const request = Buffer.from(`GET ${PATH} HTTP/1.1\r\nHost: b\r\n\r\n`);
  const tookMs: number[] = [];
  for (let index = 0; index < count; index++) {
    const sinceMs = performance.now();
    socket.write(request);
    await once(socket, 'data');
    tookMs.push(performance.now() - sinceMs);
    each();
  }
  socket.destroy();
  return tookMs.toSorted((left, right) => left - right);
}

/** Reads lines from a socket; what is asked for is what was reported. */
class LineReader {
  readonly socket: Socket;
  records = 0;
  lost = 0;
  lines: string[] = [];
  #rest = '';
  #waiters = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => socket.destroy());
    socket.setEncoding('latin1').on('data', (text: string) => this.#read(text));
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('{')) continue;
      this.lines.push(line);
      const value = JSON.parse(line) as { edge?: string; lost?: number };
      if (value.edge !== undefined) this.records++;
      this.lost += value.lost ?? 0;
    }
    this.#waiters.forEach((waiter) => waiter());
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`it did not come to hold; ${this.records} records, ${this.lost} lost`)), 30_000);
      const check = (): void => {
        if (!holds()) return;
        clearTimeout(deadline);
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }
}

async function tapSocket(): Promise<{ readonly path: string; readonly serving: AsyncDisposable }> {
  const folder = mkdtempSync(join(tmpdir(), 'halfopen-taps-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'taps.sock');
  return { path, serving: await serveTapSocket(log, path) };
}

test('a reader that stops reading delays nobody, costs bounded memory, and what it missed is counted to the record', async () => {
  const port = await openEdge();
  const { path, serving } = await tapSocket();
  stack.use(serving);
  const reader = new LineReader(connect(path));
  await exchange(port, 500);
  const read = await exchange(port, 2000);
  await reader.until(() => reader.records === 2500);
  reader.socket.pause();
  let [mostRecords, mostBytes] = [0, 0];
  const unread = await exchange(port, 5000, () => {
    mostRecords = Math.max(mostRecords, log.waiting);
    mostBytes = Math.max(mostBytes, log.waitingBytes);
  });
  expect(log.lost).toBeGreaterThan(0);
  expect(mostRecords).toBeLessThanOrEqual(MOST_RECORDS);
  expect(mostBytes).toBeLessThan(MOST_BYTES + 16 * 1024);
  // Shared cores: what is told apart is waiting for a reader (seconds) from noise.
  expect((unread[2500] ?? 0) / (read[1000] ?? 1)).toBeLessThan(3);
  const flushed = (await post('/halfopen/flush')) as { flushed: number; lost: number };
  reader.socket.resume();
  await reader.until(() => reader.lines.at(-1) === '{"flushed":1}');
  expect(reader.records + reader.lost).toBe(7500);
  expect([flushed.lost, log.lost]).toEqual([reader.lost, reader.lost]);
});

test('a plain proxy that asks for a tap is tapped, and every line is as documented', async () => {
  const { path, serving } = await tapSocket();
  stack.use(serving);
  const reader = new LineReader(connect(path));
  const callee = createTcpServer((socket) => socket.end('reply'));
  await new Promise<void>((resolve) => callee.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void callee.close());
  const upstream = `127.0.0.1:${(callee.address() as AddressInfo).port}`;
  const { listen } = (await post('/proxies', { name: 'plain', upstream, listen: '127.0.0.1:0', tap: true })) as { listen: string };
  const socket = connect(Number(listen.split(':')[1]), '127.0.0.1');
  await once(socket.resume(), 'end');
  socket.destroy();
  await reader.until(() => reader.records === 1);
  await reader.until(() => reader.lines.some((line) => line.startsWith('{"health"')));
  await post('/halfopen/flush');
  await reader.until(() => reader.lines.at(-1) === '{"flushed":1}');
  expect(JSON.parse(reader.lines.find((line) => line.startsWith('{"edge"')) ?? '')).toMatchObject({
    edge: 'plain',
    outcome: 'answered',
    bytesDown: 5,
  });
  for (const line of reader.lines) expect(schemaProblems('TapLine', JSON.parse(line)), line).toEqual([]);
});

test('a new reader takes the place of the one before, over HTTP as over the socket', async () => {
  const { path, serving } = await tapSocket();
  stack.use(serving);
  const first = new LineReader(connect(path));
  await until(() => log.hasReader);
  const second = await readTaps({ controlUrl, signal: never, onTap: () => undefined, onLost: () => undefined }, 5000);
  await until(() => first.socket.destroyed);
  const third = new LineReader(connect(path));
  await expect(second.flushed(1)).rejects.toThrow('the stream ended');
  await post('/halfopen/flush');
  await third.until(() => third.lines.at(-1) === '{"flushed":1}');
});

test("the local socket is its user's alone, replaces one that is dead, and neither a live one nor a file", async () => {
  const { path, serving } = await tapSocket();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await expect(serveTapSocket(log, path)).rejects.toThrow(`Cannot serve the taps as '${path}' must be a free path for a socket`);
  // As a process that was killed leaves it.
  renameSync(path, `${path}.dead`);
  await serving[Symbol.asyncDispose]();
  const again = await serveTapSocket(log, `${path}.dead`);
  const reader = new LineReader(connect(`${path}.dead`));
  await once(reader.socket, 'connect');
  await again[Symbol.asyncDispose]();
  writeFileSync(path, 'mine');
  await expect(serveTapSocket(log, path)).rejects.toThrow('must be a free path');
  await expect(serveTapSocket(log, join(path, 'none'))).rejects.toThrow('must be a free path');
});

/** Resolves when the condition holds; looks again each few milliseconds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
