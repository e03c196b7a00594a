import { defineSystem, postgres, rabbitmq, redis, stdoutEvents } from 'halfopen';

/** Value and version as the shop's sources answer them. */
const versioned = { value: '/amount', version: '/version' };

/** What every service of the shop needs in a container, besides packages of its own. */
const sources = ['package.json', 'fixtures/shop'] as const;
const broker = { env: 'BROKER_URL', protocol: 'tcp', url: 'amqp://guest:guest@{host}:{port}' } as const;

export const shop = defineSystem({
  name: 'shop',
  entry: 'gateway',
  services: {
    gateway: {
      command: ['node', 'fixtures/shop/gateway.ts'],
      files: [...sources, 'node_modules/opossum', 'node_modules/@redis/client'],
      port: 8080,
      ready: '/readyz',
      calls: {
        orders: 'ORDERS_URL',
        catalog: { env: 'CATALOG_URL', observe: versioned },
        'price-cache': { env: 'CACHE_URL', protocol: 'tcp', url: 'redis://{host}:{port}' },
      },
    },
    orders: {
      command: ['node', 'fixtures/shop/orders.ts'],
      files: [...sources, 'node_modules/opossum', 'node_modules/pg', 'node_modules/amqplib'],
      port: 8080,
      ready: '/readyz',
      calls: {
        inventory: { env: 'INVENTORY_URL', observe: versioned },
        payments: { env: 'PAYMENTS_URL', observe: versioned },
        shipping: 'SHIPPING_URL',
        'orders-db': { env: 'DATABASE_URL', protocol: 'tcp', url: 'postgres://shop:shop@{host}:{port}/shop' },
        broker,
      },
    },
    payments: { command: ['node', 'fixtures/shop/payments.ts'], files: sources, port: 8080, ready: '/readyz' },
    inventory: { command: ['node', 'fixtures/shop/inventory.ts'], files: sources, port: 8080, ready: '/readyz' },
    shipping: {
      command: ['node', 'fixtures/shop/shipping.ts'],
      files: [...sources, 'node_modules/amqplib'],
      port: 8080,
      ready: '/readyz',
      calls: { broker },
    },
    catalog: { command: ['node', 'fixtures/shop/catalog.ts'], files: sources, port: 8080, ready: '/readyz' },
    // Where no containers can be started the shop runs without these, on stand-ins in its own processes.
    'orders-db': postgres({ database: 'shop', user: 'shop', password: 'shop' }),
    'price-cache': redis(),
    broker: rabbitmq(),
  },
  breakers: {
    'gateway.catalog': { service: 'gateway', edge: 'gateway->catalog', probe: stdoutEvents() },
    'gateway.orders': { service: 'gateway', edge: 'gateway->orders', probe: stdoutEvents() },
    'orders.inventory': { service: 'orders', edge: 'orders->inventory', probe: stdoutEvents() },
    'orders.payments': { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() },
    'orders.shipping': { service: 'orders', edge: 'orders->shipping', probe: stdoutEvents() },
  },
});
