/** Goal: `attach` with our own proxy as the Toxiproxy, and with what merely claims to be one. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { blackhole } from '../../harness/run/faults/blackhole.ts';
import { latency } from '../../harness/run/faults/latency.ts';
import { loss } from '../../harness/run/faults/loss.ts';
import { startProxyServer, type ProxyServer } from '../../harness/run/proxy/server.ts';
import { firstOf } from '../../harness/run/teardown.ts';
import { EDGE, PROXY, askToxiproxy, bringUp, pairScenario, routeThrough, startPair } from './attach-rig.ts';
import { attachSuite } from './attach-suite.ts';

let proxy: ProxyServer;
beforeAll(async () => void (proxy = await startProxyServer({ port: 0 })));
afterAll(() => proxy[Symbol.asyncDispose]());
const url = (): string => `http://127.0.0.1:${proxy.port}`;

describe('attached to `halfopen proxy`', () => {
  attachSuite(url);
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('attached to what is no Toxiproxy', () => {
  it('goes nowhere else although it is sent there', async () => {
    await using pairUp = await startPair();
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"version": "2.12.0"}');
    });
    const to = await listening(elsewhere);
    const redirecting = createServer((request, response) => void response.writeHead(307, { location: `${to}${request.url}` }).end());
    const toxiproxy = await listening(redirecting);
    const error = await bringUp(pairScenario(blackhole(EDGE)), { toxiproxy, entry: pairUp.entry }).catch((reason: Error) => reason);
    for (const server of [elsewhere, redirecting]) {
      server.closeAllConnections();
      server.close();
    }
    expect(error).toMatchObject({ name: 'HarnessError', message: expect.stringContaining('no Toxiproxy: it sends to') as string });
    expect(asked).toEqual([]);
  });

  it.each([
    ['something else', (text: string) => text, 'hello', /no Toxiproxy: it answered \/version with 200/],
    ['one that is too old', (text: string) => text, '{"version": "2.1.0"}', /'version' must be at least 2\.6: current value is 2\.1\.0/],
  ])('refuses %s', async (_, body, text, message) => {
    await using pairUp = await startPair();
    const server = createServer((_request, response) => void response.end(body(text)));
    const toxiproxy = await listening(server);
    await expect(bringUp(pairScenario(blackhole(EDGE)), { toxiproxy, entry: pairUp.entry })).rejects.toThrow(message);
    server.closeAllConnections();
    server.close();
  });

  it('says so where nobody answers', async () => {
    await using pairUp = await startPair();
    const gone = createServer();
    const toxiproxy = await listening(gone);
    gone.close();
    await expect(bringUp(pairScenario(blackhole(EDGE)), { toxiproxy, entry: pairUp.entry })).rejects.toThrow(
      /no Toxiproxy answers at .*ECONNREFUSED/,
    );
  });
});

describe('a fault that no Toxiproxy can make', () => {
  afterEach(() => askToxiproxy(url(), 'DELETE', `/proxies/${PROXY}`));

  it('is said when it is to be injected, and nothing stays', async () => {
    await using pairUp = await startPair();
    await routeThrough(url(), pairUp);
    await using up = await bringUp(pairScenario(loss(EDGE, { percent: 5 })), { toxiproxy: url(), entry: pairUp.entry });
    await expect(up.inject()).rejects.toThrow(/Cannot inject the fault 'harm': .*loss/);
    expect(up.ledgerLines().at(-1)).toContain('"gone":{"kind":"toxic"');
  });
});

describe('a Toxiproxy that goes away', () => {
  it('while a toxic of the run is in force fails the take-down, which says how to clean up, and leaves it written down', async () => {
    await using pairUp = await startPair();
    const shortlived = await startProxyServer({ port: 0 });
    const toxiproxy = `http://127.0.0.1:${shortlived.port}`;
    await routeThrough(toxiproxy, pairUp);
    const up = await bringUp(pairScenario(blackhole(EDGE)), { toxiproxy, entry: pairUp.entry });
    const toxic = { name: 'harm', type: 'latency', stream: 'downstream', attributes: { latency: 5 } } as const;
    await up.system.proxy.addToxic(EDGE, toxic, new AbortController().signal);
    await shortlived[Symbol.asyncDispose]();
    const failed = await Promise.resolve(up.system[Symbol.asyncDispose]()).catch((reason: Error) => firstOf(reason));
    expect(failed?.message).toMatch(/Cannot take every toxic back: .*halfopen clean/);
    expect(up.ledgerLines().some((line) => line.includes('"gone"'))).toBe(false);
    await expect(up[Symbol.asyncDispose]()).rejects.toThrow();
  });
});

describe('the entry at ::1', () => {
  afterEach(() => askToxiproxy(url(), 'DELETE', `/proxies/${PROXY}`));

  it('is reached', async () => {
    await using pairUp = await startPair();
    await routeThrough(url(), pairUp);
    const ipv6 = createServer((_request, response) => void response.end('{}'));
    await new Promise<void>((resolve) => ipv6.listen(0, '::1', resolve));
    const entry = `http://[::1]:${(ipv6.address() as AddressInfo).port}`;
    await using up = await bringUp(pairScenario(latency(EDGE, { delay: '50ms' })), { toxiproxy: url(), entry });
    expect(up.system.entry.host).toBe('::1');
    ipv6.closeAllConnections();
    ipv6.close();
  });
});
