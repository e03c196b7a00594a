import type { Catalogue, CheckKind, EnvironmentKind } from '../../../harness/model/catalogue.ts';
import type { Config, Scenario } from '../../../harness/model/scenario.ts';
import { arrivalKinds } from '../../../harness/plan/schedule.ts';
import { latency } from '../../../harness/run/faults/latency.ts';
import { faultDrivers } from '../../../harness/run/faults/index.ts';
import { probeDrivers } from '../../../harness/run/probes/index.ts';
import { stdoutEvents } from '../../../harness/run/probes/stdout.ts';
import { defineConfig } from '../../../harness/scenario/config.ts';
import { defineScenario, defineSystem } from '../../../harness/scenario/define.ts';
import { get, openLoad } from '../../../harness/scenario/load.ts';

/** Two services, one edge, one breaker. */
export const shop = defineSystem({
  name: 'shop',
  entry: 'orders',
  services: {
    orders: { command: ['node', 'orders.ts'], ready: '/readyz', calls: { payments: 'PAYMENTS_URL' } },
    payments: { command: ['node', 'payments.ts'] },
  },
  breakers: { 'orders.payments': { service: 'orders', edge: 'orders->payments', probe: stdoutEvents() } },
});

/** A valid scenario of 2 + 5 + 6 + 10 s. */
export const slow: Scenario = defineScenario(shop, {
  title: 'Slow payments open the breaker',
  name: 'payments-slow',
  tags: ['@smoke'],
  load: openLoad({
    ratePerSecond: 10,
    requests: [get('quote', '/quote/{sku}', { weight: 3 }), get('stock', '/stock')],
    values: { sku: ['tea'] },
  }),
  warmup: '2s',
  baseline: '5s',
  faults: [{ name: 'slowness', inject: latency('orders->payments', { delay: '2s' }), from: '1s', for: '5s' }],
  recovery: '10s',
  expect: [opens('orders.payments', 'slowness', 2000)],
  pace: { fast: { baseline: '2s', recovery: '4s' } },
});

/** An expectation of the check below. */
export function opens<const B extends string, const F extends string>(breaker: B, of: F, withinMs: number) {
  return { check: 'opens', breaker, of, withinMs } as const;
}

/** A check kind whose limit must lie within its fault: the smallest that shows how a plan asks. */
const opensKind: CheckKind = {
  kind: 'opens',
  needs: ['stdout'],
  schema: { breaker: { type: 'breaker' }, of: { type: 'fault' }, withinMs: { type: 'number', min: 1, unit: 'ms' } },
  describe: (expectation) => `breaker ${expectation.breaker} opens while ${expectation.of} lasts`,
  problems: (expectation, plan, path) => {
    const window = plan.faults.find(({ name }) => name === expectation.of)?.windows[0];
    const lengthMs = window === undefined ? 0 : (window.toUs - window.fromUs) / 1000;
    const { withinMs } = expectation as ReturnType<typeof opens>;
    return withinMs < lengthMs ? [] : [{ path: `${path}.withinMs`, expected: `less than ${lengthMs} ms`, found: String(withinMs) }];
  },
};

/** An expectation that needs nothing to be told. */
export const told = { check: 'told', of: 'slowness' } as const;

const toldKind: CheckKind = {
  ...opensKind,
  kind: 'told',
  needs: [],
  schema: { of: { type: 'fault' } },
  describe: () => 'is told',
  problems: () => [],
};

const environment = (kind: string, powers: EnvironmentKind['powers']): EnvironmentKind => ({
  kind,
  powers,
  describe: () => `${kind} processes`,
});

/** The real tables of faults, probes and arrivals, beside two checks and two environments. */
export const catalogue: Catalogue = {
  faults: faultDrivers as unknown as Catalogue['faults'],
  checks: { opens: opensKind, told: toldKind },
  probes: probeDrivers,
  environments: {
    embedded: environment('embedded', ['tcp', 'http', 'tap', 'process', 'stdout', 'readiness']),
    attach: environment('attach', ['tcp']),
  },
  loads: {
    builtin: { kind: 'builtin', needs: [], schema: {}, accepts: ['open'], describe: () => 'a process of its own' },
    k6: { kind: 'k6', needs: [], schema: {}, accepts: ['open', 'k6-script'], describe: () => 'k6' },
  },
  arrivals: arrivalKinds,
};

export const config: Config = defineConfig();
