import { availability, blackhole, breaker, defineScenario, isolation, latencyWithin, recovery, stampede } from 'halfopen';
import { rush } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'The price cache is gone while everybody wants one price: it comes from the catalog, which does not get the rush',
  tags: ['@backing', '@cache'],
  load: rush,
  warmup: '3s',
  baseline: '5s',
  faults: [{ name: 'gone', inject: blackhole('gateway->price-cache'), from: '0s', for: '6s' }],
  recovery: '8s',
  pace: { fast: { baseline: '4s', recovery: '6s' } },
  expect: [
    availability({ request: 'price', during: 'gone', min: 0.98 }),
    latencyWithin({ request: 'price', during: 'gone', quantile: 0.95, maxMs: 250 }),
    stampede({ edge: 'gateway->catalog', of: 'gone', ratioMax: 2.5 }),
    breaker('gateway.catalog').staysClosed(),
    isolation({ request: 'stock', from: 'gone', p95RatioMax: 8 }),
    recovery({ of: 'gone', within: '3s', availability: 0.98, p95Ms: 250, holdFor: '2s', request: 'price' }),
  ],
});
