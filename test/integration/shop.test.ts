import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { getJson, order, playService, reply, runToItsEnd, startShop, startShopService, states, until } from './shop-processes.ts';

describe('the shop in health', () => {
  test('answers every route with values, charges an order once and carries the trace to the charge', async () => {
    await using payments = await startShopService('payments');
    await until(async () => (await fetch(`${payments.url}/readyz`)).status === 200, 'payments is ready');
    await using shop = await startShop({ payments: payments.url });
    const { url } = shop.gateway;

    const price = await getJson(`${url}/price/kettle`);
    expect(price.body).toMatchObject({ sku: 'kettle', amount: expect.any(Number), version: expect.stringMatching(/^kettle#\d+$/) });
    const quote = await getJson(`${url}/quote/lamp`);
    expect(quote.body).toMatchObject({
      price: { version: expect.stringMatching(/^lamp#/) },
      fee: { version: expect.stringMatching(/^fee-lamp#/) },
    });
    expect(JSON.stringify([price.body, quote.body])).not.toMatch(/_stale|_unavailable/);
    expect((await getJson(`${url}/stock/chair`)).body).toMatchObject({ version: expect.stringMatching(/^stock-chair#/) });
    expect((await getJson(`${url}/quote/sofa`)).status).toBe(404);

    const traceId = 'ab'.repeat(16);
    expect(await order(url, 'order-1', traceId)).toMatchObject({ status: 201, body: { orderId: 'order-1', status: 'placed' } });
    await until(() => payments.printed.length > 0, 'the charge is printed');
    expect(payments.printed).toMatchObject([{ halfopen: 'effect', effect: 'charge', key: 'order-1', traceId }]);
    const effects = (): readonly unknown[] => shop.orders.printed.filter((line) => line['halfopen'] === 'effect');
    await until(() => effects().length >= 2, 'the order is accepted and announced');
    expect(effects()).toMatchObject([
      { effect: 'order-accepted', key: 'order-1', traceId },
      { effect: 'order-announced', key: 'order-1', traceId },
    ]);
    expect((await order(url, 'order-1', traceId)).status).toBe(201);
    expect(effects()).toHaveLength(2);
  });

  test('charges once for two requests with one idempotency key, and twice without a key', async () => {
    await using payments = await startShopService('payments');
    await until(async () => (await fetch(`${payments.url}/readyz`)).status === 200, 'payments is ready');
    const charge = (headers: Record<string, string>, orderId: string): ReturnType<typeof getJson> =>
      getJson(`${payments.url}/charges`, { method: 'POST', headers, body: JSON.stringify({ orderId, cents: 100 }) });
    const first = await charge({ 'idempotency-key': 'a' }, 'a');
    const second = await charge({ 'idempotency-key': 'a' }, 'a');
    expect(second.body['chargeId']).toBe(first.body['chargeId']);
    await charge({}, 'b');
    await charge({}, 'b');
    await until(() => payments.printed.length >= 3, 'the charges are printed');
    expect(payments.printed.map((line) => line['key'])).toEqual(['a', 'b', 'b']);
  });

  test('payments answers business calls exactly when it says that it is ready, and is alive throughout', async () => {
    await using payments = await startShopService('payments');
    const look = async (path: string): Promise<number> => (await fetch(`${payments.url}${path}`)).status;
    expect([await look('/readyz'), await look('/fees/kettle'), await look('/healthz')]).toEqual([503, 503, 200]);
    await until(async () => (await look('/readyz')) === 200, 'payments is ready');
    expect(await look('/fees/kettle')).toBe(200);
  });

  test('the defect readiness-lies says ready while it answers 503', async () => {
    await using payments = await startShopService('payments', { DEFECT: 'readiness-lies' });
    expect((await fetch(`${payments.url}/fees/kettle`)).status).toBe(503);
    expect((await fetch(`${payments.url}/readyz`)).status).toBe(200);
  });

  test('refuses to start with an unknown defect and names the known ones', async () => {
    const end = await runToItsEnd('payments', { DEFECT: 'typo' });
    expect(end.code).not.toBe(0);
    expect(end.stderr).toContain("'DEFECT' must be one of readiness-lies: current value is 'typo'");
  });
});

describe("the gateway's price cache", () => {
  test('asks the catalog once for a good that many want at once, and again when the price is a moment old', async () => {
    const waiting: (() => void)[] = [];
    await using catalog = await playService((_, response) => waiting.push(() => reply(response, 200, { amount: 5, version: 'v5' })));
    await using shop = await startShop({ catalog: catalog.url });
    const price = (sku: string): Promise<unknown> => getJson(`${shop.gateway.url}/price/${sku}`).then(({ body }) => body['version']);
    const rush = Promise.all([...Array.from({ length: 20 }, () => price('kettle')), price('lamp')]);
    await until(() => waiting.length === 2, 'two goods are asked for');
    for (const answer of waiting.splice(0)) answer();
    expect(new Set(await rush)).toEqual(new Set(['v5']));
    expect(catalog.seen.map(({ path }) => path).toSorted()).toEqual(['/prices/kettle', '/prices/lamp']);
    const later = until(async () => (await price('kettle')) === 'v5' && catalog.seen.length > 2, 'the catalog is asked again');
    await until(() => waiting.length > 0, 'the price has left the cache');
    for (const answer of waiting.splice(0)) answer();
    await later;
  });
});

describe('the shop without payments', () => {
  test('opens the breaker, rejects without calling, serves stale fees, and closes when payments is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shop-truth-'));
    const truthFile = join(folder, 'truth.ndjson');
    let isUp = true;
    await using payments = await playService((_, response) =>
      isUp ? reply(response, 200, { sku: 'kettle', amount: 7, version: 'v7' }) : reply(response, 503, {}),
    );
    await using shop = await startShop({ payments: payments.url }, { orders: { TRUTH_FILE: truthFile } });
    const quote = async (): Promise<unknown> => (await getJson(`${shop.gateway.url}/quote/kettle`)).body['fee'];
    expect(await quote()).toEqual({ sku: 'kettle', amount: 7, version: 'v7' });

    isUp = false;
    await until(async () => {
      await Promise.all(Array.from({ length: 10 }, quote));
      return states(shop.orders, 'orders.payments').includes('open');
    }, 'the breaker opens');
    const calls = payments.seen.length;
    const stale = await Promise.all(Array.from({ length: 20 }, quote));
    expect(stale).toEqual(Array.from({ length: 20 }, () => expect.objectContaining({ amount: 7, version: 'v7', _stale: true })));
    expect((await order(shop.gateway.url, 'o-1')).body['code']).toBe('PAYMENT_UNAVAILABLE');
    // One trial call with its retries may pass if the reset timeout ends meanwhile; twenty quotes may not.
    expect(payments.seen.length - calls).toBeLessThanOrEqual(3);
    expect((await getJson(`${shop.gateway.url}/quote/lamp`)).body['fee']).toEqual({ sku: 'lamp', _unavailable: true });

    isUp = true;
    await until(async () => {
      await quote();
      return states(shop.orders, 'orders.payments').at(-1) === 'closed';
    }, 'the breaker closes');
    expect(await quote()).toEqual({ sku: 'kettle', amount: 7, version: 'v7' });
    const printed = states(shop.orders, 'orders.payments');
    expect(printed.slice(0, 3)).toEqual(['closed', 'open', 'half-open']);
    const truth = (await readFile(truthFile, 'utf8')).trim().split('\n');
    expect(['closed', ...truth.map((line) => (JSON.parse(line) as { state: string }).state)]).toEqual(printed);
    await rm(folder, { recursive: true });
  });

  test('a hanging payments holds up neither stock nor, for longer than its deadline, a quote', async () => {
    await using payments = await playService(() => undefined);
    await using shop = await startShop({ payments: payments.url });
    const ended: string[] = [];
    const note = (name: string) => () => void ended.push(name);
    const quotes = Array.from({ length: 40 }, () => getJson(`${shop.gateway.url}/quote/kettle`).then(note('quote')));
    await until(() => payments.seen.length >= 20, 'the quotes hang at payments');
    await getJson(`${shop.gateway.url}/stock/kettle`).then(note('stock'));
    await Promise.all(quotes);
    // Sixteen quotes find the bulkhead full and end at once; the others are still waiting when stock is answered.
    expect(ended.lastIndexOf('stock')).toBeLessThan(ended.length - 10);
    expect(ended).toHaveLength(41);
  });

  test('a charge whose answer is lost is repeated with its key after a wait, within one trace', async () => {
    let answers = 0;
    await using payments = await playService((_, response) => {
      if (++answers > 1) reply(response, 201, { chargeId: 'c' });
    });
    await using shop = await startShop({ payments: payments.url });
    expect((await order(shop.gateway.url, 'order-9', 'cd'.repeat(16))).status).toBe(201);
    expect(payments.seen.map((call) => [call.path, call.key, call.traceparent.slice(3, 35)])).toEqual([
      ['/charges', 'order-9', 'cd'.repeat(16)],
      ['/charges', 'order-9', 'cd'.repeat(16)],
    ]);
    expect(payments.seen[0]?.traceparent).not.toBe(payments.seen[1]?.traceparent);
  });

  test('the defect retries-post repeats that charge without its key', async () => {
    let answers = 0;
    await using payments = await playService((_, response) => {
      if (++answers > 1) reply(response, 201, { chargeId: 'c' });
    });
    await using shop = await startShop({ payments: payments.url }, { orders: { DEFECT: 'retries-post' } });
    await order(shop.gateway.url, 'order-9');
    expect(payments.seen.map((call) => call.key)).toEqual(['order-9', undefined]);
  });

  test('answers below 500 never open the breaker', async () => {
    await using payments = await playService((_, response) => reply(response, 404, { code: 'NO_SUCH_GOOD' }));
    await using shop = await startShop({ payments: payments.url });
    for (let round = 0; round < 6; round++)
      await Promise.all(Array.from({ length: 10 }, () => getJson(`${shop.gateway.url}/quote/kettle`)));
    expect(payments.seen).toHaveLength(60);
    expect(states(shop.orders, 'orders.payments')).toEqual(['closed']);
  });
});

describe('the shop without the catalog', () => {
  test('serves the last price marked stale, then none, and the real one when the catalog is back', async () => {
    let isUp = true;
    await using catalog = await playService((_, response) =>
      isUp ? reply(response, 200, { amount: 5, version: 'v5' }) : response.destroy(),
    );
    await using shop = await startShop({ catalog: catalog.url });
    const price = async (): Promise<unknown> => (await getJson(`${shop.gateway.url}/price/kettle`)).body;
    expect(await price()).toEqual({ amount: 5, version: 'v5' });
    isUp = false;
    // For a moment the cache has it, and it is as fresh as any.
    await until(async () => Object.hasOwn((await price()) as object, '_stale'), 'the price has left the cache');
    expect(await price()).toMatchObject({ amount: 5, version: 'v5', _stale: true });
    await until(async () => Object.hasOwn((await price()) as object, '_unavailable'), 'the price is too old');
    expect(await price()).toEqual({ sku: 'kettle', _unavailable: true });
    isUp = true;
    await until(async () => !Object.hasOwn((await price()) as object, '_unavailable'), 'the price is back');
    expect(await price()).toEqual({ amount: 5, version: 'v5' });
  });

  test('the defect fallback-cached keeps answering without a price although the catalog is back', async () => {
    let isUp = false;
    await using catalog = await playService((_, response) =>
      isUp ? reply(response, 200, { amount: 5, version: 'v5' }) : response.destroy(),
    );
    await using shop = await startShop({ catalog: catalog.url }, { gateway: { DEFECT: 'fallback-cached' } });
    expect((await getJson(`${shop.gateway.url}/price/kettle`)).body).toEqual({ sku: 'kettle', _unavailable: true });
    isUp = true;
    expect((await getJson(`${shop.gateway.url}/quote/kettle`)).body['price']).toEqual({ amount: 5, version: 'v5' });
    expect((await getJson(`${shop.gateway.url}/price/kettle`)).body).toEqual({ sku: 'kettle', _unavailable: true });
  });
});
