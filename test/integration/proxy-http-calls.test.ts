/**
 * Goal: each HTTP action that decides on a whole call does to real sockets what its contract says, counts what it touched, records what
 * the caller got, and leaves a connection that is still HTTP fit for the next request.
 */
import { Agent } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HttpAction } from '../../harness/run/proxy/contract.ts';
import { ask, bodyOf, get, headOf, LETTERS, startLetters, startShop, type Shop } from './proxy-http-shop.ts';
import { converse, never, startCallee, startTcpCallee } from './proxy-world.ts';
import { dial } from './raw-caller.ts';

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop[Symbol.asyncDispose]());

describe('an action that leaves the connection alone leaves it fit for the next request, alone and pipelined', () => {
  const actions: readonly HttpAction[] = [
    { kind: 'status', status: 503, body: 'no' },
    { kind: 'delay', before: 'request', delayMs: 20 },
    { kind: 'delay', before: 'response', delayMs: 20, jitterMs: 10 },
    { kind: 'slow-body', pieceBytes: 300, delayMs: 5 },
    { kind: 'truncate', bytes: 450 },
    { kind: 'corrupt', bytes: 5 },
    { kind: 'edit', of: 'response', body: 'other' },
    { kind: 'edit', of: 'response', setHeaders: { 'X-Fault': '1' } },
    { kind: 'edit', of: 'request', setHeaders: { 'X-Fault': '1' } },
    { kind: 'quota', limit: 0, windowMs: 60_000 },
    { kind: 'hold', at: 'request', maxMs: 20 },
    { kind: 'hold', at: 'response', maxMs: 20 },
    { kind: 'reply-late', delayMs: 20 },
  ];
  test.each(
    actions.flatMap((action) => ['/length', '/chunked'].map((path) => ({ name: `${JSON.stringify(action)} ${path}`, action, path }))),
  )('$name', async ({ action, path }) => {
    const { port } = await startLetters(shop);
    await shop.put(action, { everyNth: 2 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const plain = await ask(port, path, { agent });
    expect(plain.body.toString()).toBe(LETTERS);
    await ask(port, path, { agent });
    expect((await ask(port, path, { agent })).body.toString()).toBe(LETTERS);
    // Node's server ends the connection behind a HEAD reply of unknown length.
    expect((await ask(port, '/length', { agent, method: 'HEAD' })).body.length).toBe(0);
    expect((await ask(port, '/after', { agent })).body.toString()).toBe('ok');
    agent.destroy();
    expect(await shop.dialled()).toBe(1);
    // Spared and hit in turn: what comes behind a hit is again the callee's, byte for byte.
    await shop.put(action, { path, everyNth: 2 });
    using caller = await dial(port);
    caller.send(get(path) + get(path) + get('/after?1') + get(path) + get('/after?2'));
    const text = await caller.until((so) => so.split('\r\n\r\nok').length === 3);
    expect(text.match(/HTTP\/1\.1 \d\d\d/g)?.length).toBe(5);
    const records = (await shop.taps()).slice(5);
    expect(records.map(({ outcome }) => outcome)).toEqual(Array(5).fill('answered'));
    expect(records.reduce((sum, { bytesDown }) => sum + bytesDown, 0)).toBe(text.length);
    expect(records.map(({ fault }) => fault !== null)).toEqual([false, true, false, false, false]);
  });
});

describe('status', () => {
  test('a body that is still coming is drained first, and a caller that waits for its go-ahead is answered at once', async () => {
    const { port, asked } = await startLetters(shop);
    await shop.put({ kind: 'status', status: 429, retryAfterS: 7 }, { method: 'POST' });
    using caller = await dial(port);
    caller.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
    caller.send('def');
    expect(headOf(await caller.until((text) => text.includes('\r\n\r\n')))).toBe(
      'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\ncontent-length: 0\r\nconnection: keep-alive',
    );
    caller.send('POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    caller.send(`0\r\n\r\n${get('/c')}`);
    expect(await caller.until((text) => text.endsWith('ok'))).toMatch(/429 Too Many[^]*429 Too Many[^]*200 OK/);
    caller.send('POST /d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n');
    expect(await caller.ended()).toBe('end');
    expect(caller.text).toMatch(/429 Too Many Requests\r\nRetry-After: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n$/);
    expect(asked).toEqual(['GET /c']);
    expect(await shop.touched()).toBe(3);
  });

  test('a header of the same name stays the only Retry-After', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'status', status: 503, retryAfterS: 7, headers: { 'retry-after': '9' } });
    expect((await ask(port, '/')).headers['retry-after']).toBe('9');
  });
});

describe('delay', () => {
  test('its jitter is fixed by seed and hit, and stays within its bounds', async () => {
    const { port } = await startLetters(shop);
    const measure = async (seed: number): Promise<number[]> => {
      await shop.put({ kind: 'delay', before: 'response', delayMs: 60, jitterMs: 60 }, {}, seed);
      const from = (await shop.taps()).length;
      for (let call = 0; call < 4; call++) await ask(port, '/length');
      return (await shop.taps()).slice(from).map(({ startedUs, firstByteUs }) => ((firstByteUs ?? 0) - startedUs) / 1000);
    };
    const [first, again, other] = [await measure(1), await measure(1), await measure(2)];
    const spread = (left: number[], right: number[]): number => Math.max(...left.map((ms, index) => Math.abs(ms - (right[index] ?? 0))));
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(10);
    expect(spread(first, other)).toBeGreaterThan(10);
    expect(spread(first, again)).toBeLessThan(spread(first, other));
  });

  test('an interim reply is no reply yet', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'delay', before: 'response', delayMs: 300 });
    using caller = await dial(port);
    caller.send('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    await caller.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    expect(await shop.touched()).toBe(0);
    caller.send('hi');
    expect(await caller.until((text) => text.includes('"body":"hi"'))).toContain('200 OK');
    expect(await shop.touched()).toBe(1);
  });
});

describe('abort and hang', () => {
  test.each([
    ['/length', 'after-headers', undefined, 0],
    ['/length', 'mid-body', undefined, 500],
    ['/length', 'after-bytes', 123, 123],
    ['/length', 'after-bytes', 0, 0],
    ['/chunked', 'after-headers', undefined, 0],
    ['/chunked', 'mid-body', undefined, 200],
    ['/chunked', 'after-bytes', 450, 450],
  ] as const)('%s is cut %s %s, with a reset or in order', async (path, at, bytes, passed) => {
    const { port, asked } = await startLetters(shop);
    for (const how of ['reset', 'close'] as const) {
      await shop.put({ kind: 'abort', at, how, ...(bytes === undefined ? {} : { bytes }) });
      const reply = await converse(port, get(path));
      expect(reply.how).toBe(how === 'reset' ? 'reset' : 'end');
      const content = path === '/length' ? bodyOf(reply.text) : bodyOf(reply.text).replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
      expect(content).toBe(LETTERS.slice(0, passed));
      const record = await shop.tap(({ outcome }) => outcome === (how === 'reset' ? 'reset' : 'truncated'));
      expect(record).toMatchObject({ status: 200, fault: 'storm', touch: 'abort', bytesDown: reply.bytes.length });
    }
    expect(asked).toEqual([`GET ${path}`, `GET ${path}`]);
    expect(await shop.touched()).toBe(2);
  });

  test('before: the callee sees nothing, however the connection ends', async () => {
    const { port, asked } = await startLetters(shop);
    await shop.put({ kind: 'abort', at: 'before', how: 'close' });
    expect(await converse(port, 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na')).toMatchObject({ how: 'end', text: '' });
    await shop.put({ kind: 'abort', at: 'before' });
    expect(await converse(port, get('/b'))).toMatchObject({ how: 'reset', text: '' });
    expect(asked).toEqual([]);
    expect((await shop.taps()).map(({ outcome, status, path }) => [outcome, status, path])).toEqual([
      ['truncated', 0, '/a'],
      ['reset', 0, '/b'],
    ]);
  });

  test.each([
    { kind: 'abort', at: 'after-bytes', bytes: 1001 },
    { kind: 'hang', at: 'after-bytes', bytes: 1001 },
  ] as const)('$kind: a shorter body, or none, passes whole and is not touched', async (action) => {
    const { port } = await startLetters(shop);
    await shop.put(action);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of ['/length', '/chunked', '/none']) await ask(port, path, { agent });
    expect((await ask(port, '/length', { agent, method: 'HEAD' })).status).toBe(200);
    agent.destroy();
    expect(await shop.dialled()).toBe(1);
    expect(await shop.touched()).toBe(0);
  });

  test('an ended exchange lets go of a callee that would go on for ever', async () => {
    const gone = Promise.withResolvers<void>();
    const callee = await startCallee(shop, (incoming, response) => {
      const timer = setInterval(() => response.write('data: x\n\n'), 1);
      incoming.socket.on('close', () => {
        clearInterval(timer);
        gone.resolve();
      });
    });
    const port = await shop.front(callee.upstream);
    await shop.put({ kind: 'abort', at: 'after-bytes', bytes: 40, how: 'close' });
    expect((await converse(port, get('/'))).how).toBe('end');
    await gone.promise;
  });

  test.each([
    ['after-headers', 0],
    ['mid-body', 500],
    ['after-bytes', 77],
  ] as const)('a hang %s is silent behind that point until the caller leaves or the rule is withdrawn', async (at, passed) => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'hang', at, ...(at === 'after-bytes' ? { bytes: passed } : {}) });
    using caller = await dial(port);
    caller.send(get('/length') + get('/length?waits'));
    await caller.until((text) => text.includes('\r\n\r\n') && bodyOf(text).length >= passed);
    await shop.untilTouched(1);
    caller.socket.end();
    expect(await caller.ended()).toBe('end');
    expect(bodyOf(caller.text)).toBe(LETTERS.slice(0, passed));
    expect(await shop.tap(() => true)).toMatchObject({ outcome: 'caller-left', status: 200, fault: 'storm', touch: 'hang' });
    using other = await dial(port);
    other.send(get('/length'));
    await shop.untilTouched(2);
    await shop.withdraw();
    expect(await other.ended()).toBe('reset');
    expect(bodyOf(other.text)).toBe(LETTERS.slice(0, passed));
  });
});

test('a quota lets exactly so many through in a window and tells the rest when to come back', async () => {
  const { port, asked } = await startLetters(shop);
  await shop.put({ kind: 'quota', limit: 5, windowMs: 60_000, body: '{"error":"slow down"}' }, { path: '/length' });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const replies = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(port, index % 2 === 0 ? '/length' : '/other', { agent })));
  agent.destroy();
  const denied = replies.filter(({ status }) => status === 429);
  expect(denied.length).toBe(15);
  expect(
    denied.every(({ headers, body }) => ['59', '60'].includes(headers['retry-after'] ?? '') && body.toString() === '{"error":"slow down"}'),
  ).toBe(true);
  expect(asked.filter((line) => line === 'GET /length').length).toBe(5);
  expect(await shop.touched()).toBe(15);
});

describe('hold', () => {
  const heldCalls = async (count: number) => {
    let held = await shop.proxy.held(shop.edge, 'storm', never);
    while (held.length < count) held = await shop.proxy.held(shop.edge, 'storm', never);
    return held;
  };

  test.each(['request', 'response'] as const)('a %s is held until it is released, each by its own outcome', async (at) => {
    const { port, asked } = await startLetters(shop);
    await shop.put({ kind: 'hold', at });
    const callers = [await dial(port), await dial(port), await dial(port), await dial(port)];
    for (const [index, caller] of callers.entries()) {
      caller.send(get(`/length?${index}`));
      await heldCalls(index + 1);
    }
    const held = await heldCalls(4);
    expect(held.map(({ ordinal, method, path, status }) => [ordinal, method, path, status])).toEqual(
      [1, 2, 3, 4].map((ordinal) => [ordinal, 'GET', '/length', at === 'request' ? 0 : 200]),
    );
    expect(asked.length).toBe(at === 'request' ? 0 : 4);
    const release = (ordinal: number, outcome: Parameters<typeof shop.proxy.release>[2]['outcome']) =>
      shop.proxy.release(shop.edge, 'storm', { ordinals: [ordinal], ...(outcome === undefined ? {} : { outcome }) }, never);
    expect(await release(3, { kind: 'reset' })).toBe(1);
    expect(await release(1, { kind: 'status', status: 502, body: 'made up' })).toBe(1);
    expect(await release(2, { kind: 'pass' })).toBe(1);
    expect(await release(4, { kind: 'close' })).toBe(1);
    expect(await release(4, { kind: 'close' })).toBe(0);
    expect(bodyOf((await callers[0]?.until((text) => text.endsWith('made up'))) ?? '')).toBe('made up');
    expect(bodyOf((await callers[1]?.until((text) => text.endsWith(LETTERS))) ?? '')).toBe(LETTERS);
    expect([await callers[2]?.ended(), callers[2]?.text]).toEqual(['reset', '']);
    expect([await callers[3]?.ended(), callers[3]?.text]).toEqual(['end', '']);
    await shop.withdraw();
    // The ones that were answered are fit for another request.
    for (const caller of callers.slice(0, 2)) {
      caller.send(get('/after'));
      await caller.until((text) => text.endsWith('\r\n\r\nok'));
    }
    for (const caller of callers) caller[Symbol.dispose]();
    expect(await shop.touched()).toBe(4);
    expect((await shop.taps()).map(({ outcome, status, path }) => `${path} ${outcome} ${status}`).sort()).toEqual([
      '/after answered 200',
      '/after answered 200',
      '/length answered 200',
      '/length answered 502',
      '/length reset 0',
      '/length truncated 0',
    ]);
  });

  test.each(['request', 'response'] as const)(
    'a %s is let go of when its caller leaves, and passes when the rule is withdrawn',
    async (at) => {
      const { port } = await startLetters(shop);
      await shop.put({ kind: 'hold', at });
      using leaver = await dial(port);
      leaver.send(get('/length?leaves'));
      using dropper = await dial(port);
      dropper.send(get('/length?drops'));
      using stayer = await dial(port);
      stayer.send(get('/length?stays'));
      await heldCalls(3);
      leaver.socket.end();
      dropper.socket.resetAndDestroy();
      while ((await shop.proxy.held(shop.edge, 'storm', never)).length > 1) await new Promise((resolve) => setImmediate(resolve));
      expect(await leaver.ended()).toBe('end');
      await shop.withdraw();
      expect(bodyOf(await stayer.until((text) => text.endsWith(LETTERS)))).toBe(LETTERS);
      expect((await shop.taps()).map(({ outcome }) => outcome).sort()).toEqual(['answered', 'caller-left', 'caller-left']);
    },
  );

  test('a caller that ends its side behind a released reply still gets all of it', async () => {
    const go = Promise.withResolvers<void>();
    const callee = await startCallee(shop, (_, response) => {
      response.write('first ');
      void go.promise.then(() => response.end('last'));
    });
    const port = await shop.front(callee.upstream);
    await shop.put({ kind: 'hold', at: 'response' });
    using caller = await dial(port);
    caller.send(get('/'));
    await heldCalls(1);
    await shop.proxy.release(shop.edge, 'storm', {}, never);
    await caller.until((text) => text.includes('first '));
    caller.socket.end();
    go.resolve();
    expect(await caller.until((text) => text.endsWith('0\r\n\r\n'))).toContain('last');
  });

  test('a body of many pieces is held and released whole', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'hold', at: 'request' });
    const body = 'b'.repeat(3 * 1024 * 1024);
    const reply = ask(port, '/echo', { method: 'POST', body });
    await heldCalls(1);
    await shop.proxy.release(shop.edge, 'storm', {}, never);
    expect(JSON.parse((await reply).body.toString())).toMatchObject({ body });
  });
});

test('a rule that is withdrawn before it began to act does not act any more', async () => {
  let asked = Promise.withResolvers<void>();
  let go = Promise.withResolvers<void>();
  const callee = await startCallee(shop, (_, response) => {
    asked.resolve();
    void go.promise.then(() => response.end(LETTERS));
  });
  const port = await shop.front(callee.upstream);
  for (const action of [
    { kind: 'abort', at: 'mid-body' },
    { kind: 'truncate', bytes: 3 },
    { kind: 'corrupt', bytes: 3 },
    { kind: 'reply-lost' },
    { kind: 'edit', of: 'response', body: 'x' },
  ] as const satisfies readonly HttpAction[]) {
    asked = Promise.withResolvers();
    go = Promise.withResolvers();
    await shop.put(action);
    const reply = ask(port, '/');
    await asked.promise;
    await shop.withdraw();
    go.resolve();
    expect((await reply).body.toString()).toBe(LETTERS);
  }
  expect(await shop.touched()).toBe(0);
});

test('a reply that is no HTTP cannot be acted on and passes as it is, but a lost one is lost', async () => {
  const { upstream } = await startTcpCallee(shop, (socket) => socket.once('data', () => socket.end('SSH-2.0-x\r\nhello')));
  const port = await shop.front(upstream);
  await shop.put({ kind: 'truncate', bytes: 3 });
  expect((await converse(port, get('/'))).text).toBe('SSH-2.0-x\r\nhello');
  expect(await shop.touched()).toBe(0);
  await shop.put({ kind: 'reply-lost' });
  expect(await converse(port, get('/'))).toMatchObject({ how: 'reset', text: '' });
  expect(await shop.touched()).toBe(1);
});
