/** Checks of what the control API takes, refuses and answers. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import { ask } from '../ask.ts';
import { addToxic, Caller, openProxy, startCallee } from '../peers.ts';
import { freePort } from '../servers.ts';
import type { Checks, World } from './contract.ts';
import { hammer } from './hammer.ts';

export const controlApiChecks: Checks<
  | 'empty-populate'
  | 'logger-field'
  | 'reset-goes-on'
  | 'names-in-paths'
  | 'whole-numbers'
  | 'attributes-checked'
  | 'slicer-defaults'
  | 'negative-amounts'
  | 'all-or-nothing'
  | 'named-ports'
  | 'http-to-the-letter'
  | 'longest-body'
  | 'unread-bodies'
  | 'faults-in-bodies'
  | 'same-listen'
  | 'control-apart'
  | 'concurrent-calls'
> = {
  'empty-populate': async ({ toxi, isOurs }) => {
    expect((await toxi.ask('POST', '/populate', [])).text).toBe(isOurs ? '{"proxies":[]}' : '{"proxies":null}');
  },

  'logger-field': async ({ toxi, isOurs }) => {
    await openProxy(toxi, 'p', 'x:1');
    const keys = Object.keys(JSON.parse((await toxi.ask('GET', '/proxies/p')).text) as object);
    expect(keys).toEqual(['name', 'listen', 'upstream', 'enabled', ...(isOurs ? [] : ['Logger']), 'toxics']);
  },

  'reset-goes-on': async ({ toxi, isOurs, stack }) => {
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

  'names-in-paths': async ({ toxi, isOurs }) => {
    for (const name of ['a/b', '.', '..'])
      expect((await toxi.ask('POST', '/proxies', { name, upstream: 'x:1', enabled: false })).status).toBe(isOurs ? 400 : 201);
    expect((await toxi.ask('GET', '/proxies/a%2Fb')).text).toContain(isOurs ? '"error":"proxy not found"' : '404 page not found');
    expect((await toxi.ask('DELETE', '/proxies/a%2Fb')).status).toBe(404);
  },

  'whole-numbers': async ({ toxi, isOurs }) => {
    await openProxy(toxi, 'p', 'x:1');
    const { status, text } = await toxi.ask('POST', '/proxies/p/toxics', '{"type":"latency","attributes":{"latency":5.0,"jitter":1e2}}');
    expect(status).toBe(isOurs ? 200 : 400);
    expect(text).toContain(isOurs ? '"attributes":{"latency":5,"jitter":100}' : 'bad request body');
  },

  'attributes-checked': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    const { status, text } = await toxi.ask('POST', '/proxies/p/toxics', { type: 'bandwidth', attributes: { rate: -1 } });
    expect(status).toBe(isOurs ? 400 : 200);
    if (isOurs) expect(text).toContain('attribute rate must be at least 0');
    await expectDeathUnless(isOurs, { toxi, stack }, port);
  },

  'slicer-defaults': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'slicer' });
    await expectDeathUnless(isOurs, { toxi, stack }, port);
  },

  'negative-amounts': async ({ toxi, isOurs }) => {
    await openProxy(toxi, 'p', 'x:1');
    const amounts = [
      ['latency', 'latency'],
      ['latency', 'jitter'],
      ['slow_close', 'delay'],
      ['timeout', 'timeout'],
      ['reset_peer', 'timeout'],
      ['slicer', 'delay'],
      ['limit_data', 'bytes'],
    ] as const;
    for (const [type, name] of amounts) {
      const { status, text } = await toxi.ask('POST', '/proxies/p/toxics', { type, name, attributes: { [name]: -1 } });
      expect([type, status]).toEqual([type, isOurs ? 400 : 200]);
      if (isOurs) expect(text).toContain(`attribute ${name} must be at least 0: current value is -1`);
      else await toxi.ask('DELETE', `/proxies/p/toxics/${name}`);
    }
  },

  'all-or-nothing': async ({ toxi, isOurs }) => {
    await openProxy(toxi, 'p', 'x:1');
    await addToxic(toxi, 'p', { type: 'slicer', name: 't', attributes: { average_size: 64 } });
    expect((await toxi.ask('PATCH', '/proxies/p/toxics/t', { attributes: { delay: 'x', average_size: 99 } })).status).toBe(400);
    expect((await toxi.ask('GET', '/proxies/p/toxics/t')).text).toContain(`"average_size":${isOurs ? 64 : 99}`);
  },

  'named-ports': async ({ toxi, isOurs }) => {
    await openProxy(toxi, 'p', 'x:1', { enabled: false });
    const { status, text } = await toxi.ask('PATCH', '/proxies/p', { listen: '127.0.0.1:http-alt' });
    expect([status, text.includes('lookup tcp/http-alt: unknown port')]).toEqual(isOurs ? [500, true] : [200, false]);
  },

  'http-to-the-letter': async ({ toxi, isOurs }) => {
    const odd = [
      ['GET /version HTTP/1.1\nHost: x\nConnection: close\n\n', '200'],
      ['GET /proxies/\u00e9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
      ['BREW /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '405'],
    ] as const;
    for (const [request, status] of odd) expect((await toxi.say(request)).slice(9, 12)).toBe(isOurs ? '400' : status);
  },

  'longest-body': async ({ toxi, isOurs }) => {
    const body = JSON.stringify({ name: 'p', upstream: 'x:1', other: 'x'.repeat(5 * 1024 * 1024) });
    expect((await toxi.ask('POST', '/proxies', body)).status).toBe(isOurs ? 400 : 201);
    expect((await toxi.ask('GET', '/version')).status).toBe(200);
  },

  'unread-bodies': async ({ toxi, isOurs }) => {
    let answers = 0;
    for (let round = 0; round < 5; round++) {
      const answer = await toxi.ask('POST', '/nothing', 'x'.repeat(2_000_000)).catch(() => null);
      if (answer?.status === 404) answers++;
    }
    if (isOurs) expect(answers).toBe(5);
    else expect(answers).toBeLessThan(5);
  },

  'faults-in-bodies': async ({ toxi, isOurs }) => {
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

  'same-listen': async ({ toxi, isOurs, stack }) => {
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

  'control-apart': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack, (socket) => void socket.write(Buffer.alloc(64 * 1024 * 1024)));
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'latency' });
    const caller = await Caller.dial(stack, port);
    await caller.until('some data', () => caller.received > 0);
    caller.socket.pause();
    await stuck(caller);
    const control = Number(new URL(toxi.url).port);
    const add = { port: control, method: 'POST', path: '/proxies/p/toxics', body: { type: 'bandwidth' }, withinMs: 2000 };
    const list = { port: control, method: 'GET', path: '/proxies', withinMs: 2000 };
    if (isOurs) {
      expect((await ask(add)).status).toBe(200);
      expect((await ask(list)).status).toBe(200);
    } else {
      await expect(ask(add)).rejects.toThrow('no answer');
      await expect(ask(list)).rejects.toThrow('no answer');
    }
  },

  'concurrent-calls': async ({ toxi, isOurs }) => {
    const { errors, astray, leaked } = await hammer(toxi);
    if (isOurs) expect([errors, astray, leaked]).toEqual([[], [], []]);
    else expect(errors.length + astray.length + leaked.length).toBeGreaterThan(0);
  },
};

/** The proxy passes bytes on, or its server dies of them. */
async function expectDeathUnless(isAlive: boolean, { toxi, stack }: Pick<World, 'toxi' | 'stack'>, port: number): Promise<void> {
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
