/** Goal: each difference that `improvements.ts` lists is there, on both sides: what the real server does, and what ours does. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addToxic, Caller, openProxy, startCallee } from './peers.ts';
import { improvements, type ImprovementId } from './improvements.ts';
import { freePort, mayRun, startToxi, type Toxi } from './servers.ts';

/** What is so for the server of that kind. */
type Check = (toxi: Toxi, isOurs: boolean) => Promise<void>;

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const checks: Readonly<Record<ImprovementId, Check>> = {
  'empty-populate': async (toxi, isOurs) => {
    expect((await toxi.ask('POST', '/populate', [])).text).toBe(isOurs ? '{"proxies":[]}' : '{"proxies":null}');
  },

  'logger-field': async (toxi, isOurs) => {
    await openProxy(toxi, 'p', 'x:1');
    const keys = Object.keys(JSON.parse((await toxi.ask('GET', '/proxies/p')).text) as object);
    expect(keys).toEqual(['name', 'listen', 'upstream', 'enabled', ...(isOurs ? [] : ['Logger']), 'toxics']);
  },

  'reset-goes-on': async (toxi, isOurs) => {
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    stack.defer(() => void taken.close());
    await once(taken, 'listening');
    await openProxy(toxi, 'broken', 'x:1', { listen: `127.0.0.1:${port}`, enabled: false });
    const others = Array.from({ length: 20 }, (_, index) => `p${index}`);
    for (const name of others) await openProxy(toxi, name, 'x:1');
    let left = 0;
    for (let round = 0; round < 5; round++) {
      // On the real one they may be there still.
      for (const name of others) await toxi.ask('POST', `/proxies/${name}/toxics`, { type: 'noop' });
      const { status, text } = await toxi.ask('POST', '/reset');
      expect(status).toBe(500);
      expect(text).toContain(`listen tcp 127.0.0.1:${port}: bind: address already in use${isOurs ? ' (proxy broken)' : '"'}`);
      left += (await toxi.ask('GET', '/proxies')).text.split('"noop_downstream"').length - 1;
    }
    if (isOurs) expect(left).toBe(0);
    else expect(left).toBeGreaterThan(0);
  },

  'names-in-paths': async (toxi, isOurs) => {
    for (const name of ['a/b', '.', '..'])
      expect((await toxi.ask('POST', '/proxies', { name, upstream: 'x:1', enabled: false })).status).toBe(isOurs ? 400 : 201);
    expect((await toxi.ask('GET', '/proxies/a%2Fb')).text).toContain(isOurs ? '"error":"proxy not found"' : '404 page not found');
    expect((await toxi.ask('DELETE', '/proxies/a%2Fb')).status).toBe(404);
  },

  'whole-numbers': async (toxi, isOurs) => {
    await openProxy(toxi, 'p', 'x:1');
    const { status, text } = await toxi.ask('POST', '/proxies/p/toxics', '{"type":"latency","attributes":{"latency":5.0,"jitter":1e2}}');
    expect(status).toBe(isOurs ? 200 : 400);
    expect(text).toContain(isOurs ? '"attributes":{"latency":5,"jitter":100}' : 'bad request body');
  },

  'attributes-checked': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    const { status, text } = await toxi.ask('POST', '/proxies/p/toxics', { type: 'bandwidth', attributes: { rate: -1 } });
    expect(status).toBe(isOurs ? 400 : 200);
    if (isOurs) expect(text).toContain('attribute rate must be at least 0');
    await expectDeathUnless(isOurs, toxi, port);
  },

  'slicer-defaults': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'slicer' });
    await expectDeathUnless(isOurs, toxi, port);
  },

  'all-or-nothing': async (toxi, isOurs) => {
    await openProxy(toxi, 'p', 'x:1');
    await addToxic(toxi, 'p', { type: 'slicer', name: 't', attributes: { average_size: 64 } });
    expect((await toxi.ask('PATCH', '/proxies/p/toxics/t', { attributes: { delay: 'x', average_size: 99 } })).status).toBe(400);
    expect((await toxi.ask('GET', '/proxies/p/toxics/t')).text).toContain(`"average_size":${isOurs ? 64 : 99}`);
  },

  'named-ports': async (toxi, isOurs) => {
    await openProxy(toxi, 'p', 'x:1', { enabled: false });
    const { status, text } = await toxi.ask('PATCH', '/proxies/p', { listen: '127.0.0.1:http-alt' });
    expect([status, text.includes('lookup tcp/http-alt: unknown port')]).toEqual(isOurs ? [500, true] : [200, false]);
  },

  'longest-body': async (toxi, isOurs) => {
    const body = JSON.stringify({ name: 'p', upstream: 'x:1', other: 'x'.repeat(5 * 1024 * 1024) });
    expect((await toxi.ask('POST', '/proxies', body)).status).toBe(isOurs ? 400 : 201);
    expect((await toxi.ask('GET', '/version')).status).toBe(200);
  },

  'faults-in-bodies': async (toxi, isOurs) => {
    const toxics = [
      { type: 'latency', attributes: { latency: 5 } },
      { type: 'timeout', stream: 'upstream' },
    ];
    await openProxy(toxi, 'p', 'x:1', { toxics });
    await toxi.ask('POST', '/populate', [{ name: 'q', upstream: 'x:1', toxics }]);
    const wrong = await toxi.ask('POST', '/proxies', { name: 'r', upstream: 'x:1', toxics: [...toxics, { type: 'unknown' }] });
    expect(wrong.status).toBe(isOurs ? 400 : 201);
    if (isOurs) expect(wrong.text).toContain('invalid toxic type at toxic 3');
    for (const [name, count] of [
      ['p', 2],
      ['q', 2],
      ['r', 0],
    ] as const) {
      const { status, text } = await toxi.ask('GET', `/proxies/${name}/toxics`);
      if (isOurs && count === 0) expect(status).toBe(404);
      else expect(JSON.parse(text)).toHaveLength(isOurs ? count : 0);
    }
  },

  'same-listen': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await freePort();
    const list = [{ name: 'p', upstream, listen: `0.0.0.0:${port}` }];
    await toxi.ask('POST', '/populate', list);
    const caller = await Caller.dial(stack, port);
    await caller.echo('one');
    expect((await toxi.ask('POST', '/populate', list)).status).toBe(201);
    if (isOurs) await caller.echo('two');
    else expect(['end', 'reset']).toContain(await caller.ended());
  },

  'control-apart': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack, (socket) => void socket.write(Buffer.alloc(64 * 1024 * 1024)));
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'latency' });
    const caller = await Caller.dial(stack, port);
    await caller.until('some data', () => caller.received > 0);
    caller.socket.pause();
    await stuck(caller);
    const adding = toxi.ask('POST', '/proxies/p/toxics', { type: 'bandwidth', attributes: { rate: 1 } });
    if (isOurs) {
      expect((await adding).status).toBe(200);
      expect((await toxi.ask('GET', '/proxies')).status).toBe(200);
    } else {
      await expect(adding).rejects.toThrow('no answer');
      await expect(toxi.ask('GET', '/proxies')).rejects.toThrow('no answer');
    }
  },

  'half-close': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack, (socket) => {
      socket.resume();
      socket.once('end', () => socket.end('the reply'));
    });
    const caller = await Caller.dial(stack, await openProxy(toxi, 'p', upstream));
    caller.socket.end('the request');
    await caller.ended();
    expect(caller.text).toBe(isOurs ? 'the reply' : '');
  },

  'reset-live': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi, 'p', upstream));
    await caller.echo('there');
    await addToxic(toxi, 'p', { type: 'reset_peer' });
    caller.socket.write('x');
    expect(await caller.ended()).toBe(isOurs ? 'reset' : 'end');
  },

  'reset-spares': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack, (socket) => {
      socket.once('data', () => socket.end('bye'));
    });
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'reset_peer', toxicity: 0 });
    const endings: string[] = [];
    for (let round = 0; round < 5; round++) {
      const caller = await Caller.dial(stack, port);
      caller.socket.write('x');
      endings.push(await caller.ended());
    }
    if (isOurs) expect(new Set(endings)).toEqual(new Set(['end']));
    else expect(endings).toContain('reset');
  },

  'waits-interruptible': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'reset_peer', name: 't', attributes: { timeout: 1500 } });
    const caller = await Caller.dial(stack, port);
    const echo = caller.echo('x');
    // The callee's reply, which the toxic holds, starts its time.
    await expect(caller.until('the echo', () => caller.received > 0, 200)).rejects.toThrow('not within');
    const sinceMs = performance.now();
    expect((await toxi.ask('DELETE', '/proxies/p/toxics/t')).status).toBe(204);
    const tookMs = performance.now() - sinceMs;
    if (isOurs) {
      expect(tookMs).toBeLessThan(700);
      await echo;
    } else {
      expect(tookMs).toBeGreaterThan(700);
      echo.catch(() => undefined);
      await caller.ended();
    }
  },

  'timeout-spares': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'timeout', name: 't', toxicity: 0 });
    const caller = await Caller.dial(stack, port);
    await caller.echo('one');
    await toxi.ask('DELETE', '/proxies/p/toxics/t');
    if (isOurs) await caller.echo('two');
    else expect(['end', 'reset']).toContain(await caller.ended());
  },

  'stable-dice': async (toxi, isOurs) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'latency', name: 't', toxicity: 0.5, attributes: { latency: 300 } });
    const callers = await Promise.all(Array.from({ length: 40 }, () => Caller.dial(stack, port)));
    const before = await hits(callers);
    expect(before).toContain(true);
    expect(before).toContain(false);
    await toxi.ask('PATCH', '/proxies/p/toxics/t', {});
    const after = await hits(callers);
    if (isOurs) expect(after).toEqual(before);
    else expect(after).not.toEqual(before);
  },

  seed: async (toxi, isOurs) => {
    await using other = await startToxi(toxi.kind, ['-seed', '5']);
    await using again = await startToxi(toxi.kind, ['-seed', '5']);
    const [first, second] = [await dice(other), await dice(again)];
    if (isOurs) expect(second).toEqual(first);
    else expect(second).not.toEqual(first);
  },

  'live-counters': async (toxi, isOurs) => {
    await using counting = await startToxi(toxi.kind, ['-proxy-metrics']);
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(counting, 'p', upstream));
    await caller.echo('12345');
    const { text } = await counting.ask('GET', '/metrics');
    const counted = /^toxiproxy_proxy_received_bytes_total\{.*direction="upstream".*\} (\d+)$/m.exec(text)?.[1];
    expect(counted).toBe(isOurs ? '5' : undefined);
  },

  'config-errors': async (toxi, isOurs) => {
    const folder = mkdtempSync(join(tmpdir(), 'halfopen-config-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'toxiproxy.json');
    writeFileSync(path, '[\n  { "name": "a", "upstream": "x:1", "enabled": false },\n\n  { "name": "b" }\n]\n');
    const starting = startToxi(toxi.kind, ['-config', path]);
    if (isOurs) {
      await expect(starting).rejects.toThrow(`${path}:4: missing required field: upstream`);
    } else {
      await using started = await starting;
      expect((await started.ask('GET', '/proxies')).text).toBe('{}');
    }
  },

  'non-loopback': async (toxi, isOurs) => {
    const starting = startToxi(toxi.kind, ['-host', '0.0.0.0']);
    if (isOurs) {
      await expect(starting).rejects.toThrow('--allow-non-loopback');
      await using started = await startToxi(toxi.kind, ['-host', '0.0.0.0', '-allow-non-loopback']);
      expect(started.printed()).toContain('open to other machines');
    } else {
      await using started = await starting;
      expect((await started.ask('GET', '/version')).status).toBe(200);
    }
  },
};

async function expectSo(id: ImprovementId, toxi: Toxi): Promise<void> {
  await checks[id](toxi, toxi.kind === 'ours');
}

/** The proxy passes bytes on, or its server dies of them. */
async function expectDeathUnless(isAlive: boolean, toxi: Toxi, port: number): Promise<void> {
  const caller = await Caller.dial(stack, port);
  if (isAlive) {
    await caller.echo('x');
    return;
  }
  const death = once(toxi.child, 'exit', { signal: AbortSignal.timeout(10_000) });
  caller.socket.write('x'.repeat(1000));
  expect((await death)[0]).not.toBe(0);
}

/** Resolves when the connection's buffers are full: nothing has moved for a while. */
async function stuck(caller: Caller): Promise<void> {
  const window = 300;
  for (let read = -1; read !== caller.socket.bytesRead;) {
    read = caller.socket.bytesRead;
    await caller.until('nothing', () => false, window).catch(() => undefined);
  }
}

async function hits(callers: readonly Caller[]): Promise<readonly boolean[]> {
  const timesMs = await Promise.all(callers.map((caller) => caller.echo('x')));
  return timesMs.map((timeMs) => timeMs >= 299);
}

/** Which of 40 connections, made one after another, a toxic of toxicity 0.5 hits. */
async function dice(toxi: Toxi): Promise<readonly boolean[]> {
  const { upstream } = await startCallee(stack);
  const port = await openProxy(toxi, 'p', upstream);
  await addToxic(toxi, 'p', { type: 'latency', name: 't', toxicity: 0.5, attributes: { latency: 300 } });
  const callers: Caller[] = [];
  for (let index = 0; index < 40; index++) callers.push(await Caller.dial(stack, port));
  return hits(callers);
}

describe.each(Object.keys(improvements) as ImprovementId[])('%s', (id) => {
  test('ours', async () => {
    await using toxi = await startToxi('ours');
    await expectSo(id, toxi);
  });

  test.runIf(mayRun('real'))('the real one', async () => {
    await using toxi = await startToxi('real');
    await expectSo(id, toxi);
  });
});
