import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { startProxyServer } from '../../harness/run/proxy/server.ts';
import { converse, never, startCallee, startTcpCallee, startWorld, type World } from './proxy-world.ts';

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${world.controlUrl}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test('the npm client makes, changes, populates, resets and removes proxies and toxics', async () => {
  const client = new Toxiproxy(world.controlUrl);
  expect(await client.getVersion()).toBe('{"version": "2.12.0"}\n');
  const proxy = await client.createProxy({ name: 'redis', listen: 'localhost:0', upstream: 'localhost:6379' });
  expect(proxy.listen).toMatch(/^127\.0\.0\.1:[1-9][0-9]*$/);
  const toxic = await proxy.addToxic({
    name: 'slow',
    type: 'latency',
    stream: 'upstream',
    toxicity: 0.5,
    attributes: { latency: 5, jitter: 1 },
  });
  expect((await toxic.update({ ...toxic.toJson(), attributes: { latency: 7, jitter: 1 } })).attributes.latency).toBe(7);
  expect((await proxy.getToxic('slow')).toxicity).toBe(0.5);
  await expect(
    proxy.addToxic({ name: 'slow', type: 'timeout', stream: 'downstream', toxicity: 1, attributes: { timeout: 1 } }),
  ).rejects.toThrow('409');
  const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
  expect([off.enabled, off.listen]).toEqual([false, proxy.listen]);
  await client.reset();
  expect((await client.get('redis')).enabled).toBe(true);
  await expect(proxy.getToxic('slow')).rejects.toThrow('404');
  expect(
    Object.keys(
      await client.populate([
        { name: 'redis', listen: proxy.listen, upstream: 'localhost:6379' },
        { name: 'two', listen: '', upstream: 'x:1' },
      ]),
    ),
  ).toEqual(['redis', 'two']);
  expect(Object.keys(await client.populate([]))).toEqual([]);
  expect(Object.keys(await client.getAll())).toEqual(['redis', 'two']);
  await proxy.remove();
  await expect(client.get('redis')).rejects.toThrow('404');
});

test.each([
  ['POST', '/proxies', '', 400, 'bad request body: EOF'],
  ['POST', '/proxies', '{"upstream":"x:1"}', 400, 'missing required field: name'],
  ['POST', '/proxies', '{"name":"n"}', 400, 'missing required field: upstream'],
  ['POST', '/proxies', '{"name":"n","upstream":"x:1","listen":"local373"}', 500, 'listen tcp: address local373: missing port in address'],
  ['POST', '/proxies', '{"name":"there","upstream":"x:1"}', 409, 'proxy already exists'],
  ['GET', '/proxies/none', undefined, 404, 'proxy not found'],
  ['GET', '/proxies/there/toxics/none', undefined, 404, 'toxic not found'],
  ['POST', '/proxies/there/toxics', '{"type":"latency","stream":"side"}', 400, 'stream was invalid, can be either upstream or downstream'],
  ['POST', '/proxies/there/toxics', '{"type":"down"}', 400, 'invalid toxic type'],
  ['POST', '/proxies/there/toxics', '{"type":"latency","attributes":{"latency":"5"}}', 400, /^bad request body: /],
  ['POST', '/proxies/there/toxics', '{"type":"bandwidth","attributes":{"rate":-1}}', 400, /^bad request body: /],
  ['POST', '/proxies/there/toxics', '{"type":"slicer","attributes":{"average_size":1,"size_variation":2}}', 400, /^bad request body: /],
] as const)('%s %s with %s is %i', async (method, path, body, status, message) => {
  await ask('POST', '/proxies', { name: 'there', upstream: 'x:1' });
  const answer = await ask(method, path, body);
  expect(answer.status).toBe(status);
  const error = JSON.parse(answer.text) as { error: string; status: number };
  expect(error.status).toBe(status);
  if (typeof message === 'string') expect(error.error).toBe(message);
  else expect(error.error).toMatch(message);
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
});

test("bodies are read as Go's decoder reads them, and a taken port is told", async () => {
  const made = await ask('POST', '/proxies', '{"NAME":"n","Upstream":"x:1","enabled":null,"other":1} trailing');
  expect(made.status).toBe(201);
  expect(made.headers.get('x-toxiproxy-request-id')).not.toBeNull();
  const { listen } = JSON.parse(made.text) as { listen: string };
  const taken = await ask('POST', '/proxies', { name: 'm', upstream: 'x:1', listen });
  expect([taken.status, JSON.parse(taken.text)]).toEqual([
    500,
    { error: `listen tcp ${listen}: bind: address already in use`, status: 500 },
  ]);
  expect((await ask('GET', '/proxies/m')).status).toBe(404);
  expect(JSON.parse((await ask('POST', '/proxies/n/toxics', { type: 'latency' })).text)).toEqual({
    attributes: { latency: 0, jitter: 0 },
    name: 'latency_downstream',
    type: 'latency',
    stream: 'downstream',
    toxicity: 1,
  });
});

test('unknown paths are 404, wrong methods 405, and browsers 403', async () => {
  expect(await ask('GET', '/nothing')).toMatchObject({ status: 404, text: '404 page not found\n' });
  expect(await ask('GET', '/proxies/')).toMatchObject({ status: 404 });
  expect(await ask('PUT', '/proxies')).toMatchObject({ status: 405, text: '' });
  expect(await ask('OPTIONS', '/halfopen/edges')).toMatchObject({ status: 405 });
  for (const path of ['/proxies', '/halfopen/touched'])
    expect(await ask('GET', path, undefined, { 'user-agent': 'Mozilla/5.0' })).toMatchObject({ status: 403 });
});

test('the same values leave connections alone, others end them', async () => {
  const { upstream } = await startTcpCallee(world, (socket) => void socket.pipe(socket));
  const { listen } = JSON.parse((await ask('POST', '/proxies', { name: 'p', upstream })).text) as { listen: string };
  const port = Number(listen.split(':').at(-1));
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('one');
  await once(socket, 'data');
  await ask('POST', '/proxies/p', { upstream, enabled: true });
  socket.write('two');
  expect(String((await once(socket, 'data'))[0])).toBe('two');
  const closed = once(socket, 'close');
  await ask('PATCH', '/proxies/p', { enabled: false });
  await closed;
  expect((await converse(port, 'x')).how).toBe('reset');
});

test('edges, rules and toxics with awkward names are found again, and removing what is absent is no error', async () => {
  const { upstream } = await startTcpCallee(world, (socket) => void socket.pipe(socket));
  const edge = 'a--b ->c/d%2F';
  await world.open({ edge, protocol: 'http', upstream });
  await world.proxy.addToxic(edge, { name: 'a b#down', type: 'latency', stream: 'upstream', attributes: { latency: 1 } }, never);
  await world.proxy.removeToxic(edge, 'a b#down', never);
  await world.proxy.removeToxic(edge, 'a b#down', never);
  await world.proxy.addToxic(edge, { name: 'a b#down', type: 'latency', stream: 'upstream', attributes: { latency: 1 } }, never);
  await world.proxy.addRule(edge, { name: 'x/y z', action: { kind: 'hang' }, target: {}, seed: 1 }, never);
  await world.proxy.removeRule(edge, 'x/y z', never);
  await world.proxy.removeRule(edge, 'x/y z', never);
  await expect(world.proxy.open({ edge, protocol: 'http', upstream }, never)).rejects.toThrow(/already exists/);
  await expect(world.proxy.open({ edge: 'q->r', protocol: 'http', upstream: 'nonsense' }, never)).rejects.toThrow(
    /'upstream' must be host:port/,
  );
  await expect(
    world.proxy.addRule(edge, { name: 'x', action: { kind: 'status', status: 99 }, target: {}, seed: 1 }, never),
  ).rejects.toThrow(/status' must be/);
});

const sorted = (answers: readonly { readonly status: number }[]): number[] =>
  answers.map(({ status }) => status).sort((left, right) => left - right);

test('of two that make the same name at once, one has it', async () => {
  for (const body of [
    { name: 'twin', upstream: 'x:1', listen: '127.0.0.1:0' },
    { name: 'twin 2', upstream: 'x:1', enabled: false },
  ]) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '/proxies', body)));
    expect(sorted(answers)).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
  }
  const toxics = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '/proxies/twin/toxics', { type: 'noop' })));
  expect(sorted(toxics)).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
  const gone = await Promise.all(Array.from({ length: 8 }, () => ask('DELETE', '/proxies/twin')));
  expect(sorted(gone)).toEqual([204, ...Array.from({ length: 7 }, () => 404)]);
});

test('what comes and goes at random leaves the API whole', async () => {
  const names = ['a', 'b', 'c'];
  const calls = Array.from({ length: 300 }, (_, index) => {
    const name = names[index % 3] ?? '';
    const entry = { name, upstream: 'x:1', listen: '127.0.0.1:0' };
    const all: readonly (() => Promise<{ status: number }>)[] = [
      () => ask('POST', '/proxies', entry),
      () => ask('POST', '/populate', [entry, { ...entry, name: names[(index + 1) % 3] }]),
      () => ask('POST', `/proxies/${name}/toxics`, { type: 'latency' }),
      () => ask('PATCH', `/proxies/${name}`, { enabled: index % 2 === 0, upstream: `x:${index}` }),
      () => ask('DELETE', `/proxies/${name}`),
      () => ask('POST', '/reset'),
      () => ask('DELETE', `/proxies/${name}/toxics/latency_downstream`),
    ];
    return (all[(index * 5) % all.length] ?? (() => ask('GET', '/proxies')))();
  });
  const statuses = new Set((await Promise.all(calls)).map(({ status }) => status));
  expect([...statuses].filter((status) => ![200, 201, 204, 404, 409].includes(status))).toEqual([]);
  for (const [name, proxy] of Object.entries(JSON.parse((await ask('GET', '/proxies')).text) as Record<string, { enabled: boolean }>)) {
    expect(names).toContain(name);
    await ask('PATCH', `/proxies/${name}`, { enabled: true });
    expect((await ask('GET', `/proxies/${name}`)).status, JSON.stringify(proxy)).toBe(200);
  }
});

describe('a body with faults in it', () => {
  const latency = { type: 'latency', attributes: { latency: 1 } };
  const rule = { name: 'storm', action: { kind: 'status', status: 503 }, target: {}, seed: 1 };

  test('puts them in force before the first connection, and shows what is not plain', async () => {
    const { upstream } = await startCallee(world, (_, response) => void response.end('fine'));
    const made = await ask('POST', '/proxies', {
      name: 'p',
      upstream,
      listen: '127.0.0.1:0',
      protocol: 'http',
      tap: true,
      toxics: [latency, { ...latency, stream: 'upstream', owner: 'me', ttlMs: 60_000 }],
      rules: [rule],
    });
    expect(made.status).toBe(201);
    const { listen, ...shown } = JSON.parse(made.text) as { readonly listen: string };
    expect(shown).toMatchObject({ protocol: 'http', tap: true, toxics: [{ owner: 'me', ttlMs: 60_000 }, { name: 'latency_downstream' }] });
    expect((await fetch(`http://${listen}/x`)).status).toBe(503);
    expect(await world.tap(({ edge }) => edge === 'p')).toMatchObject({ method: 'GET', status: 503, fault: 'storm' });
  });

  test('shows nothing more on plain proxies', async () => {
    const { text } = await ask('POST', '/proxies', { name: 'p', upstream: 'x:1', protocol: 'tcp', tap: false, toxics: [latency] });
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['name', 'listen', 'upstream', 'enabled', 'toxics']);
    expect(Object.keys((JSON.parse(text) as { toxics: object[] }).toxics[0] ?? {})).toEqual([
      'attributes',
      'name',
      'type',
      'stream',
      'toxicity',
    ]);
  });

  test.each([
    [{ toxics: [latency, latency] }, 'toxic already exists at toxic 2'],
    [{ toxics: [{ type: 'bandwidth', attributes: { rate: -1 } }] }, 'attribute rate must be at least 0: current value is -1 at toxic 1'],
    [{ toxics: [latency, 5] }, 'it must be an object: current value is 5 at toxic 2'],
    [{ toxics: { latency } }, 'toxics must be a list'],
    [{ toxics: [{ ...latency, ttlMs: 0 }] }, 'ttlMs must be a number from 1'],
    [{ toxics: [{ ...latency, owner: 5 }] }, 'owner must be a string'],
    [{ rules: [rule] }, 'rules must be on a proxy whose protocol is http'],
    [{ protocol: 'http', rules: [rule, rule] }, 'name must be of one rule alone at rule 2'],
    [{ protocol: 'http', rules: [{ ...rule, action: { kind: 'nothing' } }] }, 'at rule 1'],
    [{ protocol: 'udp' }, 'protocol must be http or tcp'],
    [{ tap: 'yes' }, 'tap must be true or false'],
  ])('%j is refused, and nothing is made', async (fields, why) => {
    const entry = { name: 'p', upstream: 'x:1', listen: '127.0.0.1:0', ...fields };
    const created = await ask('POST', '/proxies', entry);
    expect([created.status, created.text]).toEqual([400, expect.stringContaining(why)]);
    const populated = await ask('POST', '/populate', [{ name: 'before', upstream: 'x:1' }, entry]);
    expect([populated.status, populated.text]).toEqual([400, expect.stringContaining(why)]);
    expect(populated.text).toContain('at proxy 2');
    expect((await ask('GET', '/proxies')).text).toBe('{}');
  });

  test('is replaced when it asks for another protocol, and left alone with its faults otherwise', async () => {
    const entry = { name: 'p', upstream: 'x:1', listen: '127.0.0.1:0', toxics: [latency] };
    const { listen } = JSON.parse((await ask('POST', '/proxies', entry)).text) as { listen: string };
    const again = { ...entry, listen, toxics: [] };
    expect((await ask('POST', '/populate', [again])).text).toContain('latency_downstream');
    const other = JSON.parse((await ask('POST', '/populate', [{ ...again, protocol: 'http', rules: [rule] }])).text) as object;
    expect(other).toEqual({ proxies: [{ name: 'p', listen, upstream: 'x:1', enabled: true, toxics: [], protocol: 'http' }] });
    expect((await ask('POST', '/populate', [again])).text).toContain('"protocol":"http"');
  });

  test('a change that gives a time begins it anew, and one that does not keeps it', async () => {
    await ask('POST', '/proxies', { name: 'p', upstream: 'x:1', toxics: [{ ...latency, ttlMs: 60_000 }] });
    const path = '/proxies/p/toxics/latency_downstream';
    expect(JSON.parse((await ask('PATCH', path, { toxicity: 0.5 })).text)).toMatchObject({ ttlMs: 60_000, toxicity: 0.5 });
    expect(JSON.parse((await ask('PATCH', path, { ttlMs: 90_000, owner: 'you' })).text)).toMatchObject({ ttlMs: 90_000, owner: 'you' });
    expect((await ask('PATCH', path, { ttlMs: -1 })).status).toBe(400);
    expect(JSON.parse((await ask('GET', path)).text)).toMatchObject({ ttlMs: 90_000 });
  });
});

test("the proxy's clock is this machine's", async () => {
  const { offsetUs, uncertaintyUs } = await world.proxy.clock(never);
  expect(uncertaintyUs).toBeGreaterThan(0);
  expect(Math.abs(offsetUs)).toBeLessThanOrEqual(uncertaintyUs + 2);
});

test('a control port in use, and a proxy that is not there, are errors with the address in them', async () => {
  const port = Number(new URL(world.controlUrl).port);
  await expect(startProxyServer({ port })).rejects.toThrow(`127.0.0.1:${port}`);
  const gone = { controlUrl: 'http://127.0.0.1:1', signal: never, onTap: () => undefined, onLost: () => undefined };
  await expect(connectProxy(gone)).rejects.toThrow('http://127.0.0.1:1');
});

test('the process prints its address and leaves when its parent lets go of its stdin', async () => {
  const entry = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, '--parent-stdin'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { halfopen, host, port } = JSON.parse(line) as { halfopen: string; host: string; port: number };
  expect(halfopen).toBe('proxy');
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(
    await connectProxy({ controlUrl: `http://${host}:${port}`, signal: never, onTap: () => undefined, onLost: () => undefined }),
  );
  expect(await proxy.flush(never)).toEqual({ lost: 0 });
  child.stdin.end();
  expect((await exit)[0]).toBe(0);
  await expect(proxy.flush(never)).rejects.toThrow();
});
