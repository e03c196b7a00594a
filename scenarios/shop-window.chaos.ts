import { atMostOnce, breaker, defineScenario, page, recovery, refuse } from 'halfopen';
import { browsing } from './shop.load.ts';
import { shop } from './shop.system.ts';

const OUT_OF_DATE = 'This price may be out of date.';

export default defineScenario(shop, {
  title: 'Without payments users see that a price is old, why an order is not taken, and one order for a double click',
  tags: ['@browser', '@payments'],
  load: browsing,
  // Each half of the baseline has to see as many journeys as the other.
  warmup: '4s',
  baseline: '8s',
  faults: [{ name: 'down', inject: refuse('orders->payments'), from: '0s', for: '10s' }],
  recovery: '12s',
  pace: { fast: { baseline: '6s', recovery: '9s' } },
  expect: [
    page({ journey: 'buying', step: 'refresh', during: 'down', after: '1s', shows: OUT_OF_DATE }),
    page({ journey: 'buying', step: 'order', during: 'down', after: '2s', shows: 'We cannot take your order right now.' }),
    page({ journey: 'buying', neverBlank: true }),
    page({ journey: 'buying', step: 'price', during: 'recovery', after: '5s', showsNot: OUT_OF_DATE }),
    atMostOnce({ effect: 'basket-ordered' }),
    atMostOnce({ effect: 'charge' }),
    breaker('orders.payments').opens({ within: '4s', of: 'down' }),
    recovery({ of: 'down', within: '5s', availability: 0.95, p95Ms: 500, holdFor: '2s', request: 'order' }),
  ],
});
