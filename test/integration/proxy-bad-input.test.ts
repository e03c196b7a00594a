// Goal: what the machine or the callee does to one connection stays with that connection: a full table of open files, a port in use, a callee
// that refuses, hangs or resets. The others go on, the proxy goes on, and it is counted.
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  dial,
  deadAddress,
  ownEngine,
  startCallee,
  startEcho,
  until,
  type Callee,
  type Peer,
  type RunningProxy,
} from '../../scripts/prove/proxy-rig.ts';
import { openFiles } from '../../scripts/prove/proxy-leaks.ts';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function start(options: { readonly openFiles?: number } = {}): Promise<{ readonly proxy: RunningProxy; readonly echo: Callee }> {
  const proxy = stack.use(await ownEngine().start(options));
  return { proxy, echo: stack.use(await startEcho()) };
}

/** Says a byte and hears it again. */
async function isServed(peer: Peer): Promise<boolean> {
  const wanted = peer.got().length + 1;
  if (peer.ending() !== 'open') return false;
  peer.socket.write('x');
  return (await peer.until(wanted)).length === wanted && peer.ending() === 'open';
}

async function counters(proxy: RunningProxy, name: string): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await proxy.api('GET', '/halfopen/state');
  const { proxies } = body as {
    readonly proxies: readonly { readonly name: string; readonly counters: Readonly<Record<string, unknown>> }[];
  };
  const found = proxies.find((state) => state.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${JSON.stringify(body)}`);
  return found.counters;
}

test('a full table of open files costs the connections that do not fit, and no other', async () => {
  const { proxy, echo } = await start({ openFiles: 64 });
  const port = await proxy.listen('p', echo.address);
  const served: Peer[] = [];
  let turnedAway = 0;
  for (let index = 0; index < 40; index++) {
    // One that is reset at once may not even see its connection open.
    const peer = await dial(port).catch(() => null);
    if (peer !== null && (await isServed(stack.use(peer)))) served.push(peer);
    else turnedAway++;
  }
  expect(served.length).toBeGreaterThan(3);
  expect(turnedAway).toBeGreaterThan(3);
  expect(openFiles(proxy.pid)).toBeGreaterThan(50);
  expect(await Promise.all(served.map(isServed))).toEqual(served.map(() => true));

  for (const peer of served.splice(0, 3)) peer.socket.destroy();
  await until(() => openFiles(proxy.pid) < 54, 'free places in the table');
  expect(await isServed(stack.use(await dial(port)))).toBe(true);
  expect(await Promise.all(served.map(isServed))).toEqual(served.map(() => true));
  expect((await counters(proxy, 'p'))['acceptErrors']).toBe(turnedAway);
  expect((await proxy.api('GET', '/version')).status).toBe(200);
});

test('a port in use is told, and the proxy that has it goes on', async () => {
  const { proxy, echo } = await start();
  const port = await proxy.listen('first', echo.address);
  const peer = stack.use(await dial(port));
  const { status, body } = await proxy.api('POST', '/proxies', { name: 'second', listen: `127.0.0.1:${port}`, upstream: echo.address });
  expect([status, JSON.stringify(body)]).toEqual([500, expect.stringContaining(`bind: address already in use`)]);
  expect(await isServed(peer)).toBe(true);
  expect(Object.keys((await proxy.api('GET', '/proxies')).body as object)).toEqual(['first']);
});

test.each(['refuses', 'resets', 'closes at once'])('a callee that %s costs its own connection alone', async (how) => {
  const { proxy, echo } = await start();
  const good = await proxy.listen('good', echo.address);
  const callee = stack.use(
    await startCallee((socket) => {
      if (how === 'resets') socket.resetAndDestroy();
      else socket.end();
    }),
  );
  const bad = await proxy.listen('bad', how === 'refuses' ? await deadAddress() : callee.address);
  const peer = stack.use(await dial(good));
  for (let index = 0; index < 5; index++) {
    const victim = stack.use(await dial(bad));
    expect(await victim.over()).toMatch(how === 'closes at once' ? /^end$/ : /^(end|reset)$/);
    victim.socket.end();
    expect(await isServed(peer)).toBe(true);
  }
  const counted = await counters(proxy, 'bad');
  expect(counted['accepted']).toBe(5);
  if (how === 'refuses') expect(counted['dialErrors']).toMatchObject({ refused: 5 });
  // A reset may come while the proxy still dials.
  const { other } = counted['dialErrors'] as { readonly other: number };
  if (how === 'resets') expect(Number(counted['resets']) + other).toBe(5);
});
