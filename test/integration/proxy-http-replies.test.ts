/**
 * Goal: each HTTP action that works on heads and bodies changes what its contract says and not a byte more, over every framing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, bodyOf, get, LETTERS, startLetters, startShop, type Shop } from './proxy-http-shop.ts';
import { converse, startCallee, startTcpCallee } from './proxy-world.ts';
import { dial } from './raw-caller.ts';

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop[Symbol.asyncDispose]());

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('slow-body', () => {
  test.each(['/length', '/chunked'])('%s: pieces of that size, that far apart, and not a byte changed', async (path) => {
    const { port } = await startLetters(shop);
    using plain = await dial(port);
    plain.send(get(path));
    const whole = await plain.until((text) => text.endsWith(path === '/length' ? LETTERS.slice(-20) : '0\r\n\r\n'));
    await shop.put({ kind: 'slow-body', pieceBytes: 250, delayMs: 40 });
    using caller = await dial(port);
    const came: number[] = [];
    caller.socket.on('data', () => came.push(performance.now()));
    caller.send(get(path));
    expect(await caller.until((text) => text.length >= whole.length)).toBe(whole);
    // Four pieces of 250 lie three delays apart.
    expect((came.at(-1) ?? 0) - (came[0] ?? 0)).toBeGreaterThanOrEqual(3 * 40 - 10);
    expect(await shop.touched()).toBe(1);
    const record = (await shop.taps()).at(-1);
    expect(record).toMatchObject({ outcome: 'answered', bytesDown: whole.length, touch: 'slow-body' });
    expect((record?.endedUs ?? 0) - (record?.firstByteUs ?? 0)).toBeGreaterThanOrEqual(119_000);
  });

  test('a body of one piece is not touched', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'slow-body', pieceBytes: 1000, delayMs: 40 });
    await ask(port, '/length');
    await ask(port, '/none');
    expect(await shop.touched()).toBe(0);
  });

  test('withdrawn in the middle, the rest comes at once; large bodies keep their bytes', async () => {
    const big = randomBytes(10 * 1024 * 1024);
    const callee = await startCallee(shop, (_, response) => void response.end(big));
    const port = await shop.front(callee.upstream);
    await shop.put({ kind: 'slow-body', pieceBytes: 1024, delayMs: 30_000 });
    const whole = ask(port, '/');
    await shop.untilTouched(1);
    await shop.withdraw();
    expect(sha(await whole.then(({ body }) => body))).toBe(sha(big));
  });
});

describe('truncate', () => {
  test.each([
    ['/length', { bytes: 123 }, 123],
    ['/length', { bytes: 0 }, 0],
    ['/length', { share: 0.25 }, 250],
    ['/chunked', { bytes: 123 }, 123],
    ['/chunked', { bytes: 400 }, 400],
    ['/chunked', { bytes: 450 }, 450],
    ['/chunked', { bytes: 0 }, 0],
  ] as const)('%s with %j is a whole reply of %i bytes', async (path, cut, bytes) => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'truncate', ...cut });
    const { status, headers, body } = await ask(port, path);
    expect([status, body.toString()]).toEqual([200, LETTERS.slice(0, bytes)]);
    expect(headers['content-length']).toBe(path === '/length' ? String(bytes) : undefined);
    expect(await shop.touched()).toBe(1);
    expect(await shop.tap(() => true)).toMatchObject({ outcome: 'answered', status: 200, touch: 'truncate' });
  });

  test('what is not longer passes byte for byte, untouched', async () => {
    const { port } = await startLetters(shop);
    for (const path of ['/length', '/chunked']) {
      const plain = (await converse(port, get(path).replace('Host', 'Connection: close\r\nHost'))).text;
      await shop.put({ kind: 'truncate', bytes: 1000 });
      expect((await converse(port, get(path).replace('Host', 'Connection: close\r\nHost'))).text).toBe(plain);
      await shop.withdraw();
    }
    await shop.put({ kind: 'truncate', share: 0.5 });
    expect((await ask(port, '/chunked')).body.toString()).toBe(LETTERS);
    expect((await ask(port, '/length', { method: 'HEAD' })).headers['content-length']).toBe('1000');
    expect(await shop.touched()).toBe(0);
  });

  test('a body that lasts as long as the connection ends with it', async () => {
    const { upstream } = await startTcpCallee(shop, (socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${LETTERS}`));
    });
    const port = await shop.front(upstream);
    await shop.put({ kind: 'truncate', bytes: 10 });
    expect(await converse(port, get('/'))).toMatchObject({ how: 'end', text: 'HTTP/1.1 200 OK\r\n\r\nabcdefghij' });
    expect(await shop.tap(() => true)).toMatchObject({ outcome: 'answered' });
  });

  test('10 MB behind the cut are drained, and the connection goes on', async () => {
    const big = randomBytes(10 * 1024 * 1024);
    const callee = await startCallee(shop, (_, response) => void response.end(big));
    const port = await shop.front(callee.upstream);
    await shop.put({ kind: 'truncate', bytes: 5_000_000 }, { first: 1 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(sha((await ask(port, '/', { agent })).body)).toBe(sha(big.subarray(0, 5_000_000)));
    expect(sha((await ask(port, '/', { agent })).body)).toBe(sha(big));
    agent.destroy();
    expect(await shop.dialled()).toBe(1);
  });
});

describe('corrupt', () => {
  test.each(['/length', '/chunked'])('%s: exactly that many bytes differ, the same ones for the same seed and hit', async (path) => {
    const { port } = await startLetters(shop);
    const places = async (seed: number): Promise<number[][]> => {
      await shop.put({ kind: 'corrupt', bytes: 7 }, {}, seed);
      const hits: number[][] = [];
      for (let hit = 0; hit < 3; hit++) {
        const { body } = await ask(port, path);
        expect(body.length).toBe(LETTERS.length);
        hits.push([...body].flatMap((byte, at) => (byte === LETTERS.charCodeAt(at) ? [] : [at * 256 + byte])));
      }
      return hits;
    };
    const first = await places(1);
    expect(first.map((hit) => hit.length)).toEqual([7, 7, 7]);
    expect(first[0]).not.toEqual(first[1]);
    expect(await places(1)).toEqual(first);
    expect(await places(2)).not.toEqual(first);
    expect(await shop.touched()).toBe(9);
  });

  test('more than there are changes all of them; none to change is not touched', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'corrupt', bytes: 5 });
    expect([...(await ask(port, '/')).body].every((byte, at) => byte !== 'ok'.charCodeAt(at))).toBe(true);
    await ask(port, '/none');
    await ask(port, '/length', { method: 'HEAD' });
    expect(await shop.touched()).toBe(1);
  });

  test('a caller does not observe what it could not read', async () => {
    const { port } = await startLetters(shop);
    expect((await ask(port, '/json')).status).toBe(200);
    expect(await shop.tap(() => true)).toMatchObject({ observed: { value: 5 } });
    await shop.put({ kind: 'corrupt', bytes: 33 });
    await ask(port, '/json');
    expect(await shop.tap(({ fault }) => fault === 'storm')).toMatchObject({ observed: null });
  });

  test.each([
    ['/chunked', 200],
    ['/length', 200],
  ] as const)('the framing of %s breaks behind a good head', async (path, status) => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'corrupt', bytes: 16, what: 'framing' });
    await expect(ask(port, path)).rejects.toThrow();
    const { how, text } = await converse(port, get(path));
    expect(how).toBe('end');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    if (path === '/chunked') expect(bodyOf(text)).toMatch(/^[g-zG-Z]{16}$/);
    else expect(bodyOf(text)).toMatch(new RegExp(`^${LETTERS.slice(0, 500)}[g-zG-Z]{16}$`));
    expect(await shop.tap(() => true)).toMatchObject({ outcome: 'truncated', status, touch: 'corrupt' });
    expect(await shop.touched()).toBe(2);
  });
});

describe('edit of a reply', () => {
  test('a head is edited where it must be and is otherwise byte for byte what it was', async () => {
    const reply = 'HTTP/1.1 200 Fine\r\nX-a:  1 \r\ncontent-LENGTH:2\r\nSet-Cookie: a\r\nX-B: 2\r\nset-cookie: b\r\n\r\nok';
    const { upstream } = await startTcpCallee(shop, (socket) => socket.on('data', () => socket.write(reply)));
    const port = await shop.front(upstream);
    await shop.put({ kind: 'edit', of: 'response', status: 418, setHeaders: { 'SET-cookie': 'c', 'X-New': 'é' }, removeHeaders: ['x-b'] });
    using caller = await dial(port);
    caller.send(get('/'));
    expect(await caller.until((text) => text.endsWith('ok'))).toBe(
      `HTTP/1.1 418 I'm a Teapot\r\nX-a:  1 \r\ncontent-LENGTH:2\r\nSet-Cookie: c\r\nX-New: ${Buffer.from('é').toString('latin1')}\r\n\r\nok`,
    );
    expect(await shop.tap(() => true)).toMatchObject({ status: 418, outcome: 'answered', fault: 'storm', touch: 'edit' });
  });

  test.each([
    ['/chunked', { replace: [{ find: 'xyz', with: '-' }] }, LETTERS.replaceAll('xyz', '-')],
    ['/length', { body: 'ünlike' }, 'ünlike'],
    ['/json', { json: [{ pointer: '/fee/amount', value: 7 }] }, '{"fee":{"amount":7},"list":[1,2]}'],
    [
      '/json',
      {
        json: [
          { pointer: '/list/-', value: 3 },
          { pointer: '/new', value: null },
        ],
      },
      '{"fee":{"amount":5},"list":[1,2,3],"new":null}',
    ],
  ] as const)('%s with %j', async (path, edits, body) => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'edit', of: 'response', ...edits });
    const got = await ask(port, path);
    expect(got.body.toString()).toBe(body);
    expect([got.headers['content-length'], got.headers['transfer-encoding']]).toEqual([String(Buffer.byteLength(body)), undefined]);
    expect(await shop.touched()).toBe(1);
    const head = await ask(port, path, { method: 'HEAD' });
    expect(head.body.length).toBe(0);
    expect(await shop.touched()).toBe(1);
  });

  test('the caller observes what was edited into its reply', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'edit', of: 'response', json: [{ pointer: '/fee/amount', value: 7 }] });
    await ask(port, '/json');
    expect(await shop.tap(() => true)).toMatchObject({ observed: { value: 7 }, fault: 'storm' });
  });

  test('what is compressed, too large, no JSON or has nothing to edit passes as it is and is not touched', async () => {
    const large = Buffer.alloc(1024 * 1024 + 1, 'a');
    const callee = await startCallee(shop, (incoming, response) => {
      if (incoming.url === '/gzip') {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync('a'));
      } else if (incoming.url === '/large') {
        response.write(large.subarray(0, 1000));
        response.end(large.subarray(1000));
      } else if (incoming.url === '/long') {
        response.end(large);
      } else {
        response.end('bcd');
      }
    });
    const port = await shop.front(callee.upstream);
    await shop.put({ kind: 'edit', of: 'response', replace: [{ find: 'a', with: 'b' }], json: [{ pointer: '/a', value: 1 }] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask(port, '/gzip', { agent })).body.equals(gzipSync('a'))).toBe(true);
    expect((await ask(port, '/large', { agent })).body.equals(large)).toBe(true);
    expect((await ask(port, '/long', { agent })).body.equals(large)).toBe(true);
    expect((await ask(port, '/', { agent })).body.toString()).toBe('bcd');
    expect(await shop.touched()).toBe(0);
    await shop.put({ kind: 'edit', of: 'response', replace: [{ find: 'a', with: 'b' }], setHeaders: { 'x-y': 'z' } });
    const edited = await ask(port, '/large', { agent });
    expect([edited.headers['x-y'], edited.body.equals(large)]).toEqual(['z', true]);
    expect(await shop.touched()).toBe(1);
    agent.destroy();
    expect(await shop.dialled()).toBe(1);
  });

  test.each([
    ['/length', 204, ''],
    ['/none', 200, ''],
    ['/none', 500, ''],
  ] as const)('%s as %i is well framed', async (path, status, body) => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'edit', of: 'response', status });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let call = 0; call < 2; call++) {
      const got = await ask(port, path, { agent });
      expect([got.status, got.body.toString()]).toEqual([status, body]);
    }
    agent.destroy();
    expect(await shop.dialled()).toBe(1);
  });
});

describe('edit of a request', () => {
  const echo = async (port: number, options: Parameters<typeof ask>[2]) =>
    JSON.parse((await ask(port, '/echo?q=1', options)).body.toString()) as { url: string; raw: string[]; body: string };

  test('headers, texts and JSON; the method and the path stay', async () => {
    const { port, asked } = await startLetters(shop);
    await shop.put({
      kind: 'edit',
      of: 'request',
      setHeaders: { 'X-User': 'eve' },
      removeHeaders: ['X-Gone'],
      json: [{ pointer: '/amount', value: -1 }],
    });
    const got = await echo(port, {
      method: 'POST',
      body: '{"amount":5}',
      headers: { 'X-USER': 'bob', 'X-gone': '1', 'X-Kept': '2', 'transfer-encoding': 'chunked' },
    });
    expect(got.body).toBe('{"amount":-1}');
    expect(got.url).toBe('/echo?q=1');
    expect(got.raw.slice(0, 4)).toEqual(['X-USER', 'eve', 'X-Kept', '2']);
    expect(got.raw).toEqual(expect.arrayContaining(['Content-Length', '13']));
    expect(asked).toEqual(['POST /echo?q=1']);
    expect(await shop.touched()).toBe(1);
  });

  test('a large body passes unedited behind an edited head; an unedited request is not touched', async () => {
    const { port } = await startLetters(shop);
    const large = 'a'.repeat(1024 * 1024 + 10);
    await shop.put({ kind: 'edit', of: 'request', replace: [{ find: 'a', with: 'b' }] });
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }])
      expect((await echo(port, { method: 'POST', body: large, headers })).body).toBe(large);
    expect((await echo(port, { method: 'POST', body: 'xyz' })).body).toBe('xyz');
    expect((await ask(port, '/length')).body.toString()).toBe(LETTERS);
    expect(await shop.touched()).toBe(0);
    expect((await echo(port, { method: 'POST', body: 'xaz' })).body).toBe('xbz');
    expect(await shop.touched()).toBe(1);
  });

  test('a caller that waits for its go-ahead gets it, so that its body can be edited', async () => {
    const { port } = await startLetters(shop);
    await shop.put({ kind: 'edit', of: 'request', body: 'all new' });
    using caller = await dial(port);
    caller.send('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    await caller.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    caller.send(`old${get('/after')}`);
    const text = await caller.until((so) => so.endsWith('ok'));
    expect(text).toContain('"body":"all new"');
    expect(text.match(/100 Continue/g)?.length).toBe(1);
  });
});

test('a reader that is slow gets every byte of a reply that is acted on', async () => {
  const big = randomBytes(10 * 1024 * 1024);
  const callee = await startCallee(shop, (_, response) => void response.end(big));
  const port = await shop.front(callee.upstream);
  await shop.put({ kind: 'corrupt', bytes: 3 });
  using caller = await dial(port);
  caller.send(get('/'));
  caller.socket.pause();
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    caller.socket.resume();
    await new Promise((resolve) => setImmediate(resolve));
    caller.socket.pause();
  }
  caller.socket.resume();
  const start = await caller.untilBytes(1000);
  const headBytes = start.indexOf('\r\n\r\n') + 4;
  const body = (await caller.untilBytes(headBytes + big.length)).subarray(headBytes);
  expect(body.length).toBe(big.length);
  expect(body.subarray(65_536).equals(big.subarray(65_536))).toBe(true);
  expect([...body.subarray(0, 65_536)].filter((byte, at) => byte !== big[at]).length).toBe(3);
});
