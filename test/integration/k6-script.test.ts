/**
 * Goal: a user's own k6 script runs unmodified, each of its calls is an arrival with its intended time, and its thresholds are judged whole
 * and phase by phase. All with a real k6.
 */
import { describe, expect, test } from 'vitest';
import type { RequestRow } from '../../harness/model/recording.ts';
import { k6AtHand } from './k6-at-hand.ts';
import { constantly, GET, runScript, slowly, template, thresholdsIn, told, type ScriptResult, type ScriptRig } from './k6-script-rig.ts';
import { json, serve } from './load-rig.ts';

const TIMEOUT_MS = 60_000;
const { executable, lack } = await k6AtHand();
if (lack !== null) console.warn(`k6-script.test.ts is left out: ${lack}`);

const run = (rig: Omit<ScriptRig, 'executable'>): Promise<ScriptResult> => runScript({ executable, ...rig });
const outcomes = (rows: readonly RequestRow[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(rows, ({ name, outcome }) => `${name} ${outcome}`)).map(([key, group]) => [key, group?.length ?? 0]),
  );

describe.skipIf(lack !== null)('a script of one’s own', () => {
  test('runs unmodified: scenarios, setup, local import, open(), groups, checks, metrics, teardown', { timeout: TIMEOUT_MS }, async () => {
    const paths: string[] = [];
    await using shop = await serve((request, response) => {
      paths.push(`${request.method} ${request.url} ${request.headers['traceparent'] === undefined ? 'untraced' : 'traced'}`);
      json({ fee: { amount: 3, _stale: request.url?.includes('teapot') } })(request, response);
    });
    const result = await run({
      file: 'fixtures/k6/checkout.js',
      entry: shop,
      phases: { warmup: 500, baseline: 1500, recovery: 1000 },
      requests: [
        template('quote', '/quote/{sku}', { observe: { value: '/fee/amount', degraded: '/fee/_stale' } }),
        template('stock', '/stock/{sku}'),
      ],
    });
    // 20 a second ask for a quote and then a stock; four to eight a second order, which nobody declared.
    const counts = outcomes(result.rows);
    expect(counts['stock ok']).toBeGreaterThanOrEqual(58);
    expect(counts['stock ok']).toBeLessThanOrEqual(61);
    expect((counts['quote ok'] ?? 0) + (counts['quote degraded'] ?? 0)).toBe(counts['stock ok']);
    expect(counts['quote degraded']).toBeGreaterThan(5);
    expect(counts['other ok']).toBeGreaterThan(10);
    expect(Object.keys(counts)).toHaveLength(4);
    expect(result.rows.find(({ name }) => name === 'quote')?.observed).toMatchObject({ value: 3 });
    expect(paths[0]).toBe('GET /readyz untraced');
    expect(paths.slice(1).every((path) => path.endsWith(' traced'))).toBe(true);
    expect(result.log).toMatch(/checkout: \d+ s of load/);
    expect(told(result, 'exit')).toEqual(['exit code 105: stopped by the harness']);
    expect(told(result, 'program')[0]).toMatch(/^k6 v2\./);
    const ids = result.rows.map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, place) => place));
    expect(result).toMatchObject({ scheduled: result.rows.length, sent: result.rows.length });
    expect(new Set(result.rows.map(({ traceId }) => traceId)).size).toBe(result.rows.length);
    expect(result.health.at(-1)?.detail).toMatchObject({ sent: expect.any(Number), startLagP99Ms: expect.any(Number) });
  });

  test('keeps exports that k6 itself looks for: handleSummary, and a module’s own relative files', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({
      entry: shop,
      phases: { baseline: 300 },
      files: { 'near.csv': 'a,b\n1,2\n', 'part.js': "export const near = open('./near.csv');" },
      script: `
        import { open as openFile } from 'k6/experimental/fs';
        import { near } from './part.js';
        ${constantly(10, GET)}
        const file = await openFile('near.csv');
        console.log('near has ' + near.length + ' characters, the file ' + (await file.stat()).size);
        export function handleSummary(data) { return { stdout: 'SUMMARY ' + data.metrics.iterations.type }; }
      `,
    });
    expect(result.log).toContain('near has 8 characters, the file 8');
    expect(result.log).toContain('SUMMARY counter');
    expect(result.rows.length).toBeGreaterThan(1);
  });

  test('begins with the load, and ends with the timeline however long its scenarios are', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({ entry: shop, phases: { baseline: 1000 }, script: constantly(50, GET, "setupTimeout: '5s'") });
    const first = result.rows[0]?.intendedUs ?? 0;
    expect(first - result.beganUs).toBeGreaterThanOrEqual(0);
    expect(first - result.beganUs).toBeLessThan(300_000);
    expect(result.tookMs).toBeLessThan(5000);
    for (const { startedUs } of result.rows) expect(startedUs).toBeLessThan(result.beganUs + 1_000_000);
    expect(told(result, 'degraded')).toEqual([]);
  });

  test('says that it ended before the timeline did', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const script = constantly(50, GET).replace("'1m'", "'1s'");
    const result = await run({ entry: shop, phases: { baseline: 3000 }, script });
    expect(told(result, 'exit')).toEqual(['exit code 0: ended by itself']);
    expect(told(result, 'degraded')).toEqual([expect.stringMatching(/^the script ended 1\.\d+ s before the timeline did$/)]);
  });
});

describe.skipIf(lack !== null)('intended times', () => {
  /** Distances from the first intended time, in milliseconds. */
  const grid = (rows: readonly RequestRow[]): readonly number[] => {
    const times = rows.map(({ intendedUs }) => intendedUs).toSorted((left, right) => left - right);
    return times.map((atUs) => (atUs - (times[0] ?? 0)) / 1000);
  };

  test('go by rank, drops included: a stalled system is waited for, and what k6 dropped is shed', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(slowly(600, json({})));
    const result = await run({
      entry: shop,
      phases: { baseline: 2000 },
      requests: [template('quote', '/quote/{sku}')],
      script: constantly(50, GET),
    });
    const dropped = result.rows.filter(({ outcome }) => outcome === 'shed');
    expect(dropped.length).toBeGreaterThan(15);
    expect(new Set(dropped.map(({ name }) => name))).toEqual(new Set(['quote']));
    expect(dropped.every(({ startedUs }) => startedUs === null)).toBe(true);
    // 20 virtual users for 30 answers at a time: two seconds hold 100 arrivals, each on the schedule of one every 20 ms.
    expect(result.rows.length).toBeGreaterThanOrEqual(94);
    expect(result.rows.length).toBeLessThanOrEqual(101);
    for (const [place, atMs] of grid(result.rows).entries()) expect(Math.abs(atMs - place * 20)).toBeLessThan(1);
    for (const { startedUs, intendedUs } of result.rows) if (startedUs !== null) expect(startedUs).toBeGreaterThanOrEqual(intendedUs);
  });

  test('of a ramp follow its stages; what the script waits for before its first call is no delay', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({
      entry: shop,
      phases: { baseline: 2000 },
      requests: [template('a', '/a'), template('b', '/b')],
      script: `
        import http from 'k6/http';
        import { sleep } from 'k6';
        export const options = { scenarios: { rising: { executor: 'ramping-arrival-rate', startRate: 0, timeUnit: '1s', preAllocatedVUs: 30,
          stages: [{ target: 40, duration: '2s' }] } } };
        export default function () { sleep(0.2); http.get(__ENV.SHOP + '/a'); http.get(__ENV.SHOP + '/b'); }
      `,
    });
    const starts = result.rows.map(({ intendedUs, startedUs }) => (startedUs ?? 0) - intendedUs);
    expect(Math.max(...starts)).toBeLessThan(150_000);
    // Area k + 1 = 10 t²: the first at 316 ms, the tenth at 1 s; and 0.2 s later each time.
    const firsts = grid(result.rows.filter(({ name }) => name === 'a'));
    expect(firsts.length).toBeGreaterThan(20);
    expect(Math.abs((firsts[9] ?? 0) - (1000 - 316))).toBeLessThan(50);
  });

  test('of a closed model are the starts, and the evidence is said to be degraded', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({
      entry: shop,
      phases: { baseline: 500 },
      script: `
        import http from 'k6/http';
        export const options = { vus: 2, duration: '1m' };
        export default function () { http.get(__ENV.SHOP + '/a'); }
      `,
    });
    expect(result.rows.length).toBeGreaterThan(10);
    for (const { intendedUs, startedUs } of result.rows) expect(intendedUs).toBe(startedUs);
    expect(told(result, 'degraded')).toEqual([expect.stringContaining('scenario default (constant-vus) is a closed model')]);
  });

  test('of two processes merge into one schedule, each arrival once', { timeout: TIMEOUT_MS }, async () => {
    const setups: string[] = [];
    await using counting = await serve((request, response) => {
      if (request.url?.startsWith('/setup') === true) setups.push(request.url);
      json({})(request, response);
    });
    const result = await run({
      entry: counting,
      instances: 2,
      phases: { baseline: 1500 },
      script: `${constantly(40, GET.replace('lamp', '${data.sku}').replace('function', ''), "thresholds: { http_reqs: ['count>30'] }").replace('function ()', 'function (data)')}
        export function setup() { http.get(__ENV.SHOP + '/setup'); return { sku: 'lamp' }; }`,
    });
    expect(setups).toEqual(['/setup']);
    const perInstance = Object.groupBy(result.rows, ({ instance }) => instance);
    expect(Object.keys(perInstance).toSorted()).toEqual(['k6-1', 'k6-2']);
    expect(perInstance['k6-1']?.length).toBeGreaterThan(20);
    expect(perInstance['k6-2']?.length).toBeGreaterThan(20);
    expect(result.rows.length).toBeGreaterThanOrEqual(55);
    expect(result.rows.length).toBeLessThanOrEqual(61);
    // The two are released one after the other, some milliseconds apart.
    for (const [place, atMs] of grid(result.rows).entries()) expect(Math.abs(atMs - place * 25)).toBeLessThan(60);
    // No process saw the whole: halfopen judges over both.
    expect(thresholdsIn(result).find(({ metric, phase }) => metric === 'http_reqs' && phase === 'run')).toMatchObject({
      judgedBy: 'halfopen',
      isMet: true,
    });
  });
});

describe.skipIf(lack !== null)('outcomes', () => {
  test('a redirect is one arrival; what is in flight at the end is given up', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
      else if (request.url === '/hung') return;
      else if (request.url === '/broken') request.socket.destroy();
      else json({ a: 1 }, request.url === '/503' ? 503 : 200)(request, response);
    });
    const result = await run({
      entry: shop,
      phases: { baseline: 1000 },
      drainMs: 500,
      requests: ['old', 'hung', 'broken', '503', 'late'].map((name) =>
        template(name, `/${name === 'late' ? 'hung' : name}`, { timeoutMs: 1200 }),
      ),
      script: constantly(10, `for (const path of ['old', '503', 'broken', 'hung']) http.get(__ENV.SHOP + '/' + path, { timeout: '30s' });`),
    });
    const counts = outcomes(result.rows);
    expect(counts).toMatchObject({ 'old ok': 10, '503 http-error': 10, 'broken reset': 10 });
    // Begun up to 1.2 s before the harness gave up, so longer ago than their timeout or not.
    expect((counts['hung timeout'] ?? 0) + (counts['hung aborted'] ?? 0)).toBe(10);
    expect(counts['hung timeout']).toBeGreaterThan(0);
    expect(counts['hung aborted']).toBeGreaterThan(0);
    expect(result.rows.find(({ name }) => name === 'old')).toMatchObject({ status: 200 });
  });

  test('the harness may stop it at any moment', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(slowly(300, json({})));
    const result = await run({
      entry: shop,
      phases: { baseline: 20_000 },
      script: constantly(20, GET),
      onBegun: (load) => setTimeout(() => load.stop(), 900).unref(),
    });
    expect(result.tookMs).toBeLessThan(5000);
    expect(result.rows.some(({ outcome }) => outcome === 'aborted')).toBe(true);
    expect(told(result, 'exit')).toEqual(['exit code 105: stopped by the harness']);
  });
});

describe.skipIf(lack !== null)('thresholds', () => {
  test('are judged whole by k6 and phase by phase by halfopen', { timeout: TIMEOUT_MS }, async () => {
    let isSlow = false;
    await using shop = await serve((request, response) => slowly(isSlow ? 250 : 0, json({}, isSlow ? 503 : 200))(request, response));
    const result = await run({
      entry: shop,
      phases: { baseline: 1000, fault: 1000, recovery: 1000 },
      script: constantly(
        20,
        `${GET} if (__ENV.NEVER) rare.add(1);`,
        `thresholds: {
          http_req_duration: ['p(90)<200', 'max<10000'],
          'http_req_failed{name:home}': ['rate<0.01'],
          http_req_failed: [{ threshold: 'rate<0.05', abortOnFail: false }],
          never_seen: ['avg<1'],
        },`,
      )
        .replace('export const options', "import { Trend } from 'k6/metrics'; const rare = new Trend('never_seen'); export const options")
        .replace('/quote/lamp`)', "/quote/lamp`, { tags: { name: 'home' } })"),
      onBegun: () => {
        setTimeout(() => (isSlow = true), 1100).unref();
        setTimeout(() => (isSlow = false), 1900).unref();
      },
    });
    const isMet = (metric: string, condition: string): object =>
      Object.fromEntries(
        thresholdsIn(result)
          .filter((event) => event.metric === metric && event.condition === condition)
          .map(({ phase, judgedBy, isMet: met }) => [`${phase} ${judgedBy}`, met]),
      );
    expect(isMet('http_req_duration', 'p(90)<200')).toEqual({
      'run k6': false,
      'baseline halfopen': true,
      'fault halfopen': false,
      'recovery halfopen': true,
    });
    expect(isMet('http_req_failed{name:home}', 'rate<0.01')).toEqual({
      'run k6': false,
      'baseline halfopen': true,
      'fault halfopen': false,
      'recovery halfopen': true,
    });
    expect(isMet('http_req_duration', 'max<10000')).toMatchObject({ 'run k6': true, 'fault halfopen': true });
    // k6 calls it met: the trap of green thresholds without samples.
    expect(isMet('never_seen', 'avg<1')).toMatchObject({ 'run k6': null, 'baseline halfopen': null });
  });
});
