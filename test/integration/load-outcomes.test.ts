import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RequestTemplate } from '../../harness/model/load.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { get, openLoad, post } from '../../harness/scenario/load.ts';
import { json, runLoad, serve } from './load-rig.ts';

const price = z.object({ amount: z.number() });
const observe = { degraded: '/_stale', value: '/amount', version: '/version', age: '/ageMs' };

let entry: Awaited<ReturnType<typeof serve>>;
let sentinel: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  sentinel = await serve(json({}));
  entry = await serve((request, response) => {
    const reply = (status: number, text: string): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    switch (request.url) {
      case '/ok':
        return reply(200, '{"amount":5,"version":"v1","ageMs":12}');
      case '/degraded':
        return reply(200, '{"amount":4,"_stale":true,"version":"v0"}');
      case '/mismatch':
        return reply(200, '{"amount":"many"}');
      case '/garbage':
        return reply(200, '<html>');
      case '/long':
        return reply(200, JSON.stringify({ amount: 1, pad: 'x'.repeat(300_000) }));
      case '/failing':
        return reply(503, '{"_stale":true,"amount":3}');
      case '/moved':
        return reply(302, '');
      case '/secret':
        return reply(200, JSON.stringify({ amount: `Bearer abcdefghijkl ${'y'.repeat(3000)}` }));
      case '/reset':
        return request.socket.resetAndDestroy();
      case '/cut':
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => request.socket.resetAndDestroy());
        return;
      case '/short':
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => request.socket.end());
        return;
      case '/broken-off':
        response.writeHead(200);
        response.write('half', () => request.socket.end());
        return;
      case '/hang':
        return;
      default:
        return reply(404, '{}');
    }
  });
});
afterAll(async () => {
  await entry[Symbol.asyncDispose]();
  await sentinel[Symbol.asyncDispose]();
});

async function rowsOf(
  template: RequestTemplate,
  at = entry as { readonly host: string; readonly port: number },
): Promise<readonly RequestRow[]> {
  const result = await runLoad({ load: openLoad({ ratePerSecond: 50, requests: [template] }), entry: at, sentinel, totalMs: 200 });
  expect(result.rows).toHaveLength(10);
  expect(result.scheduled).toBe(10);
  return result.rows;
}

describe('each answer has the one outcome that fits', () => {
  test.each([
    ['ok', get('r', '/ok', { observe, schema: price }), 200, { degraded: false, value: 5, version: 'v1', ageMs: 12 }],
    ['degraded', get('r', '/degraded', { observe, schema: price }), 200, { degraded: true, value: 4, version: 'v0' }],
    ['ok', get('r', '/degraded'), 200, null],
    [
      'wrong',
      get('r', '/mismatch', { observe, schema: price }),
      200,
      { degraded: false, value: 'many', mismatch: '/amount must be number' },
    ],
    ['wrong', get('r', '/garbage', { observe }), 200, { mismatch: 'the body is no JSON' }],
    ['wrong', get('r', '/long', { observe }), 200, { mismatch: 'the body exceeds 262144 bytes' }],
    ['ok', get('r', '/garbage'), 200, null],
    ['http-error', get('r', '/failing', { observe, schema: price }), 503, { degraded: true, value: 3 }],
    ['http-error', get('r', '/moved'), 302, null],
    ['http-error', post('r', '/nowhere', { body: { a: 1 } }), 404, null],
    ['reset', get('r', '/reset'), 0, null],
    ['reset', get('r', '/cut'), 200, null],
    ['reset', get('r', '/short'), 200, null],
    ['reset', get('r', '/broken-off'), 200, null],
    ['timeout', get('r', '/hang', { timeout: '100ms' }), 0, null],
  ] as const)('%s of %o', async (outcome, template, status, observed) => {
    for (const row of await rowsOf(template)) expect(row).toMatchObject({ outcome, status, observed });
  });

  test('a refused connection is refused, and never reused one', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    for (const row of await rowsOf(get('r', '/ok'), { host: '127.0.0.1', port })) {
      expect(row).toMatchObject({ outcome: 'refused', status: 0, reused: false, firstByteUs: null });
    }
  });

  test('bytes that are no HTTP are a wrong answer', async () => {
    const babble = createServer((socket) =>
      socket.on('error', () => socket.destroy()).once('data', () => socket.end('220 smtp ready\r\n')),
    );
    await new Promise<void>((resolve) => babble.listen(0, '127.0.0.1', resolve));
    const { port } = babble.address() as AddressInfo;
    const rows = await rowsOf(get('r', '/ok'), { host: '127.0.0.1', port });
    await new Promise((resolve) => babble.close(resolve));
    for (const row of rows) {
      expect(row.outcome).toBe('wrong');
      expect(row.observed?.mismatch).toMatch(/no HTTP answer/);
    }
  });

  test('a name that does not resolve is dns', async () => {
    for (const row of await rowsOf(get('r', '/ok'), { host: 'no-such-host.invalid', port: 80 })) expect(row.outcome).toBe('dns');
  });
});

test('what is kept of an answer is redacted and bounded', async () => {
  for (const { observed } of await rowsOf(get('r', '/secret', { observe }))) {
    const text = JSON.stringify(observed);
    expect(text).not.toContain('abcdefghijkl');
    expect(text).toContain('[redacted]');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
  }
});

test('the moments of an answered request are in order, and connections are reused', async () => {
  const rows = await rowsOf(get('r', '/ok'));
  for (const { intendedUs, startedUs, firstByteUs, endedUs } of rows) {
    expect(startedUs).toBeGreaterThanOrEqual(intendedUs);
    expect(firstByteUs).toBeGreaterThanOrEqual(startedUs ?? Infinity);
    expect(endedUs).toBeGreaterThanOrEqual(firstByteUs ?? Infinity);
  }
  expect(rows[0]?.reused).toBe(false);
  expect(rows.some(({ reused }) => reused)).toBe(true);
});
