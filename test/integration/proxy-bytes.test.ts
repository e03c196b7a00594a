import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { converse, startTcpCallee, startWorld, type World } from './proxy-world.ts';

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const body = fc.string({ maxLength: 300, unit: 'binary-ascii' });
const method = fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE');

interface Exchange {
  readonly request: string;
  readonly reply: string;
}

function chunked(parts: readonly string[]): string {
  return [
    ...parts.filter((part) => part !== '').map((part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`),
    '0\r\nx-trailer: 1\r\n\r\n',
  ].join('');
}

const framedBody = fc.oneof(
  body.map((text) => ({ header: `Content-Length: ${text.length}\r\n`, text })),
  fc.array(body, { maxLength: 4 }).map((parts) => ({ header: 'Transfer-Encoding: chunked\r\n', text: chunked(parts) })),
);

const exchange: fc.Arbitrary<Exchange> = fc
  .record({
    method,
    sent: fc.option(framedBody, { nil: undefined }),
    got: framedBody,
    interim: fc.boolean(),
    empty: fc.constantFrom(0, 0, 204, 304),
  })
  .map(({ method: verb, sent, got, interim, empty }) => ({
    request: `${verb} /a?b HTTP/1.1\r\nHost: x\r\n${interim ? 'Expect: 100-continue\r\n' : ''}${sent?.header ?? ''}\r\n${sent?.text ?? ''}`,
    reply: `${interim ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''}HTTP/1.1 ${empty === 0 ? '200 OK' : `${empty} Empty`}\r\n${got.header}\r\n${empty !== 0 || verb === 'HEAD' ? '' : got.text}`,
  }));

/** Cuts a text at these places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  const parts = [0, ...cuts].map((from, index) => Buffer.from(text.slice(from, cuts[index] ?? text.length), 'latin1'));
  return parts.filter((part) => part.length > 0);
}

/** Writes pieces in turns of the event loop of their own, so that most arrive apart. */
async function writeApart(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
  }
}

test('what a caller sends and gets is byte for byte what passes without the proxy, however it is cut', async () => {
  let script: { readonly exchanges: readonly Exchange[]; readonly places: readonly number[] } = { exchanges: [], places: [] };
  let received = Buffer.alloc(0);
  const { upstream } = await startTcpCallee(world, (socket) => {
    const parts: Buffer[] = [];
    let answered = 0;
    let wanted = 0;
    const { exchanges, places } = script;
    let writing = Promise.resolve();
    socket.on('data', (data) => {
      parts.push(data);
      received = Buffer.concat(parts);
      while (answered < exchanges.length && received.length >= wanted + (exchanges[answered]?.request.length ?? 0)) {
        const reply = exchanges[answered]?.reply ?? '';
        wanted += exchanges[answered]?.request.length ?? 0;
        answered++;
        const isLast = answered === exchanges.length;
        writing = writing.then(() => writeApart(socket, cut(reply, places))).then(() => void (isLast && socket.end()));
      }
    });
  });
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream, observe: { value: '/x' } });
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(2000), { maxLength: 6 }),
      async (exchanges, places) => {
        script = { exchanges, places };
        received = Buffer.alloc(0);
        const sent = exchanges.map(({ request }) => request).join('');
        const before = world.records.length;
        const { text } = await converse(port, (socket) => void writeApart(socket, cut(sent, places)));
        expect(text).toBe(exchanges.map(({ reply }) => reply).join(''));
        expect(received.toString('latin1')).toBe(sent);
        const records = (await world.taps()).slice(before);
        expect(records.map(({ outcome, bytesUp, bytesDown }) => [outcome, bytesUp, bytesDown])).toEqual(
          exchanges.map(({ request, reply }) => ['answered', request.length, reply.length]),
        );
      },
    ),
    { numRuns: 60, seed: 11 },
  );
});

test('what is no HTTP passes as it is on an HTTP edge, at once and under one record', async () => {
  const { upstream } = await startTcpCallee(world, (socket) => void socket.pipe(socket));
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
      const sent = Buffer.concat([Buffer.from([0, 255]), bytes]);
      const { bytes: got } = await converse(port, sent, { ends: true });
      expect(got.equals(sent)).toBe(true);
      expect((await world.taps()).length).toBe(++count);
    }),
    { numRuns: 30, seed: 5 },
  );
  expect(world.records.every(({ outcome, method: verb }) => outcome === 'answered' && verb === '')).toBe(true);
});

test.each([
  ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['length and chunks', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['broken chunk', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
  ['bare line feeds', 'GET / HTTP/1.1\nHost: x\n\n'],
  ['another version', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a lone word', 'PING\r\n'],
])('%s cannot be followed and passes unchanged', async (_, text) => {
  const { upstream } = await startTcpCallee(world, (socket) => void socket.pipe(socket));
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream });
  expect((await converse(port, text, { ends: true })).text).toBe(text);
  expect((await world.taps()).length).toBe(1);
});

test('an upgraded connection passes raw in both directions', async () => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';
  const { upstream } = await startTcpCallee(world, (socket) => {
    socket.once('data', () => {
      socket.write(head);
      socket.pipe(socket);
    });
  });
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream });
  const { text } = await converse(port, (socket) => {
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n');
    socket.once('data', () => socket.end(Buffer.from([1, 2, 3])));
  });
  expect(text).toBe(`${head}\u0001\u0002\u0003`);
  expect((await world.taps()).map(({ status, outcome }) => [status, outcome])).toEqual([[101, 'answered']]);
});

test('a reply that lasts until the connection ends is answered, and large ones keep their bytes under back-pressure', async () => {
  const size = 8 * 1024 * 1024;
  const { upstream } = await startTcpCallee(world, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.end(Buffer.alloc(size, 'q'));
    });
  });
  const port = await world.open({ edge: 'a->b', protocol: 'http', upstream });
  const { bytes } = await converse(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(bytes.length).toBe(size + 'HTTP/1.1 200 OK\r\n\r\n'.length);
  expect(await world.tap(() => true)).toMatchObject({ outcome: 'answered', status: 200, bytesDown: bytes.length });
});

test('the harness of these tests sees a byte that changes', async () => {
  // Proves that the comparisons above can fail: a callee that flips one byte is not taken for an echo.
  const { upstream } = await startTcpCallee(world, (socket) => {
    socket.on('data', (data) => socket.end(Buffer.from(data.map((byte, index) => (index === 3 ? byte ^ 1 : byte)))));
  });
  const port = await world.open({ edge: 'a->b', protocol: 'tcp', upstream });
  expect((await converse(port, 'abcdef')).text).not.toBe('abcdef');
});
