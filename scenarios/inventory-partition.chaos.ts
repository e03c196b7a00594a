import { availability, breaker, defineScenario, fallback, isolation, partition, recovery, retries } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'Inventory is cut off and comes back: stock levels go stale, quotes do not notice',
  tags: ['@inventory'],
  load: shopping,
  warmup: '2s',
  baseline: '5s',
  faults: [{ name: 'cut', inject: partition(['orders'], ['inventory']), from: '0s', for: '6s' }],
  recovery: '12s',
  pace: { fast: { warmup: '2s', baseline: '3s', recovery: '8s' } },
  expect: [
    breaker('orders.inventory').opens({ within: '5s', of: 'cut' }),
    breaker('orders.inventory').visits(['closed', 'open', 'half-open', 'closed']),
    breaker('orders.payments').staysClosed(),
    fallback({ request: 'stock', during: 'cut', stalenessMax: '12s' }),
    isolation({ request: 'quote', from: 'cut', p95RatioMax: 8 }),
    availability({ request: 'quote', during: 'cut', min: 0.95 }),
    retries({ edge: 'orders->inventory', of: 'cut', amplificationMax: 1.8 }),
    recovery({ of: 'cut', within: '5s', availability: 0.95, p95Ms: 500, holdFor: '2s' }),
  ],
});
