import { afterEach, expect, test } from 'vitest';
import { createServer, type AddressInfo } from 'node:net';
import { monotonicUs } from '../../../../harness/run/clock.ts';
import { Leases, type Expiry } from '../../../../harness/run/proxy/lease.ts';
import type { Listener } from '../../../../harness/run/proxy/listener.ts';
import { plainTraits, Registry } from '../../../../harness/run/proxy/registry.ts';
import { TapLog } from '../../../../harness/run/proxy/tap/tap-log.ts';
import { newToxic, type Toxic } from '../../../../harness/run/proxy/toxic.ts';
import { toxicKinds } from '../../../../harness/run/proxy/toxics/index.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each[Symbol.asyncDispose]()));
});

interface Site {
  readonly registry: Registry;
  readonly leases: Leases;
  /** Resolves with the expiry of that fault. */
  expired(fault: string): Promise<Expiry>;
  proxy(name: string, isHttp?: boolean): Promise<Listener>;
}

function startSite(): Site {
  const log = new TapLog();
  const registry = new Registry(log, 1);
  const leases = new Leases(registry);
  const seen: Expiry[] = [];
  const waiters = new Set<() => void>();
  log.attach({
    write(lines) {
      for (const line of lines.toString('utf8').trimEnd().split('\n')) seen.push((JSON.parse(line) as { expired: Expiry }).expired);
      waiters.forEach((waiter) => waiter());
      return true;
    },
    replaced: () => undefined,
  });
  open.push({
    async [Symbol.asyncDispose]() {
      leases[Symbol.dispose]();
      await registry.removeAll();
      await registry.pool.end();
    },
  });
  return {
    registry,
    leases,
    expired: (fault) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error(`${fault} did not expire; ${JSON.stringify(seen)} did`)), 10_000);
        const check = (): void => {
          const found = seen.find((expiry) => expiry.fault === fault);
          if (found === undefined) return;
          clearTimeout(deadline);
          waiters.delete(check);
          resolve(found);
        };
        waiters.add(check);
        check();
      }),
    proxy: (name, isHttp = false) =>
      registry.create(
        { name, listen: '127.0.0.1:0', upstream: '127.0.0.1:1', enabled: false },
        { ...plainTraits(name), protocol: isHttp ? 'http' : 'tcp' },
      ),
  };
}

function latency(name: string, lease: { readonly owner?: string; readonly ttlMs?: number } = {}): Toxic {
  const kind = toxicKinds.latency;
  return newToxic({ name, type: 'latency', stream: 'upstream', kind, toxicity: 1, attributes: { latency: 0, jitter: 0 }, ...lease });
}

test('faults go in the order in which their times are over, each not before', async () => {
  const { leases, proxy, expired } = startSite();
  const listener = await proxy('p', true);
  for (const [name, ttlMs] of [
    ['late', 240],
    ['early', 80],
    ['never', undefined],
  ] as const)
    await listener.addToxic(latency(name, ttlMs === undefined ? {} : { ttlMs }));
  const rule = listener.rules.add({ name: 'between', action: { kind: 'refuse' }, target: {}, seed: 0, ttlMs: 160, owner: 'me' });
  leases.arm();
  await expired('late');
  expect(leases.expiries.map(({ fault }) => fault)).toEqual(['early', 'between', 'late']);
  expect(leases.expiries[1]).toEqual({
    proxy: 'p',
    fault: 'between',
    form: 'rule',
    kind: 'refuse',
    owner: 'me',
    reason: 'ttl',
    atUs: leases.expiries[1]?.atUs,
  });
  expect(leases.expiries[1]?.atUs).toBeGreaterThanOrEqual(rule.sinceUs + 160_000);
  expect(listener.toxics.map(({ name }) => name)).toEqual(['never']);
  expect(listener.rules.size).toBe(0);
  expect(leases.expired).toEqual({ ttl: 3, lease: 0, 'lease-ended': 0, 'dead-man': 0 });
});

test('a time that is renewed before it is over begins anew', async () => {
  const { leases, proxy, expired } = startSite();
  const listener = await proxy('p');
  const toxic = latency('t', { ttlMs: 60_000 });
  await listener.addToxic(toxic);
  leases.arm();
  toxic.ttlMs = 100;
  toxic.renewedUs = monotonicUs();
  leases.arm();
  const { atUs } = await expired('t');
  expect(atUs).toBeGreaterThanOrEqual(toxic.renewedUs + 100_000);
});

test("an owner's lease keeps what it put in force while it is renewed, and takes all of it and nothing else when it is over", async () => {
  const { leases, proxy, expired } = startSite();
  const [first, second] = [await proxy('first', true), await proxy('second')];
  const sinceUs = leases.renew('me', 800).sinceUs;
  await first.addToxic(latency('mine', { owner: 'me' }));
  first.rules.add({ name: 'rule', action: { kind: 'refuse' }, target: {}, seed: 0, owner: 'me' });
  await second.addToxic(latency('also', { owner: 'me' }));
  await second.addToxic(latency('other', { owner: 'you' }));
  let renewedUs = sinceUs;
  for (let count = 0; count < 12; count++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(leases.lease('me')).toBeDefined();
    ({ renewedUs } = leases.renew('me', 800));
  }
  expect(first.toxics).toHaveLength(1);
  expect(leases.lease('me')).toMatchObject({ sinceUs, renewals: 12 });
  const [one, two, three] = await Promise.all(['mine', 'rule', 'also'].map(expired));
  for (const expiry of [one, two, three]) {
    expect(expiry).toMatchObject({ owner: 'me', reason: 'lease' });
    expect(expiry?.atUs).toBeGreaterThanOrEqual(renewedUs + 800_000);
  }
  expect([first.toxics.length, first.rules.size, second.toxics.map(({ name }) => name)]).toEqual([0, 0, ['other']]);
  expect(leases.lease('me')).toBeUndefined();
  // What is put in force without a lease stays.
  await first.addToxic(latency('again', { owner: 'me' }));
  leases.arm();
  expect(await leases.end('nobody')).toEqual({ withdrawn: 0, failed: 0 });
  expect(first.toxics).toHaveLength(1);
  expect(await leases.end('me')).toEqual({ withdrawn: 1, failed: 0 });
});

test('the dead-man takes everything and lets every proxy listen; one that cannot is tried again until it can', async () => {
  const { leases, proxy, expired } = startSite();
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const [first, second] = [await proxy('first', true), await proxy('second')];
  first.listen = `127.0.0.1:${(blocker.address() as AddressInfo).port}`;
  await first.addToxic(latency('t', { owner: 'me' }));
  first.rules.add({ name: 'rule', action: { kind: 'refuse' }, target: {}, seed: 0 });
  leases.renewDeadMan(50);
  expect(leases.deadMan).not.toBeNull();
  expect((await expired('t')).reason).toBe('dead-man');
  await expired('rule');
  await expired('down');
  expect([second.enabled, first.enabled]).toEqual([true, false]);
  await until(() => leases.failures > 1);
  expect(leases.pending).toBe(1);
  await new Promise((resolve) => blocker.close(resolve));
  await until(() => first.enabled);
  await until(() => leases.pending === 0);
  expect(leases.expired['dead-man']).toBe(4);
  expect(leases.deadMan).toBeNull();
});

test('a proxy that was removed meanwhile does not come back to life', async () => {
  const { registry, leases, proxy, expired } = startSite();
  const [gone, there] = [await proxy('gone'), await proxy('there')];
  let finish = (): void => undefined;
  const busy = registry.exclusively('gone', () => new Promise<void>((resolve) => (finish = resolve)));
  leases.renewDeadMan(1);
  await expired('down');
  expect(there.enabled).toBe(true);
  await registry.remove(gone);
  finish();
  await busy;
  await until(() => leases.pending === 0);
  expect([gone.enabled, leases.expired['dead-man']]).toEqual([false, 1]);
});

test('a dead-man that is stopped takes nothing, and leases that are over keep no timer', async () => {
  const { leases, proxy } = startSite();
  const listener = await proxy('p');
  await listener.addToxic(latency('t'));
  leases.renewDeadMan(40);
  expect([leases.stopDeadMan(), leases.stopDeadMan()]).toEqual([true, false]);
  leases.renew('me', 40);
  await until(() => leases.lease('me') === undefined);
  expect(listener.toxics).toHaveLength(1);
});

/** Resolves when the condition holds; looks again each few milliseconds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
