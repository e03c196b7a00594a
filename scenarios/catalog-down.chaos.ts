import { breaker, defineScenario, fallback, isolation, recovery, refuse } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'The catalog is down: prices are at most two seconds old, then openly missing, and none outlives the outage',
  tags: ['@catalog'],
  load: shopping,
  warmup: '2s',
  baseline: '5s',
  faults: [{ name: 'down', inject: refuse('gateway->catalog'), from: '0s', for: '8s' }],
  recovery: '12s',
  pace: { fast: { warmup: '2s', baseline: '3s', recovery: '8s' } },
  expect: [
    breaker('gateway.catalog').opens({ within: '4s', of: 'down' }),
    breaker('gateway.catalog').closes({ within: '4s', of: 'down' }),
    fallback({ request: 'price', during: 'down', stalenessMax: '3s' }),
    isolation({ request: 'stock', from: 'down', p95RatioMax: 8 }),
    recovery({ of: 'down', within: '5s', availability: 0.95, p95Ms: 500, holdFor: '2s', request: 'quote' }),
  ],
});
