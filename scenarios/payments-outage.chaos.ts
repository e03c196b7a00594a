import { atMostOnce, backoff, breaker, defineScenario, failsFast, fallback, httpStatus, isolation, recovery, retries } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'A payments outage opens the breaker, quotes degrade, orders recover',
  tags: ['@smoke', '@payments'],
  load: shopping,
  warmup: '2s',
  baseline: '5s',
  faults: [{ name: 'storm', inject: httpStatus('orders->payments', { status: 503 }), from: '0s', for: '6s' }],
  recovery: '12s',
  pace: { fast: { warmup: '2s', baseline: '3s', recovery: '8s' } },
  expect: [
    breaker('orders.payments').opens({ within: '4s', of: 'storm' }),
    recovery({ of: 'storm', within: '5s', availability: 0.95, p95Ms: 500, holdFor: '2s' }),
    breaker('orders.payments').closes({ within: '4s', of: 'storm' }),
    breaker('orders.payments').staysOpen({ of: 'storm' }),
    breaker('orders.payments').trialCalls({ max: 1 }),
    breaker('orders.payments').visits(['closed', 'open', 'half-open', 'closed']),
    fallback({ request: 'quote', during: 'storm', stalenessMax: '12s' }),
    failsFast({ breaker: 'orders.payments', request: 'quote', p95Ms: 200 }),
    retries({ edge: 'orders->payments', of: 'storm', amplificationMax: 1.8 }),
    backoff({ edge: 'orders->payments', of: 'storm', firstMin: '40ms', jitter: true }),
    isolation({ request: 'stock', from: 'storm', p95RatioMax: 8 }),
    atMostOnce({ effect: 'charge' }),
  ],
});
