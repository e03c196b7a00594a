import { atMostOnce, breaker, defineScenario, delivery, isolation, latencyWithin, partition, recovery } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'The orders database is cut off until the pool is exhausted: only orders feel it, and they recover',
  tags: ['@backing', '@database'],
  load: shopping,
  warmup: '3s',
  baseline: '5s',
  faults: [{ name: 'cut', inject: partition(['orders'], ['orders-db']), from: '0s', for: '6s' }],
  recovery: '12s',
  pace: { fast: { baseline: '3s', recovery: '8s' } },
  expect: [
    isolation({ request: 'quote', from: 'cut', p95RatioMax: 8 }),
    isolation({ request: 'price', from: 'cut', p95RatioMax: 8 }),
    latencyWithin({ request: 'order', during: 'cut', quantile: 0.9, maxMs: 1500 }),
    breaker('gateway.orders').staysClosed(),
    atMostOnce({ effect: 'charge' }),
    delivery({ from: 'order-accepted', to: 'order-announced', of: 'cut', within: '5s' }),
    recovery({ of: 'cut', within: '4s', availability: 0.95, p95Ms: 500, holdFor: '2s', request: 'order' }),
  ],
});
