import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkedScanner } from '../../../../harness/run/proxy/http/chunked.ts';
import * as heads from '../../../../harness/run/proxy/http/head.ts';
import { isReplyStart, isRequestStart, MessageReader } from '../../../../harness/run/proxy/http/reader.ts';

const parseRequestHead = (text: string) => heads.parseRequestHead(Buffer.from(text, 'latin1'));
const parseReplyHead = (text: string, method: string) => heads.parseReplyHead(Buffer.from(text, 'latin1'), method);

test('a request head gives method, path without query, framing and trace', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const text = `POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nTraceparent: 00-${trace}-b7ad6b7169203331-01`;
  expect(parseRequestHead(text)).toMatchObject({
    method: 'POST',
    path: '/a/b',
    framing: 'length',
    length: 12,
    traceId: trace,
    closes: false,
    expects: false,
  });
  expect(parseRequestHead('GET / HTTP/1.0')).toMatchObject({ framing: 'none', closes: true, traceId: '' });
});

test.each([
  'GET /',
  'GET / HTTP/2.0',
  'GET / HTTP/1.1\r\n folded: 1',
  'GET / HTTP/1.1\r\nno colon',
  'POST / HTTP/1.1\r\nContent-Length: 1x',
  'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2',
  'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
  'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked',
])('%j is not followed', (text) => {
  expect(parseRequestHead(text)).toBeNull();
});

test.each([
  ['HEAD', 200, 'Content-Length: 5', 'none'],
  ['GET', 204, 'Content-Length: 5', 'none'],
  ['GET', 304, 'Transfer-Encoding: chunked', 'none'],
  ['GET', 100, '', 'none'],
  ['GET', 200, 'Content-Length: 5', 'length'],
  ['GET', 200, 'Content-Length: 0', 'none'],
  ['GET', 200, 'Transfer-Encoding: chunked', 'chunked'],
  ['GET', 200, 'Date: now', 'close'],
  ['CONNECT', 200, 'Date: now', 'none'],
] as const)('a reply to %s with %i and %s ends by: %s', (method, status, header, kind) => {
  expect(parseReplyHead(`HTTP/1.1 ${status} X${header === '' ? '' : `\r\n${header}`}`, method)?.framing).toBe(kind);
});

test('a chunked body ends at the same byte however it is cut, and its content is whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }), fc.array(fc.nat(300)), (chunks, places) => {
      const parts = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16).toUpperCase()};a=b\r\n`),
        Buffer.from(chunk),
        Buffer.from('\r\n'),
      ]);
      const body = Buffer.concat([...parts, Buffer.from('0\r\nx: y\r\n\r\n')]);
      const all = Buffer.concat([body, Buffer.from('GET /next')]);
      const data: Buffer[] = [];
      const pieces: Buffer[] = [];
      const told = (piece: Buffer): void => void pieces.push(Buffer.from(piece));
      const sizes: number[] = [];
      const sink = {
        sizeLine: told,
        frame: told,
        chunk: (size: number) => void sizes.push(size),
        data(piece: Buffer) {
          told(piece);
          data.push(Buffer.from(piece));
        },
      };
      const scanner = new ChunkedScanner();
      const cuts = [...new Set([...places.map((place) => place % all.length), all.length])].sort((a, b) => a - b);
      let at = 0;
      for (const cut of cuts) if (!scanner.isDone && at < cut) at = scanner.scan(all.subarray(0, cut), at, sink);
      expect([scanner.isDone, scanner.isBroken, at]).toEqual([true, false, body.length]);
      expect(Buffer.concat(data).equals(Buffer.concat(chunks))).toBe(true);
      expect(Buffer.concat(pieces).equals(body)).toBe(true);
      expect(sizes).toEqual([...chunks.map(({ length }) => length), 0]);
    }),
  );
});

test.each(['\r\n', 'g\r\n', '1\r\nab\r\n', '1\n', 'fffffffffffff\r\n'])('a chunked body of %j is broken', (text) => {
  const scanner = new ChunkedScanner();
  scanner.scan(Buffer.from(text), 0, null);
  expect(scanner.isBroken).toBe(true);
});

test('a head is found at the same byte however it is cut', () => {
  const text = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nrest';
  for (let cut = 1; cut < text.length; cut++) {
    const reader = new MessageReader(isRequestStart);
    const first = reader.read(Buffer.from(text.slice(0, cut)), 0, null);
    const end = reader.state === 'head' ? cut + reader.read(Buffer.from(text.slice(cut)), 0, null) : first;
    const head = reader.headBytes.toString('latin1', reader.headFrom, reader.headEnd);
    expect([cut, reader.state, head, end]).toEqual([cut, 'headed', 'GET /a HTTP/1.1\r\nHost: x', text.length - 4]);
  }
});

test('bytes that cannot become a head are told at once', () => {
  expect(['GET', 'GET ', 'GET /a', 'GET /a HT', 'GET /a HTTP/1.1', 'M-SEARCH * HTTP/1.1'].map(isRequestStart)).toEqual(Array(6).fill(true));
  expect(['', '\u0000', 'GET\t/', 'GET /a FTP', '{"a":1}'].map(isRequestStart)).toEqual(Array(5).fill(false));
  expect(['H', 'HTTP/1.1 200 OK', 'HTTP/1.'].map(isReplyStart)).toEqual([true, true, true]);
  expect(['X', 'HTTP/2 200', 'http/1.1'].map(isReplyStart)).toEqual([false, false, false]);
});
