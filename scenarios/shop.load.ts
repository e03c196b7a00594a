import { get, journeyOf, openLoad, post } from 'halfopen';

/** A shop's ordinary traffic: quotes, stock levels, prices and orders. Each order has its own idempotency key. */
export const shopping = openLoad({
  ratePerSecond: 80,
  requests: [
    get('quote', '/quote/{sku}', {
      weight: 3,
      timeout: '4s',
      observe: {
        degraded: ['/fee/_stale', '/fee/_unavailable', '/price/_stale', '/price/_unavailable'],
        value: '/fee/amount',
        version: '/fee/version',
      },
    }),
    get('stock', '/stock/{sku}', {
      weight: 2,
      timeout: '4s',
      observe: { degraded: ['/_stale', '/_unavailable'], value: '/amount', version: '/version' },
    }),
    get('price', '/price/{sku}', {
      weight: 1,
      timeout: '4s',
      observe: { degraded: ['/_stale', '/_unavailable'], value: '/amount', version: '/version' },
    }),
    post('order', '/orders', {
      weight: 2,
      timeout: '4s',
      headers: { 'idempotency-key': 'order-{uuid}' },
      body: { sku: '{sku}' },
      observe: { degraded: '/_unavailable' },
    }),
  ],
  values: { sku: ['kettle', 'toaster', 'blender', 'lamp', 'chair', 'teapot'] },
});

/** Fewer calls beside users in a real browser, who look at a price and order. */
export const browsing = openLoad({
  ratePerSecond: 40,
  requests: shopping.requests,
  values: shopping.values,
  journeys: [journeyOf('buying', 'scenarios/journeys/buying.journey.ts', { ratePerSecond: 0.5, timeout: '15s' })],
});

/** Everybody looks at the same good: what a cache is there for. */
export const rush = openLoad({
  ratePerSecond: 80,
  requests: [
    get('price', '/price/{sku}', {
      weight: 6,
      timeout: '4s',
      observe: { degraded: ['/_stale', '/_unavailable'], value: '/amount', version: '/version' },
    }),
    get('stock', '/stock/{sku}', { weight: 2, timeout: '4s', observe: { degraded: ['/_stale', '/_unavailable'] } }),
  ],
  values: { sku: ['kettle'] },
});
