/**
 * Goal: what every HTTP action owes, whichever it is: it leaves calls alone that it does not hit, counts and names the one that it hits, comes
 * back with the same seed, keeps nothing of a call once its rule is withdrawn, and leaves the proxy working.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actionKinds } from '../../harness/run/proxy/http/actions/index.ts';
import type { HttpAction } from '../../harness/run/proxy/contract.ts';
import { converse, never, startCallee, startWorld, type World } from '../integration/proxy-world.ts';

type Kind = HttpAction['kind'];

/** An action of each kind that does something to the call below. A new row needs one here. */
const samples: { readonly [K in Kind]: Extract<HttpAction, { readonly kind: K }> } = {
  status: { kind: 'status', status: 503, body: 'no', retryAfterS: 1 },
  delay: { kind: 'delay', before: 'request', delayMs: 30 },
  'slow-body': { kind: 'slow-body', pieceBytes: 8, delayMs: 5 },
  abort: { kind: 'abort', at: 'mid-body' },
  hang: { kind: 'hang' },
  truncate: { kind: 'truncate', bytes: 3 },
  corrupt: { kind: 'corrupt', bytes: 2 },
  edit: { kind: 'edit', of: 'response', setHeaders: { 'x-edited': 'yes' } },
  quota: { kind: 'quota', limit: 0, windowMs: 60_000 },
  hold: { kind: 'hold', at: 'request' },
  'reply-lost': { kind: 'reply-lost' },
  'reply-late': { kind: 'reply-late', delayMs: 30 },
  refuse: { kind: 'refuse' },
};

const EDGE = 'caller->callee';
const BODY = '{"fee":{"amount":125,"currency":"EUR"}}';
const ask = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`;

let world: World;
let port: number;
beforeEach(async () => {
  world = await startWorld();
  const { upstream } = await startCallee(world, (request, response) => {
    request.resume().on('end', () => {
      response.sendDate = false;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY);
    });
  });
  port = await world.open({ edge: EDGE, protocol: 'http', upstream });
});
afterEach(() => world[Symbol.asyncDispose]());

const inForce = (action: HttpAction, seed = 7): Promise<void> =>
  world.proxy.addRule(EDGE, { name: 'fault', action, target: { path: '/hit' }, seed }, never);
const withdrawn = (): Promise<void> => world.proxy.removeRule(EDGE, 'fault', never);
const touched = (): Promise<number> => world.proxy.touched('fault', never);
/** The rule has chosen the call: from here on a withdrawal finds it at work. */
const isHit = async (): Promise<void> => {
  const deadline = performance.now() + 5000;
  for (;;) {
    const rules = (await (await fetch(`${world.controlUrl}/halfopen/edges/${encodeURIComponent(EDGE)}/rules`)).json()) as { hit: number }[];
    if (rules.some(({ hit }) => hit > 0)) return;
    if (performance.now() > deadline) throw new Error('the rule hit nothing');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

test('there is a sample of every row', () => {
  expect(Object.keys(samples).toSorted()).toEqual(Object.keys(actionKinds).toSorted());
});

describe.each(Object.values(samples))('$kind', (action) => {
  test('leaves a call that it does not hit as it is, byte for byte', async () => {
    const plain = await converse(port, ask('/spared'));
    await inForce(action);
    const spared = await converse(port, ask('/spared'));
    expect(spared.text).toBe(plain.text);
    expect(plain.text).toContain(BODY);
    expect(await touched()).toBe(0);
  });

  test('counts the call that it hits, once, and the record names it', async () => {
    await inForce(action);
    const call = converse(port, ask('/hit'));
    // Some hold the call until they are withdrawn.
    await isHit();
    if (action.kind === 'hang' || action.kind === 'hold') await withdrawn();
    await call;
    const record = await world.tap(({ path }) => path === '/hit');
    expect([record.fault, record.touch]).toEqual(['fault', action.kind]);
    expect(await touched()).toBe(1);
  });

  test('lets go of the call when it is withdrawn, and the next one passes', async () => {
    const plain = await converse(port, ask('/hit'));
    await inForce(action);
    const call = converse(port, ask('/hit'));
    await isHit();
    await withdrawn();
    await call;
    expect((await converse(port, ask('/hit'))).text).toBe(plain.text);
  });

  test('does the same with the same seed', async () => {
    const seen: string[] = [];
    for (const seed of [3, 3]) {
      await inForce(action, seed);
      const call = converse(port, ask('/hit'));
      await isHit();
      if (action.kind === 'hang' || action.kind === 'hold') await withdrawn();
      seen.push((await call).text);
      await withdrawn();
    }
    expect(seen[1]).toBe(seen[0]);
  });
});
