import { defineSystem, get, openLoad, stdoutEvents } from '../names.ts';

export const shop = defineSystem({
  name: 'shop',
  entry: 'gateway',
  services: {
    gateway: { command: ['node', 'gateway.ts'], calls: { orders: 'ORDERS_URL' } },
    orders: {
      command: ['node', 'orders.ts'],
      ready: '/readyz',
      calls: { payments: 'PAYMENTS_URL', database: { env: 'DB', protocol: 'tcp' } },
    },
    payments: { command: ['node', 'payments.ts'] },
    database: { command: ['postgres'] },
  },
  breakers: { 'orders.payments': { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() } },
});

export const load = openLoad({ ratePerSecond: 10, requests: [get('quote', '/quote'), get('stock', '/stock')] });
