import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../harness/model/plan.ts';
import { compilePlan } from '../../../harness/plan/compile.ts';
import { describePlan } from '../../../harness/plan/describe.ts';
import { catalogue, config, slow } from '../scenario/shop.ts';

const options = { config, environment: 'embedded', seed: 7, pace: 'full', overrides: {}, catalogue } as const;
const text = describePlan(compilePlan(slow, options), catalogue);

describe('a dry run', () => {
  it('prints the timeline in seconds, with each fault in words under its phase', () => {
    expect(text).toMatch(/^ +0\.0 +2\.0 +warmup/m);
    expect(text).toMatch(/^ +7\.0 +13\.0 +fault\n +8\.0 +13\.0 +slowness +orders->payments: replies 2000 ms later$/m);
    expect(text).toMatch(/^ +13\.0 +23\.0 +recovery\n +23\.0 +≤33\.0 +drain/m);
  });

  it('counts arrivals by request and phase, and the sums agree', () => {
    const row = (name: string): number[] =>
      (new RegExp(`^  ${name} +(\\d+(?: +\\d+)*)`, 'm').exec(text)?.[1] ?? '').split(/ +/).map(Number);
    const [quote, stock, all] = [row('quote'), row('stock'), row('all')];
    expect(all).toEqual([20, 50, 60, 100, 230]);
    expect(quote.map((count, phase) => count + (stock[phase] ?? 0))).toEqual(all);
  });

  it('says in words what is expected, watched, started and proxied', () => {
    expect(text).toContain('1. breaker orders.payments opens while slowness lasts');
    expect(text).toMatch(/orders\.payments +orders->payments +lines on stdout; sees half-open; observer effect/);
    expect(text).toMatch(/orders \(entry\) +node orders\.ts; ready when \/readyz answers 200, within 15 s/);
    expect(text).toMatch(/orders->payments +http +orders learns it from PAYMENTS_URL=http:\/\/\{host\}:\{port\}/);
    expect(text).toContain('seed');
  });

  it('says of each edge what carries which faults, where that is not one proxy alone', () => {
    const plan = compilePlan(slow, options);
    const [http] = plan.system.edges;
    if (http === undefined) throw new TypeError('the plan has no edge');
    const edges = [http, { ...http, name: 'orders->ledger', env: 'LEDGER', protocol: 'tcp' as const }];
    const withPowers = (powers: Plan['powers'], settings: Plan['settings'] = {}): string =>
      describePlan({ ...plan, system: { ...plan.system, edges }, powers, settings }, catalogue).replaceAll(/\s+/g, ' ');
    const inContainers = withPowers([...plan.powers, 'container']);
    expect(inContainers).toContain(
      'orders->payments http relay (tap, HTTP faults) → Toxiproxy (TCP faults); orders learns it from PAYMENTS_URL',
    );
    expect(inContainers).toContain('orders->ledger tcp relay (tap) → Toxiproxy (TCP faults); orders learns it from LEDGER');
    const attached = withPowers(['tcp'], { attach: { toxiproxy: '', entry: '', proxies: { 'orders->payments': 'pay' } } });
    expect(attached).toContain('orders->payments http Toxiproxy that is already there: pay, no tap; orders learns it from');
    expect(attached).toContain('orders->ledger tcp Toxiproxy that is already there: orders--ledger, no tap');
    expect(text).not.toMatch(/relay|Toxiproxy/);
  });

  it('says of users how many go and how, and plans no arrivals of theirs', () => {
    const journeys = [
      { name: 'looking', file: 'looking.ts', export: 'default', timeoutMs: 30_000, users: 3, thinkMs: 500 },
      { name: 'buying', file: 'buying.ts', export: 'default', timeoutMs: 30_000, users: 1, thinkMs: 0 },
    ];
    const plan = compilePlan(slow, options);
    if (plan.load.kind !== 'open') throw new TypeError('the load is open');
    const described = describePlan({ ...plan, load: { ...plan.load, journeys } }, catalogue);
    expect(described).toContain('; 230 arrivals, and 4 users who go again and again; sent by');
    expect(described.replaceAll(/\s+/g, ' ')).toContain(
      'looking - - - - - journey looking.ts, given up after 30 s; 3 users go, each again after 500 ms of thought when the last has ended',
    );
    expect(described.replaceAll(/\s+/g, ' ')).toContain(
      'journey buying.ts, given up after 30 s; 1 user goes again when the last has ended',
    );
  });

  it('prints overrides, so that a defect that was set is seen', () => {
    expect(describePlan(compilePlan(slow, { ...options, overrides: { orders: { DEFECT: 'never-opens' } } }), catalogue)).toContain(
      'orders.DEFECT=never-opens',
    );
  });

  it('prints the first windows of a fault that repeats and counts the others', () => {
    const faults = slow.faults.map((fault) => ({ ...fault, for: '3s' as const, every: '4s' as const, times: 20 }));
    const repeated = describePlan(compilePlan({ ...slow, faults }, options), catalogue);
    expect(repeated).toMatch(/slowness 8\/20/);
    expect(repeated).toMatch(/slowness +12 more/);
  });

  it('never passes 100 columns, however long the names are', () => {
    const long = 'x'.repeat(250);
    const wide = {
      ...slow,
      title: `${long} ${'word '.repeat(80)}`,
      load: {
        ...slow.load,
        requests: slow.load.requests.map((request, index) => ({ ...request, name: `${long}${index}`, path: `/${long}` })),
      },
      system: {
        ...slow.system,
        services: { ...slow.system.services, [long]: { command: [long, long], portEnv: 'PORT', readyWithinMs: 1000 } },
      },
    };
    const lines = describePlan(compilePlan(wide, options), catalogue).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
