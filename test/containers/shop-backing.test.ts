/**
 * Goal: the shop on a real Postgres, Redis and RabbitMQ bears the loss of each as its scenarios say, and each planted defect of that kind
 * shows. Cuts are made by the fault proxy; verdicts on whole runs are the corpus's.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getJson, order, startShopService, until } from '../integration/shop-processes.ts';
import { describeWithEngine } from './engine-at-hand.ts';
import {
  askCache,
  askDatabase,
  BACKING_IMAGES,
  blackholed,
  isReady,
  queueLength,
  startBackedShop,
  startBackingServices,
  type BackedShop,
  type BackingServices,
} from './shop-rig.ts';

const BOTH = ['upstream', 'downstream'] as const;
let backing: BackingServices;
let orderNumber = 0;
/** A key that no order of any test has had. */
const newKey = (): string => `order-${process.pid}-${++orderNumber}`;
const quote = (shop: BackedShop): ReturnType<typeof getJson> => getJson(`${shop.gateway.url}/quote/kettle`);
const times = (list: readonly string[], key: string): number => list.filter((entry) => entry === key).length;

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const beganMs = performance.now();
  const result = await work();
  return { result, tookMs: performance.now() - beganMs };
}

async function placed(shop: BackedShop, key: string): Promise<void> {
  const { status, body } = await order(shop.gateway.url, key);
  expect(status, JSON.stringify(body)).toBe(201);
}

describeWithEngine(
  'the shop on real backing services',
  () => {
    beforeAll(async () => {
      backing = await startBackingServices();
    });
    afterAll(async () => {
      await backing?.[Symbol.asyncDispose]();
    });

    test('an order is in the database, its event out of the outbox and announced once, and a price in the cache', async () => {
      await using shop = await startBackedShop(backing);
      const key = newKey();
      await placed(shop, key);
      await until(() => times(shop.effects('order-announced'), key) > 0, 'the order is announced');
      expect(times(shop.effects('order-accepted'), key)).toBe(1);
      expect(shop.shipping.printed.filter((line) => line['key'] === key)).toMatchObject([{ effect: 'order-announced' }]);
      expect(await askDatabase(backing.database, `SELECT state FROM orders WHERE id = '${key}'`)).toEqual([{ state: 'accepted' }]);
      await until(async () => (await askDatabase(backing.database, 'SELECT id FROM outbox')).length === 0, 'the outbox is empty');
      await until(async () => {
        await getJson(`${shop.gateway.url}/price/kettle`);
        return (await askCache(backing.cache, 'price:kettle')) !== null;
      }, 'a price is in the cache');
      await placed(shop, key);
      expect(times(shop.effects('order-accepted'), key)).toBe(1);
    });

    test('without the database orders are refused quickly and uncharged, quotes do not notice, and orders recover by themselves', async () => {
      await using shop = await startBackedShop(backing);
      await placed(shop, newKey());
      {
        await using _ = await blackholed(shop.edges['orders->db'], BOTH);
        const keys = Array.from({ length: 30 }, newKey);
        const rush = await Promise.all(keys.map((key) => timed(() => order(shop.gateway.url, key))));
        for (const { result, tookMs } of rush) {
          expect(result).toMatchObject({ status: 503, body: { code: 'ORDERS_DB_UNAVAILABLE' } });
          expect(tookMs).toBeLessThan(2500);
        }
        expect(shop.effects('charge').filter((key) => keys.includes(key))).toEqual([]);
        const waiting = order(shop.gateway.url, newKey());
        const { result } = await timed(() => quote(shop));
        expect(JSON.stringify(result.body)).not.toMatch(/_stale|_unavailable/);
        expect(await isReady(shop.orders.url)).toBe(true);
        await waiting;
      }
      await until(async () => (await order(shop.gateway.url, newKey())).status === 201, 'orders are taken again');
    });

    test('connections that are cut while nobody uses them end no service, and are made anew', async () => {
      await using shop = await startBackedShop(backing);
      await placed(shop, newKey());
      await getJson(`${shop.gateway.url}/price/kettle`);
      for (const edge of Object.values(shop.edges)) {
        const seen = edge.exchanges.length;
        await using _ = await edge.down();
        await until(() => edge.exchanges.length > seen, `connections of ${edge.name} were cut`);
      }
      const key = newKey();
      await until(async () => (await order(shop.gateway.url, key)).status === 201, 'orders are taken again');
      await until(() => times(shop.effects('order-announced'), key) > 0, 'and announced');
      for (const { url } of [shop.gateway, shop.orders, shop.shipping]) expect((await getJson(`${url}/healthz`)).status).toBe(200);
    });

    test('a service that starts without its database or broker is alive, and ready once they were there', async () => {
      await using shop = await startBackedShop(backing);
      const down = [await shop.edges['orders->db'].down(), await shop.edges['shipping->broker'].down()];
      await using orders = await startShopService('orders', {
        PAYMENTS_URL: shop.gateway.url,
        INVENTORY_URL: shop.gateway.url,
        SHIPPING_URL: shop.gateway.url,
        DATABASE_URL: `postgres://shop:shop@${shop.edges['orders->db'].url}/shop`,
      });
      await using shipping = await startShopService('shipping', { BROKER_URL: `amqp://guest:guest@${shop.edges['shipping->broker'].url}` });
      for (const { url } of [orders, shipping]) {
        expect(await isReady(url)).toBe(false);
        expect((await getJson(`${url}/healthz`)).status).toBe(200);
      }
      for (const edge of down) await edge[Symbol.asyncDispose]();
      await until(() => isReady(orders.url), 'orders is ready');
      await until(() => isReady(shipping.url), 'shipping is ready');
    });

    test.each(['blackholed', 'reset', 'down'] as const)(
      'prices come from the catalog while the cache is %s, and from it again',
      async (how) => {
        await using shop = await startBackedShop(backing);
        const cache = shop.edges['gateway->cache'];
        const price = (): ReturnType<typeof getJson> => getJson(`${shop.gateway.url}/price/lamp`);
        const isUsed = async (): Promise<boolean> => {
          await price();
          return (await askCache(backing.cache, 'price:lamp')) !== null;
        };
        await until(isUsed, 'the cache is used');
        {
          const ways = {
            blackholed: () => blackholed(cache, BOTH),
            reset: () => cache.toxic('reset_peer', { timeout: 0 }),
            down: () => cache.down(),
          };
          await using _ = await ways[how]();
          for (let round = 0; round < 20; round++) {
            const { status, body } = await price();
            expect({ status, body }).toMatchObject({ status: 200, body: { amount: expect.any(Number) } });
            expect(JSON.stringify(body)).not.toMatch(/_stale|_unavailable/);
          }
          expect(await isReady(shop.gateway.url)).toBe(true);
        }
        await until(isUsed, 'the cache is used again');
      },
    );

    test('without the broker orders are accepted, and announced once each when it is back', async () => {
      await using shop = await startBackedShop(backing);
      const keys = Array.from({ length: 12 }, newKey);
      {
        await using _orders = await blackholed(shop.edges['orders->broker'], BOTH);
        await using _shipping = await blackholed(shop.edges['shipping->broker'], BOTH);
        for (const key of keys) await placed(shop, key);
        expect(await isReady(shop.orders.url)).toBe(true);
        expect(await isReady(shop.shipping.url)).toBe(true);
        expect(shop.effects('order-announced').filter((key) => keys.includes(key))).toEqual([]);
      }
      await until(() => keys.every((key) => times(shop.effects('order-announced'), key) > 0), 'all are announced');
      expect(keys.map((key) => times(shop.effects('order-announced'), key))).toEqual(keys.map(() => 1));
    });

    test('an event that comes twice as its confirm was lost is announced once, by the defect no-dedup twice', async () => {
      for (const [defects, announced] of [
        [{}, 1],
        [{ shipping: 'no-dedup' }, 2],
      ] as const) {
        await using shop = await startBackedShop(backing, defects);
        await placed(shop, newKey());
        // Confirmed, so that the next one is published at once, on a connection that stands.
        await until(async () => (await askDatabase(backing.database, 'SELECT id FROM outbox')).length === 0, 'the first one is confirmed');
        const [repeated, last] = [newKey(), newKey()];
        {
          await using _ = await blackholed(shop.edges['orders->broker'], ['downstream']);
          await placed(shop, repeated);
          await until(() => times(shop.effects('order-announced'), repeated) > 0, 'the broker has passed it on');
        }
        await until(async () => (await askDatabase(backing.database, 'SELECT id FROM outbox')).length === 0, 'the outbox is empty');
        await placed(shop, last);
        // What is announced last has everything before it in the queue behind it.
        await until(() => times(shop.effects('order-announced'), last) > 0, 'the last one is announced');
        expect(times(shop.effects('order-announced'), repeated), JSON.stringify(defects)).toBeGreaterThanOrEqual(announced);
        if (announced === 1) expect(times(shop.effects('order-announced'), repeated)).toBe(1);
      }
    });

    test('the defect fire-and-forget loses what was accepted while the broker was away', async () => {
      await using shop = await startBackedShop(backing, { orders: 'fire-and-forget' });
      const [lost, last] = [newKey(), newKey()];
      {
        await using _ = await shop.edges['orders->broker'].down();
        await placed(shop, lost);
      }
      await until(async () => {
        await placed(shop, newKey());
        return (await queueLength(backing.broker)) > 0 || shop.effects('order-announced').length > 0;
      }, 'the broker is used again');
      await placed(shop, last);
      await until(() => times(shop.effects('order-announced'), last) > 0, 'a later one is announced');
      expect(times(shop.effects('order-accepted'), lost)).toBe(1);
      expect(times(shop.effects('order-announced'), lost)).toBe(0);
    });

    test('the defects of the database: a quote that writes there waits for it, and an order without limits waits for ever', async () => {
      await using writing = await startBackedShop(backing, { orders: 'db-on-quote-path' });
      await quote(writing);
      {
        await using _ = await blackholed(writing.edges['orders->db'], BOTH);
        expect((await timed(() => quote(writing))).tookMs).toBeGreaterThan(400);
      }
      await using unlimited = await startBackedShop(backing, { orders: 'db-no-timeout' });
      await placed(unlimited, newKey());
      {
        await using _ = await blackholed(unlimited.edges['orders->db'], BOTH);
        const { result, tookMs } = await timed(() => order(unlimited.gateway.url, newKey()));
        expect(result).toMatchObject({ status: 503, body: { code: 'ORDERS_UNAVAILABLE' } });
        expect(tookMs).toBeGreaterThan(2000);
      }
    });

    test('the defect cache-required has no price without the cache', async () => {
      await using required = await startBackedShop(backing, { gateway: 'cache-required' });
      const price = (shop: BackedShop): ReturnType<typeof getJson> => getJson(`${shop.gateway.url}/price/chair`);
      await until(async () => !/_unavailable/.test(JSON.stringify((await price(required)).body)), 'the cache is used');
      await using _ = await required.edges['gateway->cache'].down();
      await until(async () => Object.hasOwn((await price(required)).body, '_unavailable'), 'there is no price any more');
      expect((await price(required)).body).toEqual({ sku: 'chair', _unavailable: true });
    });
  },
  BACKING_IMAGES,
);
