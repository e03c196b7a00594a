import { describe, expect, it } from 'vitest';
import type { System } from '../../../../harness/model/system.ts';
import type { ToxicSpec } from '../../../../harness/run/proxy/contract.ts';
import { partition, partitionDriver, type Partition } from '../../../../harness/run/faults/partition.ts';

const edge = (caller: string, callee: string): System['edges'][number] => ({
  name: `${caller}->${callee}`,
  caller,
  callee,
  env: 'URL',
  url: 'http://{host}:{port}',
  protocol: 'http',
});
const system: System = {
  name: 'shop',
  entry: 'gateway',
  services: {},
  breakers: {},
  edges: [edge('gateway', 'orders'), edge('orders', 'payments'), edge('payments', 'orders'), edge('orders', 'stock')],
};

describe('a partition', () => {
  it('reaches every edge between its sets, whoever calls, and no other', () => {
    expect(partitionDriver.reach(partition(['orders'], ['payments', 'stock']), system).edges).toEqual([
      'orders->payments',
      'payments->orders',
      'orders->stock',
    ]);
    expect(partitionDriver.reach(partition(['gateway'], ['payments']), system).edges).toEqual([]);
  });

  it.each([
    ['both', ['orders->payments cut#up', 'orders->payments cut#down', 'payments->orders cut#up', 'payments->orders cut#down']],
    ['to', ['orders->payments cut#up', 'payments->orders cut#down']],
    ['from', ['orders->payments cut#down', 'payments->orders cut#up']],
  ] as const)('loses the packets of direction %s, on calls there and on calls back', async (direction, expected) => {
    const added: string[] = [];
    const fault: Partition = partition(['orders'], ['payments'], { direction });
    const streams: string[] = [];
    await partitionDriver.inject(fault, {
      name: 'cut',
      seed: 1,
      system,
      proxy: {
        addToxic: (name: string, toxic: ToxicSpec) => {
          added.push(`${name} ${toxic.name}`);
          streams.push(toxic.stream === 'upstream' ? 'up' : 'down');
          return Promise.resolve();
        },
        removeToxic: () => Promise.resolve(),
        addRule: () => Promise.resolve(),
        removeRule: () => Promise.resolve(),
        held: () => Promise.resolve([]),
        release: () => Promise.resolve(0),
        touched: () => Promise.resolve(0),
      },
      processes: {
        kill: () => Promise.resolve(),
        start: () => Promise.resolve(),
        stop: () => Promise.resolve(),
        pause: () => Promise.resolve(),
        resume: () => Promise.resolve(),
      },
      containers: null,
      signal: AbortSignal.timeout(1000),
    });
    expect(added).toEqual(expected);
    expect(added.map((name) => name.slice(name.indexOf('#') + 1))).toEqual(streams);
  });
});
