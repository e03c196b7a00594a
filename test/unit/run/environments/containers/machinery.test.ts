import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { relaySpec, sentinelSpec, waysOf } from '../../../../../harness/run/environments/containers/machinery.ts';
import { call } from '../../../../integration/environment-rig.ts';

describe('the way of an edge', () => {
  const observe = { value: '/amount' };
  const ways = waysOf(
    [
      { ...call('front', 'back'), observe },
      { ...call('back', 'db'), protocol: 'tcp' },
    ],
    (callee) => (callee === 'db' ? 5432 : 8080),
  );

  it('leads from the relay through the Toxiproxy to the callee, on one port of its own', () => {
    const way = ways.get('front->back');
    expect(way?.relay).toEqual({
      edge: 'front->back',
      protocol: 'http',
      observe,
      listen: `0.0.0.0:${way?.port}`,
      upstream: `halfopen-toxiproxy:${way?.port}`,
    });
    expect(way?.toxiproxy).toEqual({ name: 'front--back', listen: `0.0.0.0:${way?.port}`, upstream: 'back:8080' });
    expect(ways.get('back->db')?.toxiproxy.upstream).toBe('db:5432');
    expect(new Set([...ways.values()].map(({ port }) => port)).size).toBe(3);
  });

  it('is there for the sentinel, on the port that the relay publishes', () => {
    const way = ways.get('load->sentinel');
    const { ports } = relaySpec({ name: 'r', network: 'n', labels: {} }, { seed: 1, controlPort: 1001, sentinelPort: 1002 });
    expect(ports).toContainEqual({ container: way?.port, host: 1002 });
  });
});

it('copies code that is there, and runs a file of it', () => {
  const own = { name: 'r', network: 'n', labels: {} };
  for (const { copies = [], command } of [relaySpec(own, { seed: 1, controlPort: 1, sentinelPort: 2 }), sentinelSpec(own)]) {
    const sources = copies.flatMap((copy) => ('source' in copy ? [copy] : []));
    expect(sources.length).toBeGreaterThan(0);
    for (const { source } of sources) expect(existsSync(source), source).toBe(true);
    const entry = command[1] ?? '';
    const [found] = sources.filter(({ target }) => entry.startsWith(target));
    expect(found, entry).toBeDefined();
    expect(existsSync(entry.replace(found?.target ?? '', found?.source ?? '')), entry).toBe(true);
  }
});
