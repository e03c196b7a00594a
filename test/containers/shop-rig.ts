/** The shop on a real database, cache and broker, each behind the fault proxy: what a run in containers has, with the services as processes. */
import { execFileSync } from 'node:child_process';
import { createClient } from '@redis/client';
import { connect } from 'amqplib';
import pg from 'pg';
import { startProxy, type ProxiedCallee } from '../../harness/proxy/index.ts';
import { getJson, startShopService, until, type Json, type RunningService } from '../integration/shop-processes.ts';

export const BACKING_IMAGES = ['postgres:15', 'redis:7', 'rabbitmq:3.10'] as const;

const READY_MS = 90_000;

/** `host:port` of each on this machine. */
export interface BackingServices extends AsyncDisposable {
  readonly database: string;
  readonly cache: string;
  readonly broker: string;
}

/** Starts the three containers and resolves when each answers its own protocol. */
export async function startBackingServices(): Promise<BackingServices> {
  await using stack = new AsyncDisposableStack();
  const run = (image: string, port: number, env: readonly string[] = []): string => {
    const variables = env.flatMap((variable) => ['-e', variable]);
    const id = docker('run', '-d', '-p', `127.0.0.1::${port}`, ...variables, image);
    stack.defer(() => void docker('rm', '-f', '-v', id));
    const [address = ''] = docker('port', id, String(port)).split('\n');
    return address;
  };
  const broker = run('rabbitmq:3.10', 5672);
  const database = run('postgres:15', 5432, ['POSTGRES_USER=shop', 'POSTGRES_PASSWORD=shop', 'POSTGRES_DB=shop']);
  const cache = run('redis:7', 6379);
  await Promise.all([
    untilItWorks('Postgres', () => askDatabase(database, 'SELECT 1')),
    untilItWorks('Redis', () => askCache(cache, 'nothing')),
    untilItWorks('RabbitMQ', () => queueLength(broker)),
  ]);
  const owned = stack.move();
  return { database, cache, broker, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', timeout: 60_000 }).trim();
}

async function untilItWorks(what: string, work: () => Promise<unknown>): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw new Error(`${what} did not answer within ${READY_MS} ms`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export async function askDatabase(address: string, statement: string): Promise<readonly Json[]> {
  const client = new pg.Client({ connectionString: `postgres://shop:shop@${address}/shop` });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Json>(statement)).rows;
  } finally {
    await client.end();
  }
}

export async function askCache(address: string, key: string): Promise<string | null> {
  const client = createClient({ url: `redis://${address}`, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.get(key);
  } finally {
    client.destroy();
  }
}

/** Messages that wait in the queue of order events. */
export async function queueLength(address: string): Promise<number> {
  const connection = await connect(`amqp://guest:guest@${address}`, { timeout: 2000 });
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    return (await channel.assertQueue('order-events', { durable: true })).messageCount;
  } finally {
    await connection.close();
  }
}

/** Edges to the backing services, by caller and callee. */
export interface BackedShop extends AsyncDisposable {
  readonly gateway: RunningService;
  readonly orders: RunningService;
  readonly shipping: RunningService;
  readonly edges: Readonly<Record<'orders->db' | 'gateway->cache' | 'orders->broker' | 'shipping->broker', ProxiedCallee>>;
  /** Keys of the effects of that name that services reported so far. */
  effects(name: string): readonly string[];
}

/** The whole shop on the backing services, ready. */
export async function startBackedShop(backing: BackingServices, defects: Readonly<Record<string, string>> = {}): Promise<BackedShop> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await startProxy({ process: 'child' }));
  const edges = {
    'orders->db': await proxy.tcp({ upstream: backing.database, name: 'orders->db' }),
    'gateway->cache': await proxy.tcp({ upstream: backing.cache, name: 'gateway->cache' }),
    'orders->broker': await proxy.tcp({ upstream: backing.broker, name: 'orders->broker' }),
    'shipping->broker': await proxy.tcp({ upstream: backing.broker, name: 'shipping->broker' }),
  };
  const start = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<RunningService> =>
    stack.use(await startShopService(name, { ...env, DEFECT: defects[name] ?? '' }));
  const [payments, inventory, catalog, shipping] = await Promise.all([
    start('payments'),
    start('inventory'),
    start('catalog'),
    start('shipping', { BROKER_URL: `amqp://guest:guest@${edges['shipping->broker'].url}` }),
  ]);
  const orders = await start('orders', {
    PAYMENTS_URL: payments.url,
    INVENTORY_URL: inventory.url,
    SHIPPING_URL: shipping.url,
    DATABASE_URL: `postgres://shop:shop@${edges['orders->db'].url}/shop`,
    BROKER_URL: `amqp://guest:guest@${edges['orders->broker'].url}`,
  });
  const gateway = await start('gateway', {
    ORDERS_URL: orders.url,
    CATALOG_URL: catalog.url,
    CACHE_URL: `redis://${edges['gateway->cache'].url}`,
  });
  await Promise.all(Object.entries({ payments, orders, shipping }).map(([name, { url }]) => until(() => isReady(url), `${name} is ready`)));
  const owned = stack.move();
  const reported = [payments, orders, shipping];
  return {
    gateway,
    orders,
    shipping,
    edges,
    effects: (name) => reported.flatMap(({ printed }) => printed.flatMap((line) => (line['effect'] === name ? [String(line['key'])] : []))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function isReady(url: string): Promise<boolean> {
  return (await getJson(`${url}/readyz`)).status === 200;
}

/** Swallows everything on an edge, as `blackhole` and `partition` do; connections are cut when it ends. */
export async function blackholed(edge: ProxiedCallee, streams: readonly ('upstream' | 'downstream')[]): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const stream of streams) stack.use(await edge.toxic('timeout', { timeout: 0 }, { stream }));
  return stack.move();
}
