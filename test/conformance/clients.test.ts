/** Goal: the clients that people have work unchanged: the npm client, and the module of Testcontainers that is built on it. */
import { StartedToxiProxyContainer } from '@testcontainers/toxiproxy';
import type { ICreateToxicBody, Latency } from 'toxiproxy-node-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Caller, startCallee } from './peers.ts';
import { freePort, isFree, onBothServers, type Toxi } from './servers.ts';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const slow: ICreateToxicBody<Latency> = {
  name: 'slow',
  type: 'latency',
  stream: 'upstream',
  toxicity: 0.5,
  attributes: { latency: 5, jitter: 1 },
};

onBothServers('toxiproxy-node-client', (toxi) => {
  test('asks for the version', async () => {
    expect(await toxi().client.getVersion()).toBe(`{"version": "${toxi().version}"}\n`);
  });

  test('makes, finds, changes and removes proxies', async () => {
    const { client } = toxi();
    const proxy = await client.createProxy({ name: 'redis', listen: 'localhost:0', upstream: 'localhost:6379' });
    expect(proxy.listen).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect([proxy.name, proxy.upstream, proxy.enabled]).toEqual(['redis', 'localhost:6379', true]);
    expect(Object.keys(await client.getAll())).toEqual(['redis']);
    const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream: 'localhost:6380' });
    expect([off.enabled, off.listen, off.upstream]).toEqual([false, proxy.listen, 'localhost:6380']);
    expect((await client.get('redis')).enabled).toBe(false);
    await proxy.remove();
    await expect(client.get('redis')).rejects.toThrow('Request failed with status code 404');
    await expect(proxy.remove()).rejects.toThrow('Request failed with status code 404');
  });

  test('adds, changes and removes toxics', async () => {
    const proxy = await toxi().client.createProxy({ name: 'toxic', listen: 'localhost:0', upstream: 'localhost:6379' });
    const toxic = await proxy.addToxic(slow);
    expect(toxic.toJson()).toEqual(slow);
    await expect(proxy.addToxic({ ...slow, stream: 'downstream' })).rejects.toThrow('Request failed with status code 409');
    const changed = await toxic.update({ ...slow, toxicity: 1, attributes: { latency: 7, jitter: 1 } });
    expect([changed.toxicity, changed.attributes]).toEqual([1, { latency: 7, jitter: 1 }]);
    expect((await proxy.getToxic<Latency>('slow')).attributes.latency).toBe(7);
    await toxic.remove();
    await expect(proxy.getToxic('slow')).rejects.toThrow('Request failed with status code 404');
  });

  test('populates and resets', async () => {
    const { client } = toxi();
    const entries = [
      { name: 'one', listen: `localhost:${await freePort()}`, upstream: 'localhost:1' },
      { name: 'two', listen: `localhost:${await freePort()}`, upstream: 'localhost:2' },
    ];
    const made = await client.populate(entries);
    expect(Object.keys(made)).toEqual(['one', 'two']);
    await made['one']?.addToxic(slow);
    await made['two']?.update({ enabled: false, listen: entries[1]?.listen ?? '', upstream: 'localhost:2' });
    expect(Object.keys(await client.populate(entries))).toEqual(['one', 'two']);
    expect((await made['one']?.getToxic('slow'))?.name).toBe('slow');
    await client.reset();
    expect((await client.get('two')).enabled).toBe(true);
    await expect(made['one']?.getToxic('slow')).rejects.toThrow('404');
  });
});

onBothServers('@testcontainers/toxiproxy', (toxi) => {
  test('a proxy on the next free port of its range, put off and on again, with a toxic', async () => {
    const { upstream } = await startCallee(stack);
    await takeUsedPorts(toxi());
    const container = containerOf(toxi());
    const [first, second] = [
      await container.createProxy({ name: 'one', upstream }),
      await container.createProxy({ name: 'two', upstream }),
    ];
    expect(second.port).toBeGreaterThan(first.port);
    expect(first.instance.listen).toBe(`[::]:${first.port}`);
    await (await Caller.dial(stack, first.port)).echo('on');
    const off = await first.setEnabled(false);
    expect([off.enabled, off.upstream]).toEqual([false, upstream]);
    await expect(Caller.dial(stack, first.port)).rejects.toThrow('ECONNREFUSED');
    expect((await first.setEnabled(true)).enabled).toBe(true);
    const toxic = await first.instance.addToxic({ ...slow, toxicity: 1, attributes: { latency: 100, jitter: 0 } });
    const caller = await Caller.dial(stack, first.port);
    expect(await caller.echo('slow')).toBeGreaterThanOrEqual(99);
    await (await Caller.dial(stack, second.port)).echo('its own');
    await toxic.remove();
    expect(await caller.echo('fast')).toBeLessThan(99);
    expect(Object.keys(await container.client.getAll())).toEqual(expect.arrayContaining(['one', 'two']));
    await expect(container.createProxy({ name: 'one', upstream })).rejects.toThrow('status code 409');
    await first.instance.remove();
    expect((await container.createProxy({ name: 'three', upstream })).port).toBe(first.port);
  });
});

/** The client over a container that is this server: its ports are the machine's. */
function containerOf({ url }: Toxi): StartedToxiProxyContainer {
  const { hostname, port } = new URL(url);
  const container = {
    getHost: () => hostname,
    getMappedPort: (inner: number) => (inner === CONTROL_PORT ? Number(port) : inner),
  };
  return new StartedToxiProxyContainer(container as ConstructorParameters<typeof StartedToxiProxyContainer>[0]);
}

const CONTROL_PORT = 8474;
const FIRST_PORT = 8666;

/** Names the ports of the client's range that something on this machine has, so that it passes them over. */
async function takeUsedPorts({ client }: Toxi): Promise<void> {
  for (let port = FIRST_PORT, free = 0; free < 3; port++) {
    if (await isFree(port)) free++;
    else await client.createProxy({ name: `used ${port}`, listen: `0.0.0.0:${port}`, upstream: 'x:1', enabled: false });
  }
}
