import { breaker, defineConfig, defineScenario, httpStatus, kill, partition, recovery } from '../names.ts';
import { load, shop } from './shop.ts';

export const outage = defineScenario(shop, {
  title: 'Everything is spelt right',
  load,
  warmup: '2s',
  baseline: '5s',
  faults: [
    { name: 'storm', inject: httpStatus('orders->payments', { status: 503 }), from: '0s', for: '6s' },
    { name: 'split', inject: partition(['gateway'], ['orders', 'payments']), from: 0, for: 500, every: '1s', times: 3 },
    { name: 'death', inject: kill('payments'), from: '0.5s', for: '1m' },
  ],
  recovery: '10s',
  expect: [
    breaker('orders.payments').opens({ within: '2s', of: 'storm' }),
    breaker('orders.payments').staysClosed(),
    recovery({ of: 'split', within: '3s', availability: 0.99, p95Ms: 250, holdFor: '3s' }),
    recovery({ of: 'death', within: '3s', availability: 0.99, p95Ms: 250, holdFor: '3s', request: 'quote' }),
  ],
  pace: { fast: { baseline: '2s' } },
});

export const faultFree = defineScenario(shop, {
  title: 'Nothing happens',
  load,
  baseline: '5s',
  faults: [],
  recovery: '10s',
  expect: [breaker('orders.payments').staysClosed()],
});

export const config = defineConfig({ guards: { sentinelP95MsMax: 30 }, seed: 1 });
