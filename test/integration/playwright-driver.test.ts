// Goal: a real browser is a load driver like the others: each journey and each request is one row that says the truth, each step says what the
// user saw, and whatever happens to the browser, nothing of it is left behind.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Expectation } from '../../harness/model/scenario.ts';
import { get, openLoad, post } from '../../harness/scenario/load.ts';
import { json, serve } from './load-rig.ts';
import { eventsOf, journeysOnly, runBrowser, shopWindow, type Seen } from './playwright-rig.ts';

let sentinel: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  sentinel = await serve(json({}));
});
afterAll(() => sentinel[Symbol.asyncDispose]());

/** Expectations on the journey `buying` that ask for these texts. */
const wanted = (...fields: readonly Readonly<Record<string, string>>[]): readonly Expectation[] =>
  fields.map((field) => ({ check: 'page', journey: 'buying', ...field }));

/** First four fields of a trace header. */
const traceOf = ({ headers }: Seen): string => String(headers['traceparent']).split('-')[1] ?? '';

describe('a journey', () => {
  test('is one arrival with its steps, what they showed, and pictures; its requests carry traces, and nobody else’s do', async () => {
    const seen: Seen[] = [];
    const foreignSeen: Seen[] = [];
    await using foreign = await serve(shopWindow(foreignSeen));
    await using entry = await serve(shopWindow(seen, { foreign: `http://localhost:${foreign.port}` }));
    const load = journeysOnly('window', { ratePerSecond: 1 });
    const expectations = wanted({ shows: 'Kettle, 12 €' }, { showsNot: 'sold out' }, { shows: 'bought' });
    await using result = await runBrowser({ load, entry, sentinel, totalMs: 2000, plan: { expectations } });

    expect(result.rows.map(({ outcome, status, observed }) => [outcome, status, observed])).toEqual([
      ['degraded', 200, { degraded: true }],
      ['degraded', 200, { degraded: true }],
    ]);
    expect(result).toMatchObject({ scheduled: 2, sent: 2 });
    const [row] = result.rows;
    expect(row?.startedUs).toBeGreaterThanOrEqual(row?.intendedUs ?? Infinity);
    expect(row?.firstByteUs).toBeGreaterThan(row?.startedUs ?? Infinity);
    expect(row?.endedUs).toBeGreaterThan(row?.firstByteUs ?? Infinity);

    const steps = eventsOf(result.events, 'step').filter(({ request }) => request === row?.id);
    expect(steps.map(({ step, place, outcome, shows }) => [step, place, outcome, shows])).toEqual([
      ['open', 0, 'ok', ['Kettle, 12 €']],
      ['look again', 1, 'ok', ['Kettle, 12 €']],
      ['buy', 2, 'ok', ['Kettle, 12 €', 'bought']],
    ]);
    expect(steps.every(({ isBlank }) => !isBlank)).toBe(true);
    expect(steps[0]?.consoleErrors).toBeGreaterThan(0);
    expect(steps[0]?.failedRequests).toBeGreaterThan(0);
    // A busy machine may not have painted yet when a step ends.
    expect(Math.max(...steps.map(({ vitals }) => vitals.lcpMs ?? 0))).toBeGreaterThan(0);
    for (const [index, { startedUs, atUs }] of steps.entries()) {
      expect(atUs).toBeGreaterThan(startedUs);
      expect(startedUs).toBeGreaterThanOrEqual(steps[index - 1]?.atUs ?? row?.startedUs ?? 0);
    }

    const asked = seen.filter(({ url }) => url.startsWith('/window'));
    expect(asked.map(traceOf).filter((trace) => trace === row?.traceId)).toHaveLength(1);
    expect(seen.every(({ headers }) => /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(String(headers['traceparent'])))).toBe(true);
    expect(new Set(seen.map(traceOf)).size).toBe(seen.length);
    expect(new Set(seen.map((one) => traceOf(one).slice(0, 26)))).toEqual(new Set(result.rows.map(({ traceId }) => traceId.slice(0, 26))));
    expect(foreignSeen.length).toBeGreaterThan(0);
    expect(foreignSeen.filter(({ headers }) => 'traceparent' in headers)).toEqual([]);
    // The browser's cache works: a picture that may be kept is asked for once by each user.
    expect(seen.filter(({ url }) => url === '/kettle.svg')).toHaveLength(2);
    expect(asked[0]?.url).toMatch(/^\/window\?sku=(?:kettle|lamp)&user=[0-9a-f-]{36}$/);

    const pictures = eventsOf(result.events, 'screenshot');
    expect(pictures.length).toBeGreaterThan(2);
    for (const { file, bytes, widthPx, heightPx } of pictures) {
      const jpeg = readFileSync(join(result.runFolder, file));
      expect([jpeg.length, jpeg.subarray(0, 2).toString('hex')]).toEqual([bytes, 'ffd8']);
      expect([widthPx, heightPx, ...sizeOf(jpeg)]).toEqual([480, 360, 480, 360]);
    }
    const told = eventsOf(result.events, 'driver').map(({ what, detail }) => `${what} ${detail.split(' ')[0] ?? ''}`);
    expect(told).toEqual(['program playwright-core', 'browser Chromium']);
    expect(result.health.at(-1)?.detail).toMatchObject({ sent: 2, inFlight: 0 });
    expect(Math.max(...result.health.map(({ detail }) => detail?.['browserCpuRatio'] ?? 0))).toBeGreaterThan(0);
  });

  test.each([
    {
      name: 'waiting',
      timeout: '2500ms',
      outcome: 'timeout',
      steps: ['open ok', 'wait timeout'],
      reason: /did not end within 2500 ms \(waiting for locator\('#never'\)\)/,
    },
    { name: 'endless', timeout: '2500ms', outcome: 'timeout', steps: ['open ok', 'dream timeout'], reason: /did not end within 2500 ms$/ },
    { name: 'disappointed', outcome: 'wrong', steps: ['open ok', 'read failed'], reason: /the title of token=\[redacted\]/ },
    { name: 'stubborn', outcome: 'wrong', steps: ['open ok', 'read failed'], reason: /it is not there/ },
    { name: 'rude', outcome: 'wrong', steps: [], reason: /no error at all/ },
    { name: 'indifferent', outcome: 'http-error', steps: ['open ok'], reason: /the last page was answered with 503/ },
    { name: 'blank', outcome: 'ok', steps: ['open ok blank'], reason: /^$/ },
  ] as const)('that is $name ends as $outcome', async ({ name, outcome, steps, reason, ...rest }) => {
    await using entry = await serve(shopWindow([]));
    const load = journeysOnly('troubled', { export: name, ratePerSecond: 1, ...rest });
    await using result = await runBrowser({ load, entry, sentinel, totalMs: 1000, plan: { redact: ['(?<=token=)\\S+'] } });
    expect(result.rows.map((row) => row.outcome)).toEqual([outcome]);
    expect(result.rows[0]?.observed?.mismatch ?? '').toMatch(reason);
    const taken = eventsOf(result.events, 'step');
    expect(taken.map((step) => `${step.step} ${step.outcome}${step.isBlank ? ' blank' : ''}`)).toEqual(steps);
    const last = taken.at(-1);
    if (last !== undefined && last.outcome !== 'ok') expect(last.reason).toMatch(reason);
    if ('timeout' in rest) expect(((result.rows[0]?.endedUs ?? 0) - (result.rows[0]?.startedUs ?? 0)) / 1000).toBeCloseTo(2500, -3);
  });

  test('whose navigation fails ends as the network did: refused, and reset', async () => {
    const gone = await serve(json({}));
    await gone[Symbol.asyncDispose]();
    const load = journeysOnly('troubled', { export: 'blank', ratePerSecond: 1 });
    await using refused = await runBrowser({ load, entry: gone, sentinel, totalMs: 1000 });
    expect(refused.rows.map(({ outcome }) => outcome)).toEqual(['refused']);
    expect(eventsOf(refused.events, 'step').map(({ outcome, isBlank }) => [outcome, isBlank])).toEqual([['failed', true]]);
    await using entry = await serve((request) => void request.socket.resetAndDestroy());
    await using reset = await runBrowser({ load, entry, sentinel, totalMs: 1000 });
    expect(reset.rows.map(({ outcome }) => outcome)).toEqual(['reset']);
  });

  test('beyond pagesMax is shed, and says so; a stop aborts the rest', async () => {
    await using entry = await serve(shopWindow([]));
    const load = journeysOnly('troubled', { export: 'endless', ratePerSecond: 10 });
    await using result = await runBrowser({
      load,
      entry,
      sentinel,
      totalMs: 60_000,
      plan: { browser: { pagesMax: 2 } },
      onEvent(event, running) {
        if (event.kind === 'step' && event.step === 'open') running?.stop();
      },
    });
    const counts = Map.groupBy(result.rows, ({ outcome }) => outcome);
    expect([...counts.keys()].toSorted()).toEqual(['aborted', 'shed']);
    expect(result.rows).toHaveLength(600);
    expect(result.rows.filter(({ startedUs }) => startedUs !== null)).toHaveLength(2);
    expect(result.sent).toBe(2);
    expect(counts.get('shed')?.[0]?.observed?.mismatch).toMatch(/2 journeys were under way: browser.pagesMax allows no more/);
    expect(eventsOf(result.events, 'step').filter(({ outcome }) => outcome === 'aborted').length).toBeGreaterThan(0);
  });

  test('leaves its trace where one is wanted, and pictures at faults and moves of breakers', async () => {
    await using entry = await serve(shopWindow([]));
    const load = journeysOnly('troubled', { export: 'endless', ratePerSecond: 1, timeout: '4s' });
    let isNoticed = false;
    await using result = await runBrowser({
      load,
      entry,
      sentinel,
      totalMs: 1000,
      plan: { browser: { trace: true, video: true, viewport: { width: 400, height: 300 } } },
      onEvent(event, running) {
        if (isNoticed || event.kind !== 'step') return;
        isNoticed = true;
        const fault = { kind: 'fault', atUs: 0, fault: 'storm', occurrence: 0 } as const;
        running?.notice?.({ ...fault, step: 'requested' });
        running?.notice?.({ ...fault, step: 'acknowledged' });
        running?.notice?.({
          kind: 'breaker',
          atUs: 0,
          breaker: 'orders.payments',
          instance: 'orders',
          from: 'closed',
          to: 'open',
          earliestUs: 0,
          latestUs: 0,
          source: 'event',
        } as const);
      },
    });
    const pictures = eventsOf(result.events, 'screenshot').map(({ occasion, subject }) => `${occasion}: ${subject}`);
    expect(pictures.filter((picture) => !picture.startsWith('step')).toSorted()).toEqual([
      'breaker: orders.payments closed → open',
      'fault: storm acknowledged',
    ]);
    expect(eventsOf(result.events, 'screenshot').every(({ widthPx, heightPx }) => widthPx === 400 && heightPx === 300)).toBe(true);
    // One page that does not change: one file.
    expect(readdirSync(join(result.runFolder, 'screenshots'))).toHaveLength(
      new Set(eventsOf(result.events, 'screenshot').map(({ file }) => file)).size,
    );
    const trace = join(result.runFolder, `journeys/buying-${result.rows[0]?.id}.zip`);
    expect(existsSync(trace) && statSync(trace).size).toBeGreaterThan(1000);
    const isFilmed = existsSync(join(result.runFolder, `journeys/buying-${result.rows[0]?.id}.webm`));
    const losses = eventsOf(result.events, 'driver').filter(({ what }) => what === 'degraded');
    // Playwright films with an ffmpeg of its own, which a machine may lack.
    expect(losses.map(({ detail }) => detail.startsWith('no video was made'))).toEqual(isFilmed ? [] : [true]);
  });
});

describe('requests', () => {
  test('are fetched by pages as declared, and judged by the answers', async () => {
    const bodies: string[] = [];
    const seen: Seen[] = [];
    await using entry = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const url = request.url ?? '';
        seen.push({ url, headers: request.headers });
        bodies.push(Buffer.concat(chunks).toString());
        if (url.startsWith('/reset')) return void request.socket.resetAndDestroy();
        if (url.startsWith('/late')) return;
        if (url.startsWith('/moved')) return void response.writeHead(302, { location: '/quote' }).end();
        if (url.startsWith('/torn')) return void response.writeHead(200, { 'content-length': 100 }).write('{"a', () => response.destroy());
        const status = url.startsWith('/error') ? 503 : 200;
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ fee: url.startsWith('/old') ? 'stale' : 12 }));
      });
    });
    const observe = { degraded: '/stale', value: '/fee' };
    const load = openLoad({
      ratePerSecond: 40,
      requests: [
        get('quote', '/quote/{sku}', { observe, headers: { 'x-key': '{uuid}' } }),
        post('order', '/orders', { body: { id: '{uuid}', sku: '{sku}' } }),
        get('error', '/error'),
        get('reset', '/reset'),
        get('torn', '/torn'),
        get('late', '/late', { timeout: '300ms' }),
        get('moved', '/moved'),
      ],
      values: { sku: ['tea "earl"', 'cup'] },
    });
    await using result = await runBrowser({ load, entry, sentinel, totalMs: 2000 });
    expect(result.rows).toHaveLength(80);
    const outcomes = Map.groupBy(result.rows, ({ name }) => name);
    const expected = {
      quote: ['ok', 200],
      order: ['ok', 200],
      error: ['http-error', 503],
      reset: ['reset', 0],
      torn: ['reset', 200],
      late: ['timeout', 0],
      moved: ['http-error', 0],
    } as const;
    for (const [name, ending] of Object.entries(expected)) {
      const rows = outcomes.get(name) ?? [];
      expect(rows.length, name).toBeGreaterThan(3);
      expect([...new Set(rows.map(({ outcome, status }) => `${outcome} ${status}`))], name).toEqual([ending.join(' ')]);
    }
    expect(outcomes.get('quote')?.every(({ observed }) => observed?.value === 12)).toBe(true);
    for (const { intendedUs, startedUs, firstByteUs, endedUs, outcome } of result.rows) {
      expect(startedUs).toBeGreaterThanOrEqual(intendedUs);
      if (outcome === 'ok') expect(firstByteUs).toBeGreaterThan(startedUs ?? Infinity);
      expect(endedUs).toBeGreaterThanOrEqual(firstByteUs ?? startedUs ?? Infinity);
    }
    for (const { startedUs, endedUs } of outcomes.get('late') ?? []) expect(endedUs - (startedUs ?? 0)).toBeGreaterThanOrEqual(295_000);
    const byTrace = new Map(result.rows.map((row) => [row.traceId, row]));
    const sent = seen.filter(({ url }) => !url.startsWith('/.halfopen'));
    expect(sent.every((one) => byTrace.has(traceOf(one)))).toBe(true);
    expect(sent.find(({ url }) => url.startsWith('/quote/'))?.url).toMatch(/^\/quote\/(?:tea%20%22earl%22|cup)$/);
    expect(sent.every(({ headers }) => headers.cookie === undefined)).toBe(true);
    const order = bodies.find((body) => body.includes('sku')) ?? '{}';
    expect(JSON.parse(order)).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), sku: expect.stringMatching(/^(?:tea "earl"|cup)$/) });
    expect(eventsOf(result.events, 'clock').map(({ source }) => source)).toEqual(['browser', 'browser']);
    expect(result.rows.filter(({ reused }) => reused).length).toBeGreaterThan(10);
  });

  test('to nobody are refused', async () => {
    const gone = await serve(json({}));
    await gone[Symbol.asyncDispose]();
    await using result = await runBrowser({
      load: openLoad({ ratePerSecond: 10, requests: [get('r', '/')] }),
      entry: gone,
      sentinel,
      totalMs: 500,
    });
    expect([...new Set(result.rows.map(({ outcome }) => outcome))]).toEqual(['refused']);
  });
});

/** Width and height of a JPEG, by its frame header. */
function sizeOf(jpeg: Buffer): readonly [number, number] {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg[at + 1] ?? 0;
    if (marker >= 0xc0 && marker <= 0xc2) return [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
  }
  return [0, 0];
}
