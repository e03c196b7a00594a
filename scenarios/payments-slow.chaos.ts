import { atMostOnce, breaker, defineScenario, isolation, latency, latencyWithin, recovery, retries } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'Payments answers two seconds late: quotes stay quick, stock is untouched, nobody is charged twice',
  tags: ['@payments'],
  load: shopping,
  warmup: '2s',
  baseline: '5s',
  // Only the replies are late: the charge is done when its answer is not there yet.
  faults: [{ name: 'slow', inject: latency('orders->payments', { delay: '2s', stream: 'downstream' }), from: '0s', for: '6s' }],
  recovery: '12s',
  pace: { fast: { warmup: '2s', baseline: '3s', recovery: '8s' } },
  expect: [
    breaker('orders.payments').opens({ within: '5s', of: 'slow' }),
    breaker('orders.payments').closes({ within: '5s', of: 'slow' }),
    latencyWithin({ request: 'quote', during: 'slow', quantile: 0.9, maxMs: 1200 }),
    isolation({ request: 'stock', from: 'slow', p95RatioMax: 8 }),
    retries({ edge: 'orders->payments', of: 'slow', amplificationMax: 1.8 }),
    atMostOnce({ effect: 'charge' }),
    recovery({ of: 'slow', within: '5s', availability: 0.95, p95Ms: 500, holdFor: '2s' }),
  ],
});
