import { defineSystem, stdoutEvents } from '../names.ts';

export const wrongCallee = defineSystem({
  name: 'shop',
  entry: 'orders',
  services: {
    orders: { command: ['node', 'orders.ts'], calls: { paymets: 'PAYMENTS_URL' } }, // rejected: a callee that is no service
    payments: { command: ['node', 'payments.ts'] },
  },
});

export const wrongEntry = defineSystem({
  name: 'shop',
  entry: 'oders', // rejected: an entry that is no service
  services: { orders: { command: ['node', 'orders.ts'] } },
});

export const wrongField = defineSystem({
  name: 'shop',
  entry: 'orders',
  services: {
    orders: { command: ['node', 'orders.ts'], redy: '/readyz' }, // rejected: a field that no service has
    payments: { command: 'node payments.ts' }, // rejected: a command that is no list
  },
});

export const wrongBreakers = defineSystem({
  name: 'shop',
  entry: 'orders',
  services: {
    orders: { command: ['node', 'orders.ts'], calls: { payments: 'PAYMENTS_URL' } },
    payments: { command: ['node', 'payments.ts'], calls: { bank: 'BANK_URL' } },
    bank: { command: ['node', 'bank.ts'] },
  },
  breakers: {
    right: { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() },
    nobody: { service: 'oders', edge: 'orders->payments', probe: stdoutEvents() }, // rejected: a service that is none
    nowhere: { service: 'orders', edge: 'orders->bank', probe: stdoutEvents() }, // rejected: an edge that is none
    elsewhere: { service: 'orders', edge: 'payments->bank', probe: stdoutEvents() }, // rejected: an edge of another service
  },
});
