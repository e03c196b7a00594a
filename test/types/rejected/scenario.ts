import { breaker, defineScenario, httpStatus, kill, partition, recovery } from '../names.ts';
import { load, shop } from '../accepted/shop.ts';

const phases = { title: 'Something is misspelt', load, baseline: '5s', recovery: '10s' } as const;

export const wrongFaults = defineScenario(shop, {
  ...phases,
  faults: [
    { name: 'a', inject: httpStatus('orders->paymets', { status: 503 }), from: '0s', for: '6s' }, // rejected: an unknown edge
    { name: 'b', inject: httpStatus('payments->orders', { status: 503 }), from: '0s', for: '6s' }, // rejected: an edge turned round
    { name: 'c', inject: kill('paymets'), from: '0s', for: '6s' }, // rejected: an unknown service
    { name: 'd', inject: partition(['orders'], ['paymets']), from: '0s', for: '6s' }, // rejected: an unknown service in a set
    { name: 'e', inject: kill('payments'), from: '0s', for: 'six seconds' }, // rejected: a length that is none
    { name: 'f', inject: kill('payments'), from: '0s' }, // rejected: no length
  ],
  expect: [breaker('orders.payments').staysClosed()],
});

export const wrongExpectations = defineScenario(shop, {
  ...phases,
  faults: [{ name: 'storm', inject: kill('payments'), from: '0s', for: '6s' }],
  expect: [
    breaker('orders.paymets').staysClosed(), // rejected: an unknown breaker
    breaker('orders.payments').opens({ within: '2s', of: 'strom' }), // rejected: an unknown fault
    recovery({ of: 'storm', within: '3s', availability: 0.99, p95Ms: 250, holdFor: '3s', request: 'qoute' }), // rejected: an unknown request
    { check: 'retries', edge: 'orders->paymets' }, // rejected: an unknown edge
    { check: 'readinessTruth', service: 'paymets' }, // rejected: an unknown service
  ],
});

export const noFaults = defineScenario(shop, {
  ...phases,
  faults: [],
  expect: [breaker('orders.payments').opens({ within: '2s', of: 'storm' })], // rejected: a fault that is not there
});

export const wrongField = defineScenario(shop, {
  ...phases,
  faults: [],
  expect: [breaker('orders.payments').staysClosed()],
  pace: { fast: { baselin: '2s' } }, // rejected: a phase that is none
});
