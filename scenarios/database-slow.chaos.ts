import { atMostOnce, availability, breaker, defineScenario, isolation, latency, latencyWithin, recovery } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'The orders database answers a second and a half late: orders are turned away quickly, quotes do not notice, orders recover',
  tags: ['@backing', '@database'],
  load: shopping,
  warmup: '3s',
  baseline: '5s',
  faults: [{ name: 'slow', inject: latency('orders->orders-db', { delay: '1500ms' }), from: '0s', for: '6s' }],
  recovery: '10s',
  pace: { fast: { baseline: '3s', recovery: '7s' } },
  expect: [
    isolation({ request: 'quote', from: 'slow', p95RatioMax: 8 }),
    isolation({ request: 'stock', from: 'slow', p95RatioMax: 8 }),
    availability({ request: 'quote', during: 'slow', min: 0.95 }),
    latencyWithin({ request: 'order', during: 'slow', quantile: 0.9, maxMs: 1500 }),
    breaker('gateway.orders').staysClosed(),
    atMostOnce({ effect: 'charge' }),
    recovery({ of: 'slow', within: '4s', availability: 0.95, p95Ms: 500, holdFor: '2s', request: 'order' }),
  ],
});
