/**
 * Goal: where no rule acts, and where one acts that finds nothing to change, what passes is byte for byte what passes without the proxy,
 * at once, however it is cut; what is no HTTP/1.1 passes as it is.
 */
import { createServer as createHttpServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HttpAction } from '../../harness/run/proxy/contract.ts';
import { ask, startShop, type Shop } from './proxy-http-shop.ts';
import { converse, startCallee, startTcpCallee } from './proxy-world.ts';
import { dial } from './raw-caller.ts';

let shop: Shop;

beforeEach(async () => {
  shop = await startShop();
});
afterEach(() => shop[Symbol.asyncDispose]());

interface Turn {
  readonly request: string;
  readonly reply: string;
}

const text = fc.string({ maxLength: 300, unit: 'binary-ascii' });
const chunks = fc.array(text, { maxLength: 4 }).map((parts) => ({
  header: 'tRANSFER-encoding:  Chunked \r\n',
  text: [
    ...parts.filter((part) => part !== '').map((part) => `00${part.length.toString(16)};x="1"\r\n${part}\r\n`),
    '0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n',
  ].join(''),
}));
const body = fc.oneof(
  text.map((content) => ({ header: `content-LENGTH:${content.length}\r\n`, text: content })),
  chunks,
);
const turn: fc.Arbitrary<Turn> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PATCH', 'M-SEARCH'),
    sent: fc.option(body, { nil: undefined }),
    got: body,
    interim: fc.constantFrom('', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
    status: fc.constantFrom('200 OK', '500 ', '404', '204 No Content', '304 Not Modified'),
  })
  .map(({ method, sent, got, interim, status }) => ({
    request: `${method} /a?b=c HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n${sent?.header ?? ''}\r\n${sent?.text ?? ''}`,
    reply: `${interim}HTTP/1.1 ${status}\r\n${got.header}\r\n${method === 'HEAD' || /^(?:204|304)/.test(status) ? '' : got.text}`,
  }));

function cut(whole: string, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((left, right) => left - right);
  const parts = [0, ...cuts].map((from, index) => Buffer.from(whole.slice(from, cuts[index] ?? whole.length), 'latin1'));
  return parts.filter((part) => part.length > 0);
}

/** Pieces in turns of the event loop of their own, so that most arrive apart. */
async function writeApart(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
}

const idle: readonly (HttpAction | null)[] = [
  null,
  { kind: 'delay', before: 'request', delayMs: 0 },
  { kind: 'delay', before: 'response', delayMs: 0 },
  { kind: 'slow-body', pieceBytes: 7, delayMs: 0 },
  { kind: 'slow-body', pieceBytes: 90, delayMs: 1 },
  { kind: 'abort', at: 'after-bytes', bytes: 5000 },
  { kind: 'hang', at: 'after-bytes', bytes: 5000 },
  { kind: 'truncate', bytes: 5000 },
  { kind: 'edit', of: 'response', replace: [{ find: 'not to be found', with: '' }] },
  { kind: 'edit', of: 'request', replace: [{ find: 'not to be found', with: '' }] },
  { kind: 'edit', of: 'response', removeHeaders: ['x-absent'] },
  { kind: 'hold', at: 'response', maxMs: 1 },
];

test.each(idle.map((action) => ({ name: JSON.stringify(action), action })))('$name changes no byte', async ({ action }) => {
  let script: { readonly turns: readonly Turn[]; readonly places: readonly number[] } = { turns: [], places: [] };
  let received = Buffer.alloc(0);
  const { upstream } = await startTcpCallee(shop, (socket) => {
    const { turns, places } = script;
    const parts: Buffer[] = [];
    let answered = 0;
    let wanted = 0;
    let writing = Promise.resolve();
    socket.on('data', (data) => {
      parts.push(data);
      received = Buffer.concat(parts);
      while (answered < turns.length && received.length >= wanted + (turns[answered]?.request.length ?? 0)) {
        const reply = turns[answered]?.reply ?? '';
        wanted += turns[answered]?.request.length ?? 0;
        answered++;
        const isLast = answered === turns.length;
        writing = writing.then(() => writeApart(socket, cut(reply, places))).then(() => void (isLast && socket.end()));
      }
    });
  });
  const port = await shop.front(upstream);
  if (action !== null) await shop.put(action);
  else await shop.put({ kind: 'status', status: 500 }, { headers: { 'x-empty': 'x' } });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(2000), { maxLength: 6 }), async (turns, places) => {
      script = { turns, places };
      received = Buffer.alloc(0);
      const sent = turns.map(({ request }) => request).join('');
      const before = shop.records.length;
      const got = await converse(port, (socket) => void writeApart(socket, cut(sent, places)));
      expect(got.text).toBe(turns.map(({ reply }) => reply).join(''));
      expect(received.toString('latin1')).toBe(sent);
      const records = (await shop.taps()).slice(before);
      expect(records.map(({ outcome, bytesUp, bytesDown }) => [outcome, bytesUp, bytesDown])).toEqual(
        turns.map(({ request, reply }) => ['answered', request.length, reply.length]),
      );
    }),
    { numRuns: 25, seed: 17 },
  );
});

test("whatever a caller sends reaches node's parser as it is, and what that answers comes back as it is", async () => {
  const server = createHttpServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (data: Buffer) => parts.push(data));
    incoming.on('end', () => response.end(`${incoming.method} ${incoming.url} ${Buffer.concat(parts).toString('latin1')}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shop.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port: behind } = server.address() as AddressInfo;
  // Node's answers depend on how requests come apart, so both directions are kept between proxy and server rather than compared with another run.
  let heard: Buffer[] = [];
  let said: Buffer[] = [];
  let endedFirst: 'caller' | 'callee' | null = null;
  const { upstream } = await startTcpCallee(shop, (socket) => {
    const answering = connect({ port: behind, host: '127.0.0.1', allowHalfOpen: true });
    [heard, said, endedFirst] = [[], [], null];
    socket.on('data', (data) => {
      heard.push(data);
      answering.write(data);
    });
    answering.on('data', (data) => {
      said.push(data);
      socket.write(data);
    });
    socket.on('end', () => {
      endedFirst ??= 'caller';
      answering.end();
    });
    answering.on('end', () => {
      endedFirst ??= 'callee';
      socket.end();
    });
    answering.on('error', () => socket.resetAndDestroy());
  });
  const port = await shop.front(upstream);
  await shop.put({ kind: 'status', status: 500 }, { path: '/never' });
  const piece = fc.constantFrom(
    'GET ',
    'POST ',
    '/',
    '/a b',
    ' HTTP/1.1',
    ' HTTP/1.0',
    '\r\n',
    '\n',
    '\r',
    'Host: x\r\n',
    'Host: x\n',
    ' folded\r\n',
    '\r\n\r\n',

    'Content-Length: 3\r\n',
    'Content-Length: 4\r\n',
    'Content-Length : 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',

    '3\r\nabc\r\n',
    '0\r\n\r\n',
    'abc',
    'zz\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: x\r\nConnection: upgrade\r\n',
    '\u0000',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  );
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 9 }), fc.array(fc.nat(400), { maxLength: 4 }), async (pieces, places) => {
      const sent = pieces.join('');
      const got = await converse(port, (socket) => void writeApart(socket, cut(sent, places)).then(() => socket.end()));
      expect(got.text).toBe(Buffer.concat(said).toString('latin1'));
      const received = Buffer.concat(heard).toString('latin1');
      if (endedFirst === 'callee') expect(sent.startsWith(received)).toBe(true);
      else expect(received).toBe(sent);
      if (received === sent) complete++;
    }),
    { numRuns: 250, seed: 23 },
  );
  expect(complete).toBeGreaterThan(125);
  expect((await ask(port, '/')).status).toBe(200);
});

test('events come as they are sent, not when the next one does', async () => {
  const callee = await startCallee(shop, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    shop.defer(() => response.end());
  });
  const port = await shop.front(callee.upstream);
  for (const action of [
    null,
    { kind: 'truncate', bytes: 9000 },
    { kind: 'corrupt', bytes: 1 },
    { kind: 'abort', at: 'after-bytes', bytes: 9000 },
  ] as const) {
    if (action !== null) await shop.put(action);
    using caller = await dial(port);
    caller.send('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    const got = await caller.until((so) => so.endsWith('\r\n9\r\ndata: 1\n\n\r\n') || /9\r\n[^]{9}\r\n$/.test(so));
    expect(got).toContain('text/event-stream');
  }
});

test.each([
  ['a TLS client hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ["HTTP/2's preface", Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000', 'latin1')],
  ['a folded header', Buffer.from('GET / HTTP/1.1\r\nX: 1\r\n 2\r\n\r\n')],
  ['a bare line feed behind good lines', Buffer.from('GET / HTTP/1.1\r\nHost: x\nX: 1\r\n')],
  ['a blank before a colon', Buffer.from('POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc')],
])('%s passes as it is, at once', async (_, bytes) => {
  const { upstream } = await startTcpCallee(shop, (socket) => void socket.pipe(socket));
  const port = await shop.front(upstream);
  await shop.put({ kind: 'status', status: 500 });
  using caller = await dial(port);
  caller.send(bytes);
  expect((await caller.untilBytes(bytes.length)).equals(bytes)).toBe(true);
  caller.socket.end();
  expect(await caller.ended()).toBe('end');
  expect((await shop.taps()).map(({ method, bytesUp, fault }) => [method, bytesUp, fault])).toEqual([['', bytes.length, null]]);
});

test('a callee that speaks first is heard at once', async () => {
  const { upstream } = await startTcpCallee(shop, (socket) => void socket.write('SSH-2.0-x\r\n'));
  const port = await shop.front(upstream);
  using caller = await dial(port);
  expect(await caller.until((so) => so.endsWith('\n'))).toBe('SSH-2.0-x\r\n');
});

test.each([
  [
    'an upgrade',
    'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['a tunnel', 'CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n', 'HTTP/1.1 200 Connection Established\r\n\r\n'],
])('%s passes raw behind its reply, also where a rule acted on that', async (_, opening, reply) => {
  const { upstream } = await startTcpCallee(shop, (socket) => {
    socket.once('data', () => {
      socket.write(`${reply}first`);
      socket.pipe(socket);
    });
  });
  const port = await shop.front(upstream);
  for (const action of [null, { kind: 'delay', before: 'response', delayMs: 20 }, { kind: 'truncate', bytes: 1 }] as const) {
    if (action !== null) await shop.put(action);
    using caller = await dial(port);
    caller.send(opening);
    await caller.until((so) => so === `${reply}first`);
    caller.send('GET is no request here \u0001');
    await caller.until((so) => so.endsWith('here \u0001'));
    caller.socket.end();
    expect(await caller.ended()).toBe('end');
  }
  expect(shop.records.every(({ outcome }) => outcome === 'answered')).toBe(true);
});

test('what arrives before a reply is over waits for it, in order', async () => {
  const asked: string[] = [];
  const { upstream } = await startTcpCallee(shop, (socket) => {
    socket.on('data', (data) => {
      asked.push(data.toString());
      setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${asked.length}`), 5);
    });
  });
  const port = await shop.front(upstream);
  using caller = await dial(port);
  caller.send(['a', 'b', 'c'].map((path) => `GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  expect((await caller.until((so) => so.endsWith('3'))).match(/\d(?=HTTP|$)/g)).toEqual(['1', '2', '3']);
  expect(asked.map((request) => request.slice(0, 6))).toEqual(['GET /a', 'GET /b', 'GET /c']);
});

test('whatever a callee answers, an action on it neither breaks the proxy nor leaves a caller waiting, and each call is one record', async () => {
  let answer: readonly Buffer[] = [];
  const { upstream } = await startTcpCallee(shop, (socket) => {
    socket.once('data', () => void writeApart(socket, answer).then(() => socket.end()));
    socket.on('end', () => socket.end());
  });
  const port = await shop.front(upstream);
  const actions: readonly HttpAction[] = [
    { kind: 'delay', before: 'response', delayMs: 1 },
    { kind: 'slow-body', pieceBytes: 2, delayMs: 1 },
    { kind: 'abort', at: 'mid-body' },
    { kind: 'abort', at: 'after-bytes', bytes: 2, how: 'close' },
    { kind: 'truncate', bytes: 2 },
    { kind: 'truncate', share: 0.4 },
    { kind: 'corrupt', bytes: 2 },
    { kind: 'corrupt', bytes: 2, what: 'framing' },
    { kind: 'edit', of: 'response', status: 204 },
    { kind: 'edit', of: 'response', replace: [{ find: 'a', with: '' }] },
    { kind: 'edit', of: 'request', body: 'x' },
    { kind: 'hold', at: 'response', maxMs: 1 },
    { kind: 'reply-lost' },
  ];
  const piece = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 204 No\r\n',
    'HTTP/1.1 101 Up\r\n',
    'HTTP/2 200\r\n',
    '\r\n',
    '\n',
    'abc',

    'Content-Length: 3\r\n',
    'Content-Length: 0\r\n',
    'Content-Length: x\r\n',
    'Transfer-Encoding: chunked\r\n',
    'X: y\r\n',
    '3\r\nabc\r\n',
    '0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nContent-Type: a/json\r\n\r\n{}',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  for (const action of actions) {
    await shop.put(action);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.array(fc.nat(100), { maxLength: 3 }), async (pieces, places) => {
        answer = cut(pieces.join(''), places);
        const before = shop.records.length;
        await converse(port, 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi');
        expect((await shop.taps()).length - before).toBe(1);
      }),
      { numRuns: 40, seed: 29 },
    );
  }
});
