import { atMostOnce, availability, defineScenario, delivery, isolation, partition } from 'halfopen';
import { shopping } from './shop.load.ts';
import { shop } from './shop.system.ts';

export default defineScenario(shop, {
  title: 'The broker is cut off: orders are accepted all the same, and each is announced once when it is back',
  tags: ['@backing', '@broker'],
  load: shopping,
  warmup: '3s',
  baseline: '5s',
  faults: [
    // The broker has these messages and orders does not know it: they are sent again, and must not count again.
    { name: 'unconfirmed', inject: partition(['orders'], ['broker'], { direction: 'from' }), from: '0s', for: '1500ms' },
    { name: 'cut', inject: partition(['orders', 'shipping'], ['broker']), from: '2s', for: '5s' },
  ],
  recovery: '15s',
  pace: { fast: { baseline: '3s', recovery: '11s' } },
  expect: [
    availability({ request: 'order', during: 'cut', min: 0.95 }),
    isolation({ request: 'order', from: 'cut', p95RatioMax: 8 }),
    delivery({ from: 'order-accepted', to: 'order-announced', of: 'cut', within: '8s' }),
    atMostOnce({ effect: 'order-announced' }),
    atMostOnce({ effect: 'charge' }),
  ],
});
