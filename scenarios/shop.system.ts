import { defineSystem, stdoutEvents } from 'halfopen';

/** Value and version as the shop's sources answer them. */
const versioned = { value: '/amount', version: '/version' };

export const shop = defineSystem({
  name: 'shop',
  entry: 'gateway',
  services: {
    gateway: {
      command: ['node', 'fixtures/shop/gateway.ts'],
      image: 'halfopen-shop',
      port: 8080,
      ready: '/readyz',
      calls: { orders: 'ORDERS_URL', catalog: { env: 'CATALOG_URL', observe: versioned } },
    },
    orders: {
      command: ['node', 'fixtures/shop/orders.ts'],
      image: 'halfopen-shop',
      port: 8080,
      ready: '/readyz',
      calls: {
        inventory: { env: 'INVENTORY_URL', observe: versioned },
        payments: { env: 'PAYMENTS_URL', observe: versioned },
        shipping: 'SHIPPING_URL',
      },
    },
    payments: { command: ['node', 'fixtures/shop/payments.ts'], image: 'halfopen-shop', port: 8080, ready: '/readyz' },
    inventory: { command: ['node', 'fixtures/shop/inventory.ts'], image: 'halfopen-shop', port: 8080, ready: '/readyz' },
    shipping: { command: ['node', 'fixtures/shop/shipping.ts'], image: 'halfopen-shop', port: 8080, ready: '/readyz' },
    catalog: { command: ['node', 'fixtures/shop/catalog.ts'], image: 'halfopen-shop', port: 8080, ready: '/readyz' },
  },
  breakers: {
    'gateway.catalog': { service: 'gateway', edge: 'gateway->catalog', probe: stdoutEvents() },
    'gateway.orders': { service: 'gateway', edge: 'gateway->orders', probe: stdoutEvents() },
    'orders.inventory': { service: 'orders', edge: 'orders->inventory', probe: stdoutEvents() },
    'orders.payments': { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() },
    'orders.shipping': { service: 'orders', edge: 'orders->shipping', probe: stdoutEvents() },
  },
});
