import { atMostOnce, breaker, defineScenario, isolation, kill, readinessTruth, recovery } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'Payments is killed and started again: it says that it is ready when it is, and the shop recovers',
  tags: ['@payments', '@process'],
  load: shopping,
  warmup: '3s',
  baseline: '5s',
  faults: [{ name: 'killed', inject: kill('payments'), from: '0s', for: '5s' }],
  recovery: '14s',
  pace: { fast: { baseline: '3s', recovery: '10s' } },
  expect: [
    breaker('orders.payments').opens({ within: '4s', of: 'killed' }),
    breaker('orders.payments').visits(['closed', 'open', 'half-open', 'closed']),
    readinessTruth({ service: 'payments', of: 'killed' }),
    isolation({ request: 'stock', from: 'killed', p95RatioMax: 8 }),
    atMostOnce({ effect: 'charge' }),
    recovery({ of: 'killed', within: '7s', availability: 0.95, p95Ms: 500, holdFor: '2s' }),
  ],
});
