import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/model/problem.ts';
import { defineConfig } from '../../../harness/scenario/config.ts';
import { defineScenario, defineSystem } from '../../../harness/scenario/define.ts';
import { catalogue, shop, slow } from './shop.ts';
import { validateScenario } from '../../../harness/scenario/validate.ts';

/** Paths of the problems that a call throws. */
function refusedPaths(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

// What JavaScript users can write and TypeScript users cannot.
const declareSystem = defineSystem as unknown as (declaration: unknown) => unknown;
const declareScenario = defineScenario as unknown as (system: unknown, declaration: unknown) => unknown;

const declaration = {
  title: slow.title,
  load: slow.load,
  baseline: '5s',
  faults: slow.faults,
  recovery: '10s',
  expect: slow.expect,
};

describe('defineSystem', () => {
  it('turns each call into an edge with its defaults', () => {
    expect(shop.edges).toEqual([
      {
        name: 'orders->payments',
        caller: 'orders',
        callee: 'payments',
        env: 'PAYMENTS_URL',
        url: 'http://{host}:{port}',
        protocol: 'http',
      },
    ]);
  });

  it('fills in how a service learns its port and how long it may take, and keeps calls out of the service', () => {
    expect(shop.services.orders).toEqual({ command: ['node', 'orders.ts'], ready: '/readyz', portEnv: 'PORT', readyWithinMs: 15_000 });
  });

  it('keeps what a call declares of its address', () => {
    const system = defineSystem({
      name: 'shop',
      entry: 'orders',
      services: {
        orders: {
          command: ['node', 'orders.ts'],
          calls: { database: { env: 'DATABASE_URL', url: 'postgres://app@{host}:{port}/shop', protocol: 'tcp' } },
        },
        database: { command: ['postgres'], readyWithinMs: 30_000, portEnv: 'PGPORT' },
      },
    });
    expect(system.edges[0]).toMatchObject({ url: 'postgres://app@{host}:{port}/shop', protocol: 'tcp' });
    expect(system.services.database).toMatchObject({ readyWithinMs: 30_000, portEnv: 'PGPORT' });
  });

  it('reports every problem of a declaration at once', () => {
    const paths = refusedPaths(() =>
      declareSystem({
        name: 'the shop',
        entry: 'gatewy',
        services: {
          gateway: { command: [], calls: { orders: 'ORDERS_URL', paymets: { env: 'ORDERS_URL', url: 'http://fixed' } } },
          orders: { command: ['node', 'orders.ts'], comand: [] },
          load: { command: ['node'] },
          Pay: { command: ['node'], portEnv: '1X', ready: 'readyz' },
        },
        breakers: {
          b: { service: 'orders', edge: 'gateway->orders', probe: { kind: 'stdout-events' } },
          c: { service: 'nobody', edge: 'a->b', probe: null },
        },
      }),
    );
    expect(paths.sort()).toEqual(
      [
        'name',
        'entry',
        'services.gateway.command',
        'services.gateway.calls.paymets',
        'services.gateway.calls.paymets',
        'services.gateway.calls.paymets.url',
        'services.orders.comand',
        'services.load',
        'services.Pay',
        'services.Pay.portEnv',
        'services.Pay.ready',
        'breakers.b.edge',
        'breakers.c.service',
        'breakers.c.edge',
        'breakers.c.probe',
      ].sort(),
    );
  });

  it('refuses a callee that would overwrite the port variable', () => {
    const services = { a: { command: ['node'], calls: { b: 'PORT' } }, b: { command: ['node'] } };
    expect(refusedPaths(() => defineSystem({ name: 's', entry: 'a', services }))).toEqual(['services.a.calls.b']);
  });

  it('suggests the near name', () => {
    const services = { orders: { command: ['node'] } };
    expect(() => declareSystem({ name: 's', entry: 'oders', services })).toThrow(/entry: .*did you mean 'orders'/);
  });
});

describe('defineScenario', () => {
  it('reads phase lengths and keeps times of faults as declared', () => {
    expect(slow.timeline).toEqual({ warmupMs: 2000, baselineMs: 5000, recoveryMs: 10_000 });
    expect(slow.pace).toEqual({ fast: { baselineMs: 2000, recoveryMs: 4000 } });
    expect(slow.faults[0]).toMatchObject({ from: '1s', for: '5s' });
  });

  it('gives a scenario without a warm-up, tags or name the empty ones', () => {
    const scenario = defineScenario(shop, { ...declaration, faults: [], expect: [], baseline: '1s', recovery: '1s' });
    expect(scenario).toMatchObject({ name: '', tags: [], pace: {}, timeline: { warmupMs: 0 } });
  });

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(slow))).toEqual(slow);
  });

  it('reports every unreadable length and every value that JSON cannot hold at once', () => {
    const paths = refusedPaths(() =>
      declareScenario(shop, {
        ...declaration,
        title: '',
        baseline: 'soon',
        recovery: '-2s',
        pace: { fast: { baseline: '1 h', warmpu: '1s' } },
        faults: [{ name: 'x', inject: { kind: 'latency', since: new Date(0) }, from: undefined, for: () => 1 }],
        expect: [{ check: 'opens', withinMs: Number.NaN }, new Map()],
      }),
    );
    expect(paths).toEqual([
      'title',
      'baseline',
      'recovery',
      'pace.fast.warmpu',
      'pace.fast.baseline',
      'faults[0].inject.since',
      'faults[0].from',
      'faults[0].for',
      'expect[0].withinMs',
      'expect[1]',
    ]);
  });

  it('refuses fields that it does not know', () => {
    expect(refusedPaths(() => declareScenario(shop, { ...declaration, expects: [] }))).toEqual(['expects']);
  });

  it('makes scenarios that pass validation', () => {
    expect(validateScenario(slow, catalogue)).toEqual([]);
  });
});

describe('defineConfig', () => {
  it('fills in every default', () => {
    expect(defineConfig({})).toEqual({
      scenarios: ['scenarios'],
      environment: 'embedded',
      output: 'reports',
      reporters: ['terminal', 'html', 'junit', 'json'],
      redact: [],
      guards: {},
    });
  });

  it('reports every problem at once', () => {
    const wrong = {
      outptu: 'x',
      seed: -1,
      scenarios: [],
      redact: ['(', 'x*'],
      guards: { baselineOkRatioMin: 2, sentinelP95Max: 3 },
      browser: { viewport: { width: 20, depth: 1 } },
    } as unknown as Parameters<typeof defineConfig>[0];
    expect(refusedPaths(() => defineConfig(wrong))).toEqual([
      'outptu',
      'scenarios',
      'seed',
      'guards.baselineOkRatioMin',
      'guards.sentinelP95Max',
      'browser.viewport.width',
      'browser.viewport.height',
      'browser.viewport.depth',
      'redact[0]',
      'redact[1]',
    ]);
  });
});
