/**
 * Goal: the extension tells the truth about every call, in a real k6 against a real server that misbehaves (research k6 §2 and §5), and
 * never goes on when nobody listens. The Go side's own tests run here as well.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extensionFolder } from '../../harness/run/load/k6/build-cache.ts';
import { K6_PROTOCOL, K6_VERSION, type Begin, type Req } from '../../harness/run/load/k6/protocol.ts';
import { builtForTests, JOB, startTalking } from './k6-extension-rig.ts';
import { serve } from './load-rig.ts';

const { executable, lack } = await builtForTests();
/** What k6 exits with when its harness is gone, and when we have stopped it. */
const GONE = 120;
const STOPPED = 105;

let entry: Awaited<ReturnType<typeof serve>>;
let origin: string;
const traceparents: (string | undefined)[] = [];

beforeAll(async () => {
  entry = await serve((request, response) => {
    traceparents.push(request.headers['traceparent'] as string | undefined);
    switch (request.url) {
      case '/503':
        return void response.writeHead(503).end('no');
      case '/hang':
        return undefined;
      case '/close':
        return void request.socket.end();
      case '/reset':
        return void request.socket.resetAndDestroy();
      case '/half':
        response.writeHead(200, { 'content-length': '100' });
        return void response.write('half', () => request.socket.destroy());
      case '/redirect':
        return void response.writeHead(302, { location: '/ok' }).end();
      default:
        return void response.end('{"fee":1}');
    }
  });
  origin = `http://127.0.0.1:${entry.port}`;
});
afterAll(() => entry[Symbol.asyncDispose]());

/** A script that knows how to be recorded, as the harness wraps a user's. */
function script(body: string, options = '{ iterations: 1 }'): string {
  return `import http from 'k6/http'; import { check } from 'k6'; import halfopen from 'k6/x/halfopen';
    export const options = ${options};
    export default halfopen.wrap(() => { ${body} });`;
}

/** Each call with its end, where it has one. */
function pairs(begins: readonly Begin[], reqs: readonly Req[]): readonly { readonly begin: Begin; readonly req: Req | undefined }[] {
  return begins.map((begin) => ({ begin, req: reqs.find(({ i }) => i === begin.i) }));
}

const skipped = lack === null ? '' : ` [skipped: ${lack}]`;

describe.skipIf(lack !== null)(`the k6 extension${skipped}`, () => {
  test('its own tests pass', { timeout: 600_000 }, () => {
    const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off', CGO_ENABLED: '0' };
    for (const args of [
      ['vet', './...'],
      ['test', '-count=1', './...'],
    ]) {
      const { status, stdout, stderr } = spawnSync('go', args, { cwd: extensionFolder(), env, encoding: 'utf8' });
      expect(status, `${stdout}${stderr}`).toBe(0);
    }
  });

  test('introduces itself with what the script asks for', async () => {
    const options = `{ scenarios: { buy: { executor: 'constant-arrival-rate', rate: 10, duration: '1s', preAllocatedVUs: 1, exec: 'default' } },
      thresholds: { 'http_req_duration{name:a}': ['p(95)<50'] } }`;
    await using k6 = await startTalking(executable, script('', options));
    const [hello] = await k6.reached('hello', 1);
    expect(hello).toMatchObject({ protocol: K6_PROTOCOL, k6: K6_VERSION, segment: null });
    expect(hello?.scenarios['buy']).toMatchObject({
      executor: 'constant-arrival-rate',
      rate: 10,
      timeUnitMs: 1000,
      durationMs: 1000,
      vus: 1,
    });
    expect(hello?.thresholds).toEqual({ 'http_req_duration{name:a}': ['p(95)<50'] });
    expect((await k6.exited).code).toBe(0);
    expect(k6.of('end')).toHaveLength(1);
    expect(k6.of('health').length).toBeGreaterThan(0);
  });

  test('reads the clock that Node reads', async () => {
    await using k6 = await startTalking(executable, script(''), null);
    await k6.reached('hello', 1);
    const beforeUs = Number(process.hrtime.bigint() / 1000n);
    k6.send({ c: 'clock', id: 3 });
    const [answer] = await k6.reached('clock', 1);
    expect(answer?.id).toBe(3);
    expect(answer?.at).toBeGreaterThanOrEqual(beforeUs);
    expect(answer?.at).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1000n) + 1);
  });

  test.each([
    ['/ok', { st: 200, err: null, bytes: 9 }],
    ['/503', { st: 503, err: null, bytes: 2 }],
    ['/hang', { st: 0, err: 'timeout', fb: null }],
    ['/close', { st: 0, err: 'reset', fb: null }],
    ['/reset', { st: 0, err: 'reset', fb: null }],
    ['/half', { st: 200, err: 'reset', bytes: 4 }],
    ['refused', { st: 0, err: 'refused', fb: null }],
    ['dns', { st: 0, err: 'dns', fb: null }],
    ['tls', { st: 0, err: 'tls', fb: null }],
  ] as const)('%s is told as it was', async (path, expected) => {
    const address = { refused: 'http://127.0.0.1:1/', dns: 'http://nowhere.invalid/', tls: origin.replace('http', 'https') }[
      path as string
    ];
    await using k6 = await startTalking(executable, script(`http.get('${address ?? origin + path}', { timeout: '300ms' })`));
    expect((await k6.exited).code).toBe(0);
    const [begin, ...others] = k6.of('begin');
    const [req] = k6.of('req');
    expect(others).toEqual([]);
    expect(req).toMatchObject({ i: begin?.i, ...expected });
    expect(k6.of('end')).toMatchObject([{ begun: 1, ended: 1, dropped: 0 }]);
    // A refused call has a duration of 0 for k6; here it lasts as long as it lasted.
    const lastedUs = (req?.at ?? 0) - (begin?.at ?? 0);
    expect(lastedUs).toBeGreaterThan(path === '/hang' ? 290_000 : 0);
    expect(k6.of('iter')).toMatchObject([{ from: begin?.itAt }]);
  });

  test('a redirect is two calls of one trace, the second of which names the first', async () => {
    traceparents.length = 0;
    await using k6 = await startTalking(executable, script(`http.get('${origin}/redirect')`), { ...JOB, traced: [origin] });
    await k6.exited;
    const [from, to] = pairs(k6.of('begin'), k6.of('req'));
    expect(from).toMatchObject({ begin: { first: true, url: `${origin}/redirect` }, req: { st: 302 } });
    expect(to).toMatchObject({ begin: { first: false, prev: from?.begin.i, tid: from?.begin.tid, url: `${origin}/ok` }, req: { st: 200 } });
    expect(traceparents.map((each) => each?.split('-')[1])).toEqual([from?.begin.tid, from?.begin.tid]);
  });

  test('bodies that are wanted come along, others do not', async () => {
    const body = `http.get('${origin}/quote/a?x=1'); http.get('${origin}/other'); http.post('${origin}/quote/a', 'x')`;
    await using k6 = await startTalking(executable, script(body, '{ iterations: 1, discardResponseBodies: true }'), {
      ...JOB,
      bodies: [{ method: 'GET', path: '^/quote/[^/]+$' }],
    });
    await k6.exited;
    expect(k6.of('req').map((req) => req.body)).toEqual(['{"fee":1}', undefined, undefined]);
  });

  test('arrivals of a schedule are made at their moments; what nobody waits for is dropped', async () => {
    const source = `import http from 'k6/http'; import halfopen from 'k6/x/halfopen';
      export const options = { scenarios: { default: { executor: 'shared-iterations', vus: 2, iterations: 60, maxDuration: '60s' } } };
      export default () => { const next = halfopen.next(); if (next !== null) http.get('${origin}' + (next.request === 1 ? '/hang' : '/ok'), { timeout: '400ms' }) }`;
    const ordinals = Array.from({ length: 40 }, (_, index) => 3 * index);
    // From the tenth on they hang: two virtual users are not enough.
    const schedule = {
      ordinals,
      atUs: ordinals.map((_, index) => index * 10_000),
      request: ordinals.map((_, index) => Number(index >= 10 && index < 15)),
    };
    await using k6 = await startTalking(executable, source, { ...JOB, schedule });
    await k6.reached('waiting', 2);
    const zeroUs = Number(process.hrtime.bigint() / 1000n) + 50_000;
    k6.send({ c: 'begin', at: zeroUs });
    expect((await k6.exited).code).toBe(0);
    const begun = k6.of('begin').map(({ ord }) => ord ?? -1);
    const dropped = k6.of('drop').map(({ ord }) => ord ?? -1);
    expect([...begun, ...dropped].toSorted((left, right) => left - right)).toEqual(ordinals);
    expect(dropped.length).toBeGreaterThan(10);
    for (const { ord = -1, at } of [...k6.of('begin'), ...k6.of('drop')]) {
      expect(at).toBeGreaterThanOrEqual(zeroUs + (ord / 3) * 10_000);
    }
    expect(k6.of('end')).toMatchObject([{ begun: begun.length, ended: begun.length, dropped: dropped.length }]);
  });

  test('arrivals that k6 itself drops are told by scenario', async () => {
    const options = `{ scenarios: { rush: { executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 1, maxVUs: 1, gracefulStop: '2s' } } }`;
    await using k6 = await startTalking(executable, script(`http.get('${origin}/hang', { timeout: '1s' })`, options));
    await k6.exited;
    const drops = k6.of('drop');
    expect(drops.every(({ sc, ord }) => sc === 'rush' && ord === undefined)).toBe(true);
    const dropped = drops.reduce((sum, { n }) => sum + n, 0);
    expect(dropped + k6.of('enter').length).toBeGreaterThanOrEqual(19);
    expect(dropped).toBeGreaterThanOrEqual(15);
  });

  test('an exception ends its iteration and is told, though k6 exits with 0', async () => {
    await using k6 = await startTalking(executable, script(`throw new Error('planted')`));
    expect((await k6.exited).code).toBe(0);
    expect(k6.of('iter')).toMatchObject([{ err: expect.stringContaining('planted') as string }]);
  });

  test('phases reach the script, its marks reach us', async () => {
    const body = `while (halfopen.phase() !== 'fault') { sleep(0.005) } halfopen.mark('seen', halfopen.phase())`;
    await using k6 = await startTalking(executable, script(body).replace('{ check }', '{ sleep }'));
    await k6.reached('enter', 1);
    expect(k6.of('mark')).toEqual([]);
    k6.send({ c: 'phase', name: 'fault' });
    await k6.exited;
    expect(k6.of('mark')).toMatchObject([{ name: 'seen', detail: 'fault' }]);
  });

  test('samples come only where they are judged; crossed thresholds are named', async () => {
    const options = `{ iterations: 3, thresholds: { checks: ['rate>0.9'], http_reqs: ['count>0'] } }`;
    await using k6 = await startTalking(executable, script(`check(http.get('${origin}/ok'), { is: () => false })`, options), {
      ...JOB,
      samples: true,
    });
    expect((await k6.exited).code).toBe(99);
    expect(new Set(k6.of('sample').map(({ m }) => m))).toEqual(new Set(['checks', 'http_reqs']));
    expect(k6.of('sample').filter(({ m, v }) => m === 'checks' && v === 0)).toHaveLength(3);
    expect(k6.of('end')).toMatchObject([{ crossed: { checks: ['rate>0.9'] }, err: expect.stringContaining('checks') as string }]);
  });

  test('stopped, it ends at once; what was in flight is told as canceled', async () => {
    await using k6 = await startTalking(executable, script(`http.get('${origin}/hang', { timeout: '60s' })`, '{ vus: 3, iterations: 3 }'));
    await k6.reached('begin', 3);
    expect(k6.of('req')).toEqual([]);
    const stoppedMs = performance.now();
    k6.send({ c: 'stop' });
    expect((await k6.exited).code).toBe(STOPPED);
    expect(performance.now() - stoppedMs).toBeLessThan(5000);
    expect(k6.of('req').map(({ err }) => err)).toEqual(['canceled', 'canceled', 'canceled']);
    expect(k6.of('iter').every(({ interrupted, err }) => interrupted === true && err === undefined)).toBe(true);
    expect(k6.of('end')).toMatchObject([{ begun: 3, ended: 3 }]);
  });

  test('killed, it leaves calls that have begun and not ended', async () => {
    await using k6 = await startTalking(executable, script(`http.get('${origin}/hang', { timeout: '60s' })`, '{ vus: 3, iterations: 3 }'));
    await k6.reached('begin', 3);
    k6.kill('SIGKILL');
    await k6.exited;
    expect(pairs(k6.of('begin'), k6.of('req')).map(({ req }) => req)).toEqual([undefined, undefined, undefined]);
    expect(k6.of('end')).toEqual([]);
  });

  test('a harness that hangs up ends the test; a planted one without us would go on for a minute', async () => {
    const busy = script(`http.get('${origin}/ok')`, `{ vus: 2, duration: '60s' }`);
    await using k6 = await startTalking(executable, busy);
    await k6.reached('req', 10);
    await k6.hangUp();
    const { code, log } = await k6.exited;
    expect(code).toBe(GONE);
    expect(log).toContain('the harness is gone');
    const lost = once(entry.server, 'request', { signal: AbortSignal.timeout(300) });
    await expect(lost).rejects.toThrow();
  });

  test('a teardown that goes on does not keep it', async () => {
    const source = `${script(`http.get('${origin}/ok')`, `{ vus: 1, duration: '60s', teardownTimeout: '50s' }`)}
      export function teardown() { for (;;) {} }`;
    await using k6 = await startTalking(executable, source);
    await k6.reached('req', 1);
    await k6.hangUp();
    expect(await k6.exited).toMatchObject({ code: GONE, log: expect.stringContaining('k6 exits') as string });
  });

  test('without a socket it says so', () => {
    const { HALFOPEN_K6_SOCKET: _, ...env } = process.env;
    const input = 'export default () => {}';
    const { status, stderr } = spawnSync(executable, ['run', '--out', 'halfopen', '-'], { env, input, encoding: 'utf8' });
    expect(status).toBe(255);
    expect(stderr).toContain('HALFOPEN_K6_SOCKET is not set');
  });
});
