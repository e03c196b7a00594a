import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { metricsRoutes, type MetricsOptions } from '../../harness/run/proxy/api/metrics.ts';
import { createRouter } from '../../harness/run/proxy/api/router.ts';
import { Leases } from '../../harness/run/proxy/lease.ts';
import { plainTraits, Registry } from '../../harness/run/proxy/registry.ts';
import { TapLog } from '../../harness/run/proxy/tap/tap-log.ts';
import { newToxic } from '../../harness/run/proxy/toxic.ts';
import { toxicKinds } from '../../harness/run/proxy/toxics/index.ts';
import { converse, deadAddress } from './proxy-world.ts';

let registry: Registry;
let leases: Leases;
let stack: AsyncDisposableStack;

beforeEach(() => {
  stack = new AsyncDisposableStack();
  registry = new Registry(new TapLog(), 1);
  leases = new Leases(registry);
  stack.defer(async () => {
    leases[Symbol.dispose]();
    await registry.removeAll();
    await registry.pool.end();
  });
});
afterEach(() => stack.disposeAsync());

async function serve(options: MetricsOptions): Promise<string> {
  const server: Server = createServer(createRouter(metricsRoutes(registry, leases, options)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

/** A callee that sends back what it gets. */
async function startEcho(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Series by name and labels. */
async function scrape(url: string, method = 'GET'): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(url, { method });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.every((line) => /^[a-z_0-9]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? (?:[-+]?\d[^ ]*|NaN|[+-]Inf)$/.test(line))).toBe(
    true,
  );
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('there are no metrics unless a flag asks for them', async () => {
  const response = await fetch(await serve({ proxyMetrics: false, runtimeMetrics: false }));
  expect([response.status, await response.text()]).toEqual([404, '404 page not found\n']);
});

test("Toxiproxy's counters have its labels and count connections that are open", async () => {
  const url = await serve({ proxyMetrics: true, runtimeMetrics: false });
  const upstream = await startEcho();
  const listener = await registry.create({ name: 'a"b', listen: '127.0.0.1:0', upstream, enabled: true });
  const socket = connect(Number(listener.listen.split(':')[1]), '127.0.0.1');
  stack.defer(() => void socket.destroy());
  socket.write('x'.repeat(1000));
  let got = 0;
  while (got < 1000) got += ((await once(socket, 'data')) as [Buffer])[0].length;
  const labels = (direction: string): string =>
    `{direction="${direction}",listener="${listener.listen}",proxy="a\\"b",upstream="${upstream}"}`;
  const series = await scrape(url, 'PUT');
  for (const what of ['received', 'sent']) {
    for (const direction of ['upstream', 'downstream'])
      expect(series[`toxiproxy_proxy_${what}_bytes_total${labels(direction)}`], `${what} ${direction}`).toBe(1000);
  }
  expect(series).toMatchObject({
    [String.raw`halfopen_proxy_connections_open{proxy="a\"b"}`]: 1,
    [String.raw`halfopen_proxy_connections_accepted_total{proxy="a\"b"}`]: 1,
    [String.raw`halfopen_proxy_enabled{proxy="a\"b"}`]: 1,
  });
  expect(Object.keys(series).some((name) => name.startsWith('process_'))).toBe(false);
});

test('faults, refused callees, taps and leases are counted', async () => {
  const url = await serve({ proxyMetrics: true, runtimeMetrics: false });
  const dead = await registry.create({ name: 'dead', listen: '127.0.0.1:0', upstream: await deadAddress(), enabled: true });
  await converse(Number(dead.listen.split(':')[1]), 'x');
  const live = await registry.create(
    { name: 'live', listen: '127.0.0.1:0', upstream: await startEcho(), enabled: true },
    { ...plainTraits('live'), isTapped: true },
  );
  const toxic = newToxic({
    name: 'cut#1',
    type: 'limit_data',
    stream: 'downstream',
    kind: toxicKinds.limit_data,
    toxicity: 1,
    attributes: { bytes: 3 },
    ttlMs: 60_000,
  });
  await live.addToxic(toxic);
  expect((await converse(Number(live.listen.split(':')[1]), 'abcdef')).text).toBe('abc');
  leases.renew('me', 60_000);
  const series = await scrape(url);
  expect(series).toMatchObject({
    'halfopen_proxy_dial_errors_total{proxy="dead",reason="refused"}': 1,
    'halfopen_proxy_dial_errors_total{proxy="live",reason="refused"}': 0,
    'halfopen_fault_active{fault="cut",kind="limit_data",proxy="live"}': 1,
    'halfopen_fault_touched_total{fault="cut",kind="limit_data",proxy="live"}': 1,
    halfopen_tap_lost_total: 0,
    halfopen_tap_readers: 0,
    halfopen_leases_active: 1,
    'halfopen_faults_expired_total{reason="ttl"}': 0,
    halfopen_withdrawal_failures_total: 0,
  });
  toxic.ttlMs = 1;
  leases.arm();
  const deadline = Date.now() + 10_000;
  while (leases.expired.ttl === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await scrape(url)).toMatchObject({
    'halfopen_fault_touched_total{fault="cut",kind="withdrawn",proxy="live"}': 1,
    'halfopen_faults_expired_total{reason="ttl"}': 1,
  });
});

test('the process tells of itself where a flag asks for that', async () => {
  const url = await serve({ proxyMetrics: false, runtimeMetrics: true });
  const series = await scrape(url);
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'nodejs_heap_size_used_bytes',
    `nodejs_version_info{version="${process.version}"}`,
  ])
    expect(series[name], name).toBeGreaterThan(0);
  expect(series['nodejs_eventloop_lag_p99_seconds']).toBeGreaterThanOrEqual(0);
  expect(Object.keys(series).some((name) => name.startsWith('toxiproxy_') || name.startsWith('halfopen_'))).toBe(false);
});
