import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { schemaProblems } from './proxy-document.ts';
import { converse, never, startCallee, startWorld, type World } from './proxy-world.ts';

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

interface State {
  readonly server: { readonly pid: number; readonly seed: number; readonly nowUs: number; readonly startedUs: number };
  readonly proxies: readonly {
    readonly name: string;
    readonly counters: { readonly accepted: number; readonly open: number };
    readonly faults: readonly {
      readonly name: string;
      readonly ageMs: number;
      readonly ttlLeftMs: number | null;
      readonly touched: number;
    }[];
  }[];
  readonly tap: { readonly hasReader: boolean; readonly recorded: number; readonly lost: number };
}

async function state(): Promise<State> {
  const response = await fetch(`${world.controlUrl}/halfopen/state`);
  const body = (await response.json()) as State;
  expect(schemaProblems('State', body)).toEqual([]);
  return body;
}

const get = 'GET /x HTTP/1.1\r\nHost: callee\r\nConnection: close\r\n\r\n';

test('the state of a proxy without anything has the documented shape', async () => {
  const { server, proxies, tap } = await state();
  expect(server).toMatchObject({ version: manifest.version, pid: process.pid, seed: 7 });
  expect(server.nowUs).toBeGreaterThanOrEqual(server.startedUs);
  expect(proxies).toEqual([]);
  expect(tap).toMatchObject({ hasReader: true, recorded: 0, lost: 0 });
});

test('it tells what is in force, since when, for how long, whose it is and what it touched', async () => {
  const { upstream } = await startCallee(world, (_, response) => response.end('ok'));
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream });
  const before = await state();
  await world.proxy.addToxic(
    'a->b',
    { name: 'slow#1', type: 'latency', stream: 'downstream', attributes: { latency: 1, jitter: 0 } },
    never,
  );
  await world.proxy.addRule(
    'a->b',
    { name: 'storm', action: { kind: 'status', status: 503 }, target: { first: 2 }, seed: 1, owner: 'me', ttlMs: 60_000 },
    never,
  );
  await fetch(`${world.controlUrl}/halfopen/leases/me`, { method: 'PUT', body: '{"ttlMs":60000}' });
  for (const expected of [503, 503, 200]) expect((await converse(port, get)).text).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
  const idle = connect(port, '127.0.0.1');
  world.defer(() => idle.destroy());
  await once(idle, 'connect');
  await until(async () => (await state()).proxies[0]?.counters.open === 1);
  const after = await state();
  const [proxy] = after.proxies;
  expect(proxy).toMatchObject({
    name: 'a--b',
    edge: 'a->b',
    upstream,
    enabled: true,
    protocol: 'http',
    tap: true,
    counters: { accepted: 4, open: 1 },
    faults: [
      { name: 'slow#1', form: 'toxic', kind: 'latency', owner: null, ttlMs: null, ttlLeftMs: null, toxic: { stream: 'downstream' } },
      { name: 'storm', form: 'rule', kind: 'status', owner: 'me', ttlMs: 60_000, touched: 2, rule: { matched: 3, hit: 2 } },
    ],
  });
  expect(proxy?.faults[0]?.touched).toBeGreaterThan(0);
  expect(proxy?.faults[1]?.ttlLeftMs).toBeLessThan(60_000);
  expect(proxy?.faults[1]?.ageMs).toBeLessThanOrEqual((after.server.nowUs - before.server.nowUs) / 1000);
  expect(after).toMatchObject({ leases: { owners: [{ owner: 'me' }], deadMan: null }, tap: { recorded: 3 } });
});

test('an edge listens where it is told to, and refuses what it cannot read', async () => {
  const open = async (body: object): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${world.controlUrl}/halfopen/edges`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  };
  const first = await open({ edge: 'a->b', upstream: '127.0.0.1:1', listen: '127.0.0.1:0', observe: null });
  expect(first.status).toBe(201);
  const { port } = JSON.parse(first.text) as { port: number };
  expect(await open({ edge: 'a->b', upstream: '127.0.0.1:1' })).toMatchObject({ status: 409 });
  expect(await open({ edge: 'c->d', upstream: '127.0.0.1:1', listen: `127.0.0.1:${port}` })).toEqual({
    status: 500,
    text: `{"error":"listen tcp 127.0.0.1:${port}: bind: address already in use","status":500}\n`,
  });
  expect((await open({ edge: 'c->d', upstream: '127.0.0.1:1', listen: 'local373' })).text).toContain('missing port in address');
  // Pointers are followed in each reply: what is none must never get that far.
  for (const observe of [{ value: 5 }, { degraded: ['/a', null] }, { age: 'age' }, { version: {} }])
    expect(await open({ edge: 'c->d', upstream: '127.0.0.1:1', observe })).toMatchObject({ status: 400 });
  expect((await state()).proxies.map(({ name }) => name)).toEqual(['a--b']);
});

/** Resolves when the condition holds; looks again each few milliseconds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
