import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/model/problem.ts';
import { checkedScenario, validateScenario } from '../../../harness/scenario/validate.ts';
import { catalogue, slow } from './shop.ts';

type Json = Record<string, unknown>;

/** The valid scenario with a few fields replaced, as a file could hold it. */
function withFields(fields: Json): unknown {
  return { ...slow, ...fields };
}

function fault(fields: Json): Json {
  return { ...slow.faults[0], ...fields };
}

function request(fields: Json): Json {
  return { ...slow.load.requests[0], ...fields };
}

function paths(scenario: unknown): string[] {
  return validateScenario(scenario, catalogue).map(({ path }) => path);
}

function faultPaths(...faults: readonly Json[]): string[] {
  return paths(withFields({ faults, expect: [{ check: 'opens', breaker: 'orders.payments', of: faults[0]?.['name'], withinMs: 5 }] }));
}

describe('the whole scenario', () => {
  it('finds nothing in a valid one', () => {
    expect(validateScenario(slow, catalogue)).toEqual([]);
  });

  it.each([[undefined], [null], ['text'], [[]], [42]])('refuses %j as no scenario', (value) => {
    expect(paths(value)).toEqual(['scenario']);
  });

  it('tells a bare declaration to go through defineScenario', () => {
    expect(validateScenario({ title: 'x' }, catalogue)[0]?.hint).toMatch(/defineScenario/);
  });

  it('refuses what JSON cannot hold, with its path', () => {
    const loop: Json = {};
    loop['self'] = loop;
    expect(paths(withFields({ faults: [{ name: 'x', inject: { at: new Date(0) } }], tags: [() => 1], expect: [loop] }))).toEqual([
      'tags[0]',
      'faults[0].inject.at',
      'expect[0].self',
    ]);
  });

  it('reports problems of every part at once', () => {
    const scenario = withFields({
      title: ' ',
      tags: '@smoke',
      timline: {},
      load: { ...slow.load, arrivals: { kind: 'constant', ratePerSecond: -5 } },
      timeline: { warmupMs: -1, baselineMs: 0, recoveryMs: 0 },
      pace: { fast: { recoveryMs: 0 } },
      faults: [fault({ inject: { ...slow.faults[0]?.inject, edge: 'orders->paymets' } })],
      expect: [{ check: 'opens', breaker: 'orders.paymnts', of: 'storm', withinMs: 5 }],
    });
    expect(paths(scenario).sort()).toEqual(
      [
        'title',
        'tags',
        'timline',
        'load.arrivals.ratePerSecond',
        'timeline.warmupMs',
        'timeline.baselineMs',
        'timeline.recoveryMs',
        'pace.fast.recoveryMs',
        'faults[0].inject.edge',
        'expect[0].breaker',
        'expect[0].of',
      ].sort(),
    );
  });

  it('says what was expected, what was found and the near name', () => {
    const scenario = withFields({ faults: [fault({ inject: { ...slow.faults[0]?.inject, edge: 'orders->paymets' } })] });
    expect(validateScenario(scenario, catalogue)).toEqual([
      {
        path: 'faults[0].inject.edge',
        expected: 'the name of an edge (orders->payments)',
        found: '"orders->paymets"',
        hint: "did you mean 'orders->payments'?",
      },
    ]);
  });

  it('passes a valid scenario on and throws all problems of another', () => {
    expect(checkedScenario(slow, catalogue)).toBe(slow);
    expect(() => checkedScenario(withFields({ title: '', tags: 1 }), catalogue)).toThrow(UsageError);
    expect(() => checkedScenario(withFields({ title: '', tags: 1 }), catalogue)).toThrow(/title[^]*tags/);
  });
});

describe('faults', () => {
  it.each([
    ['a negative start', { from: '-1s' }, 'faults[0].from'],
    ['an unreadable start', { from: 'soon' }, 'faults[0].from'],
    ['no length', { for: '0s' }, 'faults[0].for'],
    ['a length past the longest run', { for: '31m' }, 'faults[0].for'],
    ['an end past the longest run', { from: '29m', for: '2m' }, 'faults[0]'],
    ['a last repeat past the longest run', { for: '1s', every: '1m', times: 40 }, 'faults[0]'],
    ['a period shorter than itself', { for: '2s', every: '1s', times: 2 }, 'faults[0].every'],
    ['a period as long as itself', { for: '2s', every: '2s', times: 2 }, 'faults[0].every'],
    ['repeats without a period', { times: 2 }, 'faults[0].every'],
    ['a period without repeats', { every: '9s' }, 'faults[0].times'],
    ['half a repeat', { every: '9s', times: 1.5 }, 'faults[0].times'],
    ['no repeat', { every: '9s', times: 0 }, 'faults[0].times'],
    ['a name that cannot travel', { name: 'a/b' }, 'faults[0].name'],
    ['an unknown field', { untill: '2s' }, 'faults[0].untill'],
    ['an unknown kind', { inject: { kind: 'latncy', edge: 'orders->payments' } }, 'faults[0].inject.kind'],
    ['a kind that every object has', { inject: { kind: 'constructor' } }, 'faults[0].inject.kind'],
    ['no kind', { inject: null }, 'faults[0].inject'],
    ['a missing field', { inject: { kind: 'latency', edge: 'orders->payments', delayMs: 5, jitterMs: 0 } }, 'faults[0].inject.stream'],
    [
      'no edge between its sides',
      { inject: { kind: 'partition', from: ['orders'], to: ['orders'], direction: 'both' } },
      'faults[0].inject',
    ],
  ])('refuses %s', (_, fields, path) => {
    const found = faultPaths(fault(fields));
    expect(found).toContain(path);
  });

  it("refuses a phase's name, which expectations could not tell from the phase", () => {
    expect(faultPaths(fault({ name: 'baseline' }))).toEqual(['faults[0].name']);
  });

  it('refuses the second of two faults with one name', () => {
    expect(faultPaths(fault({}), fault({}))).toEqual(['faults[1].name']);
  });

  it('accepts a repeating fault', () => {
    expect(faultPaths(fault({ for: '1s', every: '2s', times: 3 }))).toEqual([]);
  });

  it('hints at the near kind', () => {
    const scenario = withFields({ faults: [fault({ inject: { kind: 'latncy' } })] });
    expect(validateScenario(scenario, catalogue).find(({ path }) => path === 'faults[0].inject.kind')?.hint).toBe(
      "did you mean 'latency'?",
    );
  });
});

describe('the load', () => {
  it.each([
    ['no weight', { weight: 0 }, 'weight'],
    ['a negative weight', { weight: -1 }, 'weight'],
    ['no time to answer', { timeoutMs: 0 }, 'timeoutMs'],
    ['a relative path', { path: 'quote' }, 'path'],
    ['a placeholder without values', { path: '/quote/{sku}/{size}' }, 'path'],
    ['a placeholder without values in its body', { body: { items: ['{size}'] } }, 'body'],
    ['a method that is none', { method: 'get' }, 'method'],
    ['headers that are no text', { headers: { a: 1 } }, 'headers'],
    ['a pointer that is none', { observe: { value: 'fee' } }, 'observe.value'],
  ])('refuses a request with %s', (_, fields, field) => {
    expect(paths(withFields({ load: { ...slow.load, requests: [request(fields)] } }))).toEqual([`load.requests[0].${field}`]);
  });

  it.each([[-1], [0], ['ten'], [1e9]])('refuses a rate of %j', (ratePerSecond) => {
    expect(paths(withFields({ load: { ...slow.load, arrivals: { kind: 'constant', ratePerSecond } } }))).toEqual([
      'load.arrivals.ratePerSecond',
    ]);
  });

  it('refuses requests of one name, an empty list of requests and an empty list of values', () => {
    expect(paths(withFields({ load: { ...slow.load, requests: [request({}), request({})] } }))).toEqual(['load.requests[1].name']);
    expect(paths(withFields({ load: { ...slow.load, requests: [] } }))).toEqual(['load.requests']);
    expect(paths(withFields({ load: { ...slow.load, values: { sku: [] } } }))).toEqual(['load.values.sku']);
  });
});

describe('the system', () => {
  function systemPaths(fields: Json): string[] {
    return paths(withFields({ system: { ...slow.system, ...fields } }));
  }

  it('refuses an unknown entry', () => {
    expect(systemPaths({ entry: 'oders' })).toEqual(['system.entry']);
  });

  it("refuses a breaker on another service's edge, and a probe that is unknown", () => {
    const breakers = { 'orders.payments': { service: 'payments', edge: 'orders->payments', probe: { kind: 'stdout-event' } } };
    expect(systemPaths({ breakers })).toEqual(['system.breakers["orders.payments"].edge', 'system.breakers["orders.payments"].probe.kind']);
  });

  it('refuses an edge whose name is not its ends, and an edge to nobody', () => {
    const edge = { ...slow.system.edges[0] };
    expect(systemPaths({ edges: [edge, { ...edge, callee: 'catalog', env: 'CATALOG_URL' }] })).toEqual([
      'system.edges[1].callee',
      'system.edges[1].name',
      'system.edges[1].name',
    ]);
  });

  it('refuses services of the wrong shape', () => {
    const services = { ...slow.system.services, orders: { command: 'node orders.ts', env: { A: 1 }, port: 0 } };
    expect(systemPaths({ services }).sort()).toEqual(
      ['command', 'env.A', 'port', 'portEnv', 'readyWithinMs'].map((field) => `system.services.orders.${field}`).sort(),
    );
  });
});

describe('expectations', () => {
  const expectation = { check: 'opens', breaker: 'orders.payments', of: 'slowness', withinMs: 2000 };

  it('refuses a scenario that expects nothing', () => {
    expect(paths(withFields({ expect: [] }))).toEqual(['expect']);
  });

  it('refuses the same expectation twice, whatever the order of its fields', () => {
    const again = { withinMs: 2000, of: 'slowness', breaker: 'orders.payments', check: 'opens' };
    expect(paths(withFields({ expect: [expectation, again] }))).toEqual(['expect[1]']);
  });

  it('accepts two that differ', () => {
    expect(paths(withFields({ expect: [expectation, { ...expectation, withinMs: 1000 }] }))).toEqual([]);
  });

  it('refuses unknown checks, names and fields', () => {
    expect(paths(withFields({ expect: [{ check: 'open' }, { ...expectation, of: 'slownes', within: 3 }] }))).toEqual([
      'expect[0].check',
      'expect[1].of',
      'expect[1].within',
    ]);
  });
});
