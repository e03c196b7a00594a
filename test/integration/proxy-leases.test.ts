import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TapStream } from '../../harness/run/proxy/tap-client.ts';
import { readTaps } from '../../harness/run/proxy/tap-client.ts';
import type { Expiry } from '../../harness/run/proxy/lease.ts';
import { startProxyServer, type ProxyServer } from '../../harness/run/proxy/server.ts';
import { schemaProblems } from './proxy-document.ts';
import { never } from './proxy-world.ts';

let server: ProxyServer;
let taps: TapStream;
let expiries: Expiry[];
const waiters = new Set<() => void>();

beforeEach(async () => {
  server = await startProxyServer({ port: 0 });
  expiries = [];
  const connection = {
    controlUrl: `http://${server.host}:${server.port}`,
    signal: never,
    onTap: () => undefined,
    onLost: (count: number) => {
      throw new Error(`${count} records lost`);
    },
    onExpired(expiry: Expiry) {
      expiries.push(expiry);
      waiters.forEach((waiter) => waiter());
    },
  };
  taps = await readTaps(connection, 5000);
});
afterEach(async () => {
  await taps.close();
  await server[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`http://${server.host}:${server.port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

/** Resolves with the expiry of that fault, as the stream of taps tells it. */
function expired(fault: string): Promise<Expiry> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`${fault} did not expire; ${JSON.stringify(expiries)} did`)), 10_000);
    const check = (): void => {
      const found = expiries.find((expiry) => expiry.fault === fault);
      if (found === undefined) return;
      clearTimeout(deadline);
      waiters.delete(check);
      resolve(found);
    };
    waiters.add(check);
    check();
  });
}

async function makeProxy(name: string): Promise<void> {
  const { status } = await ask('POST', '/proxies', { name, upstream: '127.0.0.1:1', protocol: 'http' });
  expect(status).toBe(201);
}

const toxic = (name: string, lease: object): object => ({ name, type: 'latency', attributes: { latency: 1 }, ...lease });
const rule = (name: string, lease: object): object => ({ name, action: { kind: 'refuse' }, ...lease });

async function faults(proxy: string): Promise<readonly string[]> {
  const { body } = await ask('GET', '/halfopen/state');
  const { proxies } = body as { proxies: readonly { name: string; faults: readonly { name: string }[] }[] };
  return proxies.find(({ name }) => name === proxy)?.faults.map(({ name }) => name) ?? [];
}

test('toxics and rules leave by themselves when their time is over, and a change that gives a new time begins it anew', async () => {
  await makeProxy('p');
  await ask('POST', '/proxies/p/toxics', toxic('short', { ttlMs: 100 }));
  await ask('POST', '/proxies/p/toxics', toxic('changed', { ttlMs: 60_000, owner: 'me' }));
  await ask('POST', '/proxies/p/toxics', toxic('stays', {}));
  await ask('POST', '/halfopen/proxies/p/rules', rule('rule', { ttlMs: 150 }));
  expect(await expired('short')).toMatchObject({ proxy: 'p', form: 'toxic', kind: 'latency', owner: null, reason: 'ttl' });
  const change = await ask('PATCH', '/proxies/p/toxics/changed', { ttlMs: 100 });
  expect(change.body).toMatchObject({ name: 'changed', ttlMs: 100, owner: 'me' });
  expect(await expired('changed')).toMatchObject({ owner: 'me', reason: 'ttl' });
  expect(await expired('rule')).toMatchObject({ form: 'rule', kind: 'refuse' });
  expect(await faults('p')).toEqual(['stays']);
  for (const expiry of expiries) expect(schemaProblems('Expiry', expiry)).toEqual([]);
});

test('toxics that come with their proxy have a time as well', async () => {
  await ask('POST', '/populate', [{ name: 'p', upstream: '127.0.0.1:1', toxics: [toxic('with', { ttlMs: 50 })] }]);
  expect((await expired('with')).proxy).toBe('p');
});

test('a lease that is not renewed takes what its owner put in force, on every proxy', async () => {
  await makeProxy('p');
  await makeProxy('q');
  const lease = await ask('PUT', '/halfopen/leases/a%20harness', { ttlMs: 60_000 });
  expect(lease).toMatchObject({ status: 200, body: { owner: 'a harness', ttlMs: 60_000, renewals: 0 } });
  expect(schemaProblems('OwnerLease', lease.body)).toEqual([]);
  await ask('POST', '/proxies/p/toxics', toxic('mine', { owner: 'a harness' }));
  await ask('POST', '/halfopen/proxies/q/rules', rule('also', { owner: 'a harness' }));
  await ask('POST', '/halfopen/proxies/q/rules', rule('other', { owner: 'b' }));
  expect((await ask('PUT', '/halfopen/leases/a%20harness', { ttlMs: 50 })).body).toMatchObject({ renewals: 1 });
  expect((await expired('mine')).reason).toBe('lease');
  expect(await expired('also')).toMatchObject({ proxy: 'q', owner: 'a harness', reason: 'lease' });
  expect([await faults('p'), await faults('q')]).toEqual([[], ['other']]);
  expect((await ask('GET', '/halfopen/leases')).body).toEqual({ owners: [], deadMan: null });
  expect((await ask('DELETE', '/halfopen/leases/a%20harness')).status).toBe(404);
});

test('a lease that is ended takes its faults at once, also where none was held', async () => {
  await makeProxy('p');
  await ask('POST', '/proxies/p/toxics', toxic('mine', { owner: 'me' }));
  await ask('POST', '/halfopen/proxies/p/rules', rule('rule', { owner: 'me' }));
  const end = await ask('DELETE', '/halfopen/leases/me');
  expect(end).toEqual({ status: 200, body: { withdrawn: 2, failed: 0 } });
  expect(await faults('p')).toEqual([]);
  expect((await expired('mine')).reason).toBe('lease-ended');
});

test("the dead-man's lease leaves no fault on any proxy, and each of them listening", async () => {
  await makeProxy('p');
  await makeProxy('off');
  await ask('POST', '/proxies/off', { enabled: false });
  await ask('POST', '/proxies/p/toxics', toxic('t', {}));
  expect((await ask('GET', '/halfopen/dead-man')).status).toBe(404);
  const armed = await ask('PUT', '/halfopen/dead-man', { ttlMs: 60_000 });
  expect(schemaProblems('Lease', armed.body)).toEqual([]);
  expect((await ask('DELETE', '/halfopen/dead-man')).status).toBe(204);
  expect((await ask('DELETE', '/halfopen/dead-man')).status).toBe(404);
  await ask('PUT', '/halfopen/dead-man', { ttlMs: 50 });
  expect((await expired('t')).reason).toBe('dead-man');
  expect(await expired('down')).toMatchObject({ proxy: 'off', form: 'proxy', kind: 'down' });
  expect((await ask('GET', '/proxies/off')).body).toMatchObject({ enabled: true });
  expect(await faults('p')).toEqual([]);
});

test.each([[undefined], [{}], [{ ttlMs: null }], [{ ttlMs: '5' }], [{ ttlMs: 0 }], [{ ttlMs: -1 }], [{ ttlMs: 2 ** 31 }], [[]]])(
  'a lease with the body %j is refused',
  async (body) => {
    for (const path of ['/halfopen/leases/me', '/halfopen/dead-man']) {
      const answer = await ask('PUT', path, body);
      expect([answer.status, schemaProblems('Error', answer.body)]).toEqual([400, []]);
    }
    expect((await ask('GET', '/halfopen/leases')).body).toEqual({ owners: [], deadMan: null });
  },
);
