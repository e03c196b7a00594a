// Goal: no byte is lost or moved while toxics that lose nothing come, change and go a thousand times. The full size is `npm run prove proxy-soak`.
import { describe, expect, test } from 'vitest';
import { ownEngine, type Engine } from '../../scripts/prove/proxy-rig.ts';
import { soak } from '../../scripts/prove/proxy-soak.ts';

describe.each([
  { workers: 0, changes: 1000 },
  { workers: 2, changes: 300 },
])('with $workers workers', ({ workers, changes }) => {
  test(`${changes} changes leave every byte at its place`, async () => {
    const result = await soak({ engine: ownEngine({ workers }), connections: 4, bytesMin: 2_000_000, changes, seed: 11 });
    expect(result.faults).toEqual([]);
    expect(result.streams).toBe(8);
    expect(result.bytes).toBeGreaterThanOrEqual(8 * 2_000_000);
    const { added = 0, changed = 0, removed = 0 } = result.made;
    expect(added + changed + removed).toBe(changes);
    expect(Math.min(added, changed, removed)).toBeGreaterThan(changes / 10);
  });
});

test('a toxic that does lose something is seen: the comparison can fail', async () => {
  const engine = ownEngine();
  const cutting: Engine = {
    ...engine,
    async start(options) {
      const proxy = await engine.start(options);
      const { listen } = proxy;
      return Object.assign(proxy, {
        async listen(name: string, upstream: string) {
          const port = await listen(name, upstream);
          await proxy.toxic(name, { type: 'limit_data', name: 'planted', stream: 'downstream', attributes: { bytes: 100_001 } });
          return port;
        },
      });
    },
  };
  const { faults } = await soak({ engine: cutting, connections: 1, bytesMin: 1_000_000, changes: 20, seed: 1 });
  expect(faults.join('\n')).toMatch(/bytes were sent and \d+ arrived/);
});
