import { availability, breaker, defineScenario, httpStatus, retries } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'One payments call in five fails: retries absorb it and the breaker stays closed',
  tags: ['@payments'],
  load: shopping,
  warmup: '2s',
  baseline: '5s',
  faults: [{ name: 'flaky', inject: httpStatus('orders->payments', { status: 500, share: 0.2 }), from: '0s', for: '10s' }],
  recovery: '5s',
  pace: { fast: { warmup: '2s', baseline: '3s', recovery: '4s' } },
  expect: [
    breaker('orders.payments').staysClosed(),
    availability({ request: 'order', during: 'flaky', min: 0.75 }),
    availability({ request: 'quote', during: 'recovery', min: 0.95 }),
    retries({ edge: 'orders->payments', of: 'flaky', amplificationMax: 1.6 }),
  ],
});
