/** Goal: `attach` with the real Toxiproxy, on this machine's own network and behind published ports. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latency } from '../../harness/run/faults/latency.ts';
import { reservePort } from '../../harness/run/environments/ports.ts';
import { attachSuite } from '../integration/attach-suite.ts';
import { EDGE, PROXY, askToxiproxy, bringUp, pairScenario, startPair } from '../integration/attach-rig.ts';
import { ECHO, until } from '../integration/environment-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const TOXIPROXY = 'ghcr.io/shopify/toxiproxy:2.12.0';
const OWN = `halfopen-test-attach-${process.pid}`;

function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 }).trim();
}

function untilAnswering(url: string): Promise<void> {
  return until(async () => {
    try {
      return (await fetch(url)).ok;
    } catch {
      return false;
    }
  }, 30_000);
}

describeWithEngine('attached to the real Toxiproxy', () => {
  describe('on this machine', () => {
    let url = '';
    const name = `${OWN}-host`;
    beforeAll(async () => {
      const port = await reservePort();
      docker('run', '-d', '--name', name, '--network', 'host', TOXIPROXY, '-host', '127.0.0.1', '-port', String(port));
      url = `http://127.0.0.1:${port}`;
      await untilAnswering(`${url}/version`);
    });
    afterAll(() => void docker('rm', '-f', name));
    attachSuite(() => url);
  });

  describe('in a container of its own, with published ports', () => {
    let url = '';
    let published = 0;
    const [network, payments, toxiproxy] = [`${OWN}-net`, `${OWN}-payments`, `${OWN}-toxiproxy`];
    beforeAll(async () => {
      docker('network', 'create', network);
      docker(
        'run',
        '-d',
        '--name',
        payments,
        '--network',
        network,
        '-e',
        'PORT=80',
        '-e',
        'HOST=0.0.0.0',
        'node:24-slim',
        'node',
        '-e',
        ECHO,
      );
      const ports = [await reservePort(), await reservePort()] as const;
      const publish = ['-p', `127.0.0.1:${ports[0]}:8474`, '-p', `127.0.0.1:${ports[1]}:20001`];
      docker('run', '-d', '--name', toxiproxy, '--network', network, ...publish, TOXIPROXY, '-host', '0.0.0.0');
      url = `http://127.0.0.1:${ports[0]}`;
      published = ports[1];
      await untilAnswering(`${url}/version`);
      await askToxiproxy(url, 'POST', '/proxies', { name: PROXY, listen: '0.0.0.0:20001', upstream: `${payments}:80` });
      await untilAnswering(`http://127.0.0.1:${published}/`);
    });
    afterAll(() => {
      docker('rm', '-f', payments, toxiproxy);
      docker('network', 'rm', network);
    });

    it('asks the sentinel directly, as no proxy there leads to it, and leaves none', async () => {
      await using pairUp = await startPair();
      await using up = await bringUp(pairScenario(latency(EDGE, { delay: '300ms' })), { toxiproxy: url, entry: pairUp.entry });
      const told = up.events.flatMap((event) => (event.kind === 'environment' && event.what === 'sentinel' ? [event.detail] : []));
      expect(told).toEqual([expect.stringContaining('asked directly')]);
      expect((await fetch(`http://${up.system.sentinel.host}:${up.system.sentinel.port}/`)).status).toBe(200);
      expect(Object.keys((await askToxiproxy(url, 'GET', '/proxies')) as object)).toEqual([PROXY]);
    });

    it('sends canaries where the configuration says that the proxy is reached', async () => {
      await using pairUp = await startPair();
      const reach = { [EDGE]: `127.0.0.1:${published}` };
      const fault = latency(EDGE, { delay: '300ms' });
      await using up = await bringUp(pairScenario(fault), { toxiproxy: url, entry: pairUp.entry, reach });
      await up.inject();
      const during = up.events.filter((event) => event.kind === 'canary' && event.moment === 'during');
      expect(during.at(-1)).toMatchObject({ outcome: 'answered', isBitten: true });
    });

    it('cannot tell where it does not say: on the port that the proxy names nobody listens here', async () => {
      await using pairUp = await startPair();
      await using up = await bringUp(pairScenario(latency(EDGE, { delay: '300ms' })), { toxiproxy: url, entry: pairUp.entry });
      await up.inject();
      const canaries = up.events.filter((event) => event.kind === 'canary');
      expect(canaries.length).toBeGreaterThan(0);
      expect(canaries.every(({ outcome, isBitten }) => outcome === 'refused' && isBitten === null)).toBe(true);
    });
  });
});
