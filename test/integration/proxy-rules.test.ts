/**
 * Goal: HTTP rules hit exactly the exchanges that their targets say, however many callers there are; held calls wait and go as they are told;
 * and the routes of the rules say what is so.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HeldCall, HttpAction, HttpTarget } from '../../harness/run/proxy/contract.ts';
import { proxyNameOfEdge } from '../../harness/model/edge-name.ts';
import { never, startCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->payments';
const RULES = `/halfopen/edges/${encodeURIComponent(EDGE)}/rules`;
let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

async function shop(): Promise<{ port: number; asked: string[] }> {
  const callee = await startCallee(world, (_, response) => response.end('hello'));
  return { port: await world.open({ edge: EDGE, protocol: 'http', upstream: callee.upstream }), asked: callee.asked };
}

/** One request; rejects as the socket does. */
function get(
  port: number,
  path = '/',
  options: { agent?: Agent; signal?: AbortSignal; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, signal: AbortSignal.timeout(15_000), ...options });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (data: string) => (text += data));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers['retry-after'] }));
    });
    outgoing.end();
  });
}

const put = (action: HttpAction, target: HttpTarget = {}, name = 'storm') =>
  world.proxy.addRule(EDGE, { name, action, target, seed: 3 }, never);

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the control API. */
async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${world.controlUrl}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

/** Resolves when so many calls are held; the list, oldest first. */
async function heldCalls(count: number, rule = 'storm'): Promise<readonly HeldCall[]> {
  const deadline = AbortSignal.timeout(10_000);
  for (;;) {
    const held = await world.proxy.held(EDGE, rule, deadline);
    if (held.length === count) return held;
    await sleep(2, undefined, { signal: deadline });
  }
}

/** So many requests by 16 callers on connections that are kept. */
async function crowd(port: number, count: number, path: (index: number) => string = () => '/'): Promise<readonly Reply[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  try {
    return await Promise.all(Array.from({ length: count }, (_, index) => get(port, path(index), { agent })));
  } finally {
    agent.destroy();
  }
}

const teapot: HttpAction = { kind: 'status', status: 418 };
const hits = (replies: readonly Reply[]): number => replies.filter(({ status }) => status === 418).length;

describe('targets under concurrency', () => {
  test.each([
    [{ next: 7 }, 7],
    [{ share: 0.35 }, 70],
    [{ share: 0.35, next: 30 }, 30],
    [{ everyNth: 5, share: 0.5 }, 20],
    [{ after: 100, pattern: 'x..x' }, 50],
    [{ after: 40, first: 60, pattern: 'xx.', next: 1000 }, 40],
  ] satisfies [HttpTarget, number][])('%o hits exactly %i of 200', async (target, expected) => {
    const { port, asked } = await shop();
    await put(teapot, { ...target, path: '/hit/*' });
    const replies = await crowd(port, 400, (index) => (index % 2 === 0 ? '/hit/1' : '/other'));
    expect(hits(replies)).toBe(expected);
    expect(asked.length).toBe(400 - hits(replies));
    expect((await ask('GET', `${RULES}/storm`)).body).toMatchObject({ matched: 200, hit: hits(replies), held: 0 });
  });

  test('the same seed and the same serial traffic hit the same exchanges, under another name others', async () => {
    const { port } = await shop();
    const serial = async (name: string): Promise<string> => {
      await put(teapot, { share: 0.3 }, name);
      let found = '';
      for (let index = 0; index < 60; index++) found += (await get(port)).status === 418 ? 'x' : '.';
      await world.proxy.removeRule(EDGE, name, never);
      return found;
    };
    const first = await serial('storm');
    expect(await serial('storm')).toBe(first);
    expect(await serial('gale')).not.toBe(first);
  });

  test('a trace id chooses the exchanges of one journey', async () => {
    const { port } = await shop();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await put(teapot, { traceId });
    const traced = (id: string): Promise<Reply> => get(port, '/', { headers: { traceparent: `00-${id}-b7ad6b7169203331-01` } });
    expect((await traced(traceId)).status).toBe(418);
    expect((await traced('1'.repeat(32))).status).toBe(200);
    expect((await get(port)).status).toBe(200);
  });
});

describe('quota', () => {
  test('so many requests pass, the rest are answered 429 with the seconds that are left, and others are not counted', async () => {
    const { port, asked } = await shop();
    await put({ kind: 'quota', limit: 5, windowMs: 600_000 }, { path: '/limited' });
    const replies = await crowd(port, 40, (index) => (index % 2 === 0 ? '/limited' : '/free'));
    const limited = replies.filter(({ status }) => status === 429);
    expect(limited.length).toBe(15);
    for (const { retryAfter } of limited) expect(Number(retryAfter)).toBeGreaterThan(500);
    expect(asked.filter((line) => line === 'GET /limited').length).toBe(5);
    expect(asked.filter((line) => line === 'GET /free').length).toBe(20);
    expect(await world.proxy.touched('storm', never)).toBe(15);
  });
});

describe('hold and release', () => {
  test('held calls are told oldest first and go as they are told: passed, answered, reset or closed', async () => {
    const { port, asked } = await shop();
    await put({ kind: 'hold', at: 'request' }, { path: '/held/*' });
    const calls: Promise<Reply | 'failed'>[] = [];
    for (let index = 1; index <= 6; index++) {
      calls.push(get(port, `/held/${index}`).catch(() => 'failed' as const));
      await heldCalls(index);
    }
    expect((await get(port, '/free')).text).toBe('hello');
    const held = await world.proxy.held(EDGE, 'storm', never);
    expect(held.map(({ ordinal, path, at, status }) => [ordinal, path, at, status])).toEqual(
      [1, 2, 3, 4, 5, 6].map((ordinal) => [ordinal, `/held/${ordinal}`, 'request', 0]),
    );
    expect(held[0]?.heldMs ?? 0).toBeGreaterThan(held[5]?.heldMs ?? Infinity);
    expect(asked).toEqual(['GET /free']);

    expect(await world.proxy.release(EDGE, 'storm', { count: 1 }, never)).toBe(1);
    expect(await calls[0]).toMatchObject({ status: 200, text: 'hello' });
    const answer = { kind: 'status', status: 504, body: 'late', headers: { 'retry-after': '9' } } as const;
    expect(await world.proxy.release(EDGE, 'storm', { ordinals: [4], outcome: answer }, never)).toBe(1);
    expect(await calls[3]).toEqual({ status: 504, text: 'late', retryAfter: '9' });
    expect(await world.proxy.release(EDGE, 'storm', { count: 1, outcome: { kind: 'reset' } }, never)).toBe(1);
    expect(await calls[1]).toBe('failed');
    expect(await world.proxy.release(EDGE, 'storm', { ordinals: [3], outcome: { kind: 'close' } }, never)).toBe(1);
    expect(await calls[2]).toBe('failed');
    expect((await heldCalls(2)).map(({ ordinal }) => ordinal)).toEqual([5, 6]);
    expect(asked).toEqual(['GET /free', 'GET /held/1']);

    // What is left passes when the rule is withdrawn.
    await world.proxy.removeRule(EDGE, 'storm', never);
    expect((await Promise.all([calls[4], calls[5]])).map((reply) => (reply === 'failed' ? reply : reply?.status))).toEqual([200, 200]);
  });

  test('a held reply says that its effect is done, and its status', async () => {
    const { port, asked } = await shop();
    await put({ kind: 'hold', at: 'response' });
    const call = get(port);
    expect(await heldCalls(1)).toMatchObject([{ ordinal: 1, at: 'response', status: 200, method: 'GET', path: '/' }]);
    expect(asked).toEqual(['GET /']);
    await world.proxy.release(EDGE, 'storm', { outcome: { kind: 'status', status: 500 } }, never);
    expect((await call).status).toBe(500);
  });

  test('a caller that leaves is held no more, and a hold with a limit ends by itself', async () => {
    const { port, asked } = await shop();
    await put({ kind: 'hold', at: 'request' });
    const leaving = new AbortController();
    const left = get(port, '/left', { signal: leaving.signal }).catch(() => 'failed');
    await heldCalls(1);
    leaving.abort();
    expect(await left).toBe('failed');
    await heldCalls(0);
    expect(await world.proxy.release(EDGE, 'storm', {}, never)).toBe(0);
    await put({ kind: 'hold', at: 'request', maxMs: 30 });
    expect((await get(port, '/waits')).text).toBe('hello');
    expect(asked).toEqual(['GET /waits']);
  });

  test('one caller after the other: a budget of one holds the first of a crowd and nobody else', async () => {
    const { port } = await shop();
    await put({ kind: 'hold', at: 'request' }, { next: 1 });
    const first = get(port, '/first');
    await heldCalls(1);
    expect((await crowd(port, 40)).every(({ status }) => status === 200)).toBe(true);
    expect(await heldCalls(1)).toMatchObject([{ path: '/first' }]);
    await world.proxy.release(EDGE, 'storm', {}, never);
    expect((await first).status).toBe(200);
  });
});

describe('routes', () => {
  test('rules are listed with their counts, read, put in force again as they were read, and removed one by one or all', async () => {
    const { port } = await shop();
    const rule = { name: 'a/b', action: teapot, target: { first: 1 }, seed: 3, owner: 'ci', ttlMs: 60_000 };
    expect(await ask('POST', RULES, rule)).toMatchObject({ status: 200, body: { ...rule, matched: 0, hit: 0, held: 0 } });
    expect(await ask('POST', RULES, { name: 'second', action: { kind: 'refuse' }, target: { path: '/no' } })).toMatchObject({
      status: 200,
    });
    expect([(await get(port)).status, (await get(port)).status]).toEqual([418, 200]);
    const one = await ask('GET', `${RULES}/a%2Fb`);
    expect(one).toMatchObject({ status: 200, body: { ...rule, matched: 2, hit: 1 } });
    expect((await ask('GET', RULES)).body).toMatchObject([{ name: 'a/b' }, { name: 'second', target: { path: '/no' }, matched: 0 }]);
    // In force again, it counts anew.
    expect(await ask('POST', RULES, one.body)).toMatchObject({ status: 200, body: { ...rule, matched: 0, hit: 0 } });
    expect((await get(port)).status).toBe(418);
    expect((await ask('DELETE', `${RULES}/a%2Fb`)).status).toBe(204);
    expect(await ask('DELETE', `${RULES}/a%2Fb`)).toEqual({ status: 404, body: { error: 'rule not found', status: 404 } });
    expect((await ask('DELETE', RULES)).status).toBe(204);
    expect((await ask('GET', RULES)).body).toEqual([]);
  });

  test('an edge’s rules are those of its proxy', async () => {
    const { port } = await shop();
    const rules = `/halfopen/proxies/${proxyNameOfEdge(EDGE)}/rules`;
    expect(await ask('POST', rules, { name: 'storm', action: teapot })).toMatchObject({ status: 200 });
    expect((await get(port)).status).toBe(418);
    expect((await ask('GET', RULES)).body).toMatchObject([{ name: 'storm', hit: 1 }]);
    expect((await ask('DELETE', `${rules}/storm`)).status).toBe(204);
    expect((await get(port)).status).toBe(200);
  });

  test('what is not there is not found', async () => {
    await shop();
    for (const [method, path] of [
      ['GET', `${RULES}/none`],
      ['GET', `${RULES}/none/held`],
      ['POST', `${RULES}/none/release`],
      ['DELETE', `${RULES}/none`],
    ] as const)
      expect(await ask(method, path)).toMatchObject({ status: 404, body: { error: 'rule not found' } });
    expect((await ask('GET', '/halfopen/edges/none/rules')).status).toBe(404);
    await expect(world.proxy.held(EDGE, 'none', never)).rejects.toThrow('rule not found');
  });

  test('a release of nothing is no error, nor is one without a body; a wrong one is refused', async () => {
    await shop();
    await put({ kind: 'hold', at: 'request' });
    expect(await ask('POST', `${RULES}/storm/release`)).toEqual({ status: 200, body: { released: 0 } });
    expect(await ask('POST', `${RULES}/storm/release`, { count: 3 })).toEqual({ status: 200, body: { released: 0 } });
    expect(await ask('POST', `${RULES}/storm/release`, { count: 1.5 })).toMatchObject({
      status: 400,
      body: { error: "Cannot release the calls as 'count' must be a whole number of at least 0: current value is 1.5" },
    });
  });

  test('a wrong rule is refused with all that is wrong, and the one in force stays', async () => {
    const { port } = await shop();
    await put(teapot);
    const wrong = { name: 'storm', action: { kind: 'status', status: 42 }, target: { everyNht: 2 } };
    expect(await ask('POST', RULES, wrong)).toMatchObject({
      status: 400,
      body: {
        error: expect.stringMatching(/'target\.everyNht' .*did you mean 'everyNth'.*; 'action\.status' must be .*: current value is 42$/),
      },
    });
    expect((await get(port)).status).toBe(418);
  });

  test('an edge that is not HTTP takes no rules', async () => {
    const callee = await startCallee(world, (_, response) => response.end());
    await world.open({ edge: EDGE, protocol: 'tcp', upstream: callee.upstream });
    expect(await ask('POST', RULES, { name: 'storm', action: teapot })).toMatchObject({
      status: 400,
      body: { error: `Cannot add a rule as '${EDGE}' must be HTTP: it is TCP` },
    });
  });
});
