/** Goal: this repository's docker-compose.chaos.yml starts the whole shop by hand, with every call through relay and Toxiproxy. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { PROJECT_LABEL } from '../../harness/run/environments/containers/undo.ts';
import { reservePort } from '../../harness/run/environments/ports.ts';
import type { TapRecord } from '../../harness/run/proxy/contract.ts';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { eventually, repository } from '../cli/halfopen.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const run = promisify(execFile);
const project = `halfopen-shop-by-hand-${process.pid}`;
const SHOP_IMAGES = ['postgres:15', 'redis:7', 'rabbitmq:3.10'];

describeWithEngine(
  'docker compose -f docker-compose.chaos.yml up',
  () => {
    let env: Readonly<Record<string, string | undefined>>;
    const compose = (...args: readonly string[]) =>
      run('docker', ['compose', '-p', project, '-f', 'docker-compose.chaos.yml', ...args], { cwd: repository, env });
    afterAll(() => compose('down', '--volumes', '--timeout', '2'));

    it('serves quotes and takes orders, through the relay, with database, cache and broker', async () => {
      const [entry, relayPort] = [await reservePort(), await reservePort()];
      env = {
        ...process.env,
        HALFOPEN_ENTRY_PORT: String(entry),
        HALFOPEN_RELAY_PORT: String(relayPort),
        HALFOPEN_TOXIPROXY_PORT: String(await reservePort()),
        HALFOPEN_SENTINEL_PORT: String(await reservePort()),
      };
      await compose('up', '--detach');
      const records: TapRecord[] = [];
      const signal = AbortSignal.timeout(150_000);
      await using relay = await connectProxy({
        controlUrl: `http://127.0.0.1:${relayPort}`,
        onTap: (batch) => records.push(...batch),
        onLost: () => undefined,
        signal,
      });
      const quote = async (): Promise<unknown> => {
        const answer = await fetch(`http://127.0.0.1:${entry}/quote/kettle`).catch(() => null);
        return answer?.status === 200 ? answer.json() : null;
      };
      // Quotes degrade until the last service is ready.
      const whole = { sku: 'kettle', price: { amount: expect.any(Number) as number }, fee: { amount: expect.any(Number) as number } };
      let last: unknown;
      await eventually('a quote', 90_000, async () => {
        last = await quote();
        return last !== null && !/_stale|_unavailable/.test(JSON.stringify(last));
      });
      expect(last).toMatchObject(whole);
      await eventually('an order', 60_000, async () => {
        const order = {
          method: 'POST',
          body: JSON.stringify({ sku: 'kettle', quantity: 1 }),
          headers: { 'idempotency-key': crypto.randomUUID() },
        };
        return (await fetch(`http://127.0.0.1:${entry}/orders`, order)).ok;
      });
      await relay.flush(signal);
      const passed = new Set(records.map(({ edge }) => edge));
      for (const edge of [
        'gateway->orders',
        'gateway->catalog',
        'gateway->price-cache',
        'orders->payments',
        'orders->orders-db',
        'orders->broker',
      ])
        expect([...passed]).toContain(edge);
      await compose('down', '--volumes', '--timeout', '2');
      const { stdout } = await run('docker', ['ps', '-aq', '--filter', `label=${PROJECT_LABEL}=${project}`]);
      expect(stdout).toBe('');
    });
  },
  SHOP_IMAGES,
);
