/** Goal: the parts of Toxiproxy's API that can be seen alone: numbers, addresses, bodies and the router's deadline. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeBody, fieldsOf } from '../../../../../harness/run/proxy/api/fields.ts';
import { shortestFloat32 } from '../../../../../harness/run/proxy/api/float32.ts';
import { addressProblem, isSameAddress, resolveListen } from '../../../../../harness/run/proxy/api/listen-error.ts';
import { newRequestId } from '../../../../../harness/run/proxy/api/request-id.ts';
import { createRouter, type Route } from '../../../../../harness/run/proxy/api/router.ts';

test('a 32-bit float keeps its value, with the fewest digits', () => {
  expect([0.1, 0.3333333, 0.123456789, 7, 1e21, 16_777_217, 1e-46, -1e-9].map(shortestFloat32)).toEqual([
    0.1, 0.3333333, 0.12345679, 7, 1e21, 16_777_216, 0, -1e-9,
  ]);
  expect(shortestFloat32(1e39)).toBe(Infinity);
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (single) => {
      const short = shortestFloat32(single);
      // The sign of zero is lost.
      expect(Math.fround(short) + 0).toBe(single + 0);
      expect(String(short).length).toBeLessThanOrEqual(String(single).length);
    }),
  );
});

test.each([
  ['', undefined],
  [':80', undefined],
  ['localhost:', undefined],
  ['[::1]:80', undefined],
  ['a', 'address a: missing port in address'],
  ['[::1]', 'address [::1]: missing port in address'],
  ['[::1', "address [::1: missing ']' in address"],
  ['a:b:1', 'address a:b:1: too many colons in address'],
  ['::1', 'address ::1: too many colons in address'],
  ['a:65536', 'address 65536: invalid port'],
  ['a:-1', 'address -1: invalid port'],
  ['a:x', 'lookup tcp/x: unknown port'],
  ['127.1:0', 'lookup 127.1: no such host'],
  ['0x7f.0.0.1:0', 'lookup 0x7f.0.0.1: no such host'],
  ['127.0.0.1:0', undefined],
  ['1.2.3.example:0', undefined],
])('what is wrong with the address %j', (listen, problem) => {
  expect(addressProblem(listen)).toBe(problem);
});

test.each([
  ['', '', 0],
  [':80', '', 80],
  ['localhost:80', '127.0.0.1', 80],
  ['0.0.0.0:80', '0.0.0.0', 80],
  ['[0:0:0:0:0:0:0:1]:80', '::1', 80],
  ['[::FFFF:7f00:1]:80', '127.0.0.1', 80],
  ['127.0.0.1:+80', '127.0.0.1', 80],
])('the address %j is looked up', async (listen, host, port) => {
  expect(await resolveListen(listen)).toEqual({ host, port });
});

test('an address is the one that a proxy has, whether bound or as it was written; a name that was not bound is none', () => {
  const local = { host: '127.0.0.1', port: 80 };
  expect(['127.0.0.1:80', 'localhost:80', '127.0.0.1:81'].map((listen) => isSameAddress(local, listen))).toEqual([true, false, false]);
  const any = { host: '0.0.0.0', port: 80 };
  expect(['[::]:80', '0.0.0.0:80', ':80'].map((listen) => isSameAddress(any, listen))).toEqual([true, true, false]);
});

describe('bodies', () => {
  test('the first JSON value counts, and nothing behind it', () => {
    expect(decodeBody(' {"a":"}\\"{"} {"b"')).toEqual({ a: '}"{' });
    expect(decodeBody('nullx')).toBeNull();
    expect(decodeBody('[1] ]')).toEqual([1]);
    for (const cut of ['{', '{"a', '{"a":[1,2', '[']) expect(() => decodeBody(cut)).toThrow('bad request body: unexpected EOF');
    expect(() => decodeBody(' \n')).toThrow('bad request body: EOF');
    expect(() => decodeBody('\uFEFF{}')).toThrow('bad request body');
  });

  test('whatever follows an object, it is read as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (object, rest) => {
        expect(decodeBody(`${JSON.stringify(object)}${rest}`)).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  test('keys match in any spelling, and null keeps', () => {
    const fields = fieldsOf({ Name: 'a', NAME: null, other: null });
    expect([...fields]).toEqual([
      ['name', 'a'],
      ['other', null],
    ]);
  });
});

test('request ids are 20 digits of base 32, each later than the one before', () => {
  const ids = Array.from({ length: 100 }, newRequestId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-v]{20}$/);
  expect(new Set(ids).size).toBe(100);
});

test('a handler that takes too long is answered for, and a body that is too long is refused with an answer', async () => {
  const routes: Route[] = [
    { methods: ['POST'], path: '/slow', handle: () => Promise.withResolvers<never>().promise },
    { methods: undefined, path: '/any', handle: ({ body }) => ({ kind: 'text', status: 200, type: 'text/plain', text: body }) },
  ];
  const server = createServer(createRouter(routes, { handlerMs: 50 }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slow = await fetch(`${url}/slow`, { method: 'POST' });
  expect([slow.status, slow.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
  expect(slow.headers.get('x-toxiproxy-request-id')).toHaveLength(20);
  expect(await slow.text()).toBe('<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>');
  const long = await fetch(`${url}/any`, { method: 'PUT', body: 'x'.repeat(20_000_000) });
  expect([long.status, await long.text()]).toEqual([400, expect.stringContaining('longer than 4194304 bytes')]);
  expect(await (await fetch(`${url}/any`, { method: 'DELETE', body: 'fits' })).text()).toBe('fits');
});
