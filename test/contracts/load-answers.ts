/** A server whose answers are planted: each path gives the one answer that its name says. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Outcome, RequestTemplate } from '../../harness/model/load.ts';
import { get, post } from '../../harness/scenario/load.ts';

const observe = { degraded: '/_stale', value: '/amount', version: '/version' };
const schema = z.object({ amount: z.number() });

interface Planted {
  readonly template: RequestTemplate;
  readonly outcome: Outcome;
  /** Of the answer's head; 0 where none came. */
  readonly status: number;
  readonly observed?: Readonly<Record<string, unknown>>;
}

/** Every way in which a call can end that a server can bring about, with what every driver must make of it. */
export const PLANTED: readonly Planted[] = [
  {
    template: get('ok', '/ok', { observe, schema }),
    outcome: 'ok',
    status: 200,
    observed: { degraded: false, value: 5, version: 'v1' },
  },
  { template: get('unread', '/garbage'), outcome: 'ok', status: 200 },
  { template: get('empty', '/empty'), outcome: 'ok', status: 204 },
  {
    template: get('degraded', '/degraded', { observe, schema }),
    outcome: 'degraded',
    status: 200,
    observed: { degraded: true, value: 4 },
  },
  {
    template: get('mismatch', '/mismatch', { observe, schema }),
    outcome: 'wrong',
    status: 200,
    observed: { mismatch: '/amount must be number' },
  },
  { template: get('garbage', '/garbage', { observe }), outcome: 'wrong', status: 200, observed: { mismatch: 'the body is no JSON' } },
  {
    template: get('long', '/long', { observe }),
    outcome: 'wrong',
    status: 200,
    observed: { mismatch: 'the body exceeds 262144 bytes' },
  },
  { template: get('babble', '/babble'), outcome: 'wrong', status: 0 },
  {
    template: get('failing', '/failing', { observe, schema }),
    outcome: 'http-error',
    status: 503,
    observed: { degraded: true, value: 3 },
  },
  { template: get('moved', '/moved'), outcome: 'http-error', status: 302 },
  { template: post('unknown', '/unknown', { body: { a: 1 } }), outcome: 'http-error', status: 404 },
  { template: get('reset', '/reset'), outcome: 'reset', status: 0 },
  { template: get('hang-up', '/hang-up'), outcome: 'reset', status: 0 },
  { template: get('cut', '/cut'), outcome: 'reset', status: 200 },
  { template: get('short', '/short'), outcome: 'reset', status: 200 },
  { template: get('broken-off', '/broken-off'), outcome: 'reset', status: 200 },
  { template: get('silence', '/silence', { timeout: '1500ms' }), outcome: 'timeout', status: 0 },
  { template: get('stall', '/stall', { timeout: '1500ms' }), outcome: 'timeout', status: 200 },
];

/** Answers as the path says; what hangs is let go by whoever closes the server. */
export function answerAsPlanted(request: IncomingMessage, response: ServerResponse): void {
  const reply = (status: number, text: string, headers = {}): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  const half = (headers: Readonly<Record<string, string>>, then: () => void): void => {
    response.writeHead(200, headers);
    response.write('half', then);
  };
  const answers: Readonly<Record<string, () => unknown>> = {
    '/ok': () => reply(200, '{"amount":5,"version":"v1"}'),
    '/empty': () => response.writeHead(204).end(),
    '/degraded': () => reply(200, '{"amount":4,"_stale":true,"version":"v0"}'),
    '/mismatch': () => reply(200, '{"amount":"many"}'),
    '/garbage': () => reply(200, '<html>'),
    '/long': () => reply(200, JSON.stringify({ amount: 1, pad: 'x'.repeat(300_000) })),
    // Not what HTTP looks like, on the connection that the server parses requests from.
    '/babble': () => request.socket.end('220 smtp ready\r\n'),
    '/failing': () => reply(503, '{"_stale":true,"amount":3}'),
    '/moved': () => reply(302, '', { location: '/ok' }),
    '/reset': () => request.socket.resetAndDestroy(),
    '/hang-up': () => request.socket.end(),
    '/cut': () => half({ 'content-length': '100' }, () => request.socket.resetAndDestroy()),
    '/short': () => half({ 'content-length': '100' }, () => request.socket.end()),
    '/broken-off': () => half({}, () => request.socket.end()),
    '/silence': () => undefined,
    '/stall': () => half({ 'content-length': '100' }, () => undefined),
  };
  const { pathname } = new URL(request.url ?? '/', 'http://planted');
  (answers[pathname] ?? (() => reply(404, '{}')))();
}
