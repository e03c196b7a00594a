// Goal: users who go a journey again and again are a closed model and say so: each begins when their last has ended and they have thought, for
// as long as the load lasts; who goes and how often they have gone decides what they carry; and whatever goes wrong, nobody spins.
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JourneyTemplate, OpenLoad } from '../../harness/model/load.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { userAt, type UserNumbering } from '../../harness/model/users.ts';
import { get, journeyOf, openLoad } from '../../harness/scenario/load.ts';
import { json, serve } from './load-rig.ts';
import { browserOf, eventsOf, runBrowser, shopWindow, type BrowserResult, type Seen } from './playwright-rig.ts';

let sentinel: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  sentinel = await serve(json({}));
});
/** How far two readings of the clock may be apart for rounding and for timers that wake early, in microseconds. */
const CLOCKS_US = 2000;
afterAll(() => sentinel[Symbol.asyncDispose]());

/** Users on a journey of the fixtures; the load's one request is another driver's, due once a second. */
function circling(...journeys: readonly (readonly [exported: string, Parameters<typeof journeyOf>[2]])[]): OpenLoad {
  return openLoad({
    ratePerSecond: 1,
    requests: [get('elsewhere', '/')],
    values: { sku: ['kettle', 'lamp', 'mug'] },
    journeys: journeys.map(([exported, options]): JourneyTemplate =>
      journeyOf(exported, 'fixtures/journeys/circling.journey.ts', { ...options, export: exported }),
    ),
  });
}

/** The journeys of each user in the order of their turns, of which none is missing. */
function byUser(rows: readonly RequestRow[], numbering: UserNumbering): readonly (readonly RequestRow[])[] {
  const inOrder = rows.toSorted((left, right) => left.id - right.id);
  return Array.from({ length: numbering.users }, (_, user) => {
    const own = inOrder.filter(({ id }) => userAt(id, numbering)?.user === user);
    expect(own.map(({ id }) => userAt(id, numbering)?.repetition)).toEqual([...own.keys()]);
    return own;
  });
}

/** What the window was asked for, by trace id. */
function askedBy(seen: readonly Seen[]): ReadonlyMap<string, string> {
  const windows = seen.filter(({ url }) => url.startsWith('/window'));
  return new Map(windows.map(({ url, headers }) => [String(headers['traceparent']).split('-')[1] ?? '', url]));
}

/** Lets two users look at the window so many times. */
async function lookTimes(looks: number, answer: RequestListener): Promise<BrowserResult> {
  await using entry = await serve(answer);
  let taken = 0;
  return await runBrowser({
    load: circling(['default', { users: 2, thinkTime: '200ms' }]),
    entry,
    sentinel,
    totalMs: 60_000,
    onEvent(event, running) {
      if (event.kind === 'step' && ++taken === looks) running?.stop();
    },
  });
}

/** Each of the two has gone again only when they were back and had thought. */
function expectInTurn({ rows, beganUs }: BrowserResult): void {
  for (const own of byUser(rows, { scheduled: 60, users: 2 })) {
    // The stop may have come before the last one's end.
    for (const row of own.slice(0, -1)) expect(row.outcome).toBe('ok');
    for (const [index, row] of own.entries()) {
      expect(row).toMatchObject({ name: 'default', intendedUs: row.startedUs });
      expect(row.intendedUs).toBeGreaterThanOrEqual((own[index - 1]?.endedUs ?? beganUs - 200_000) + 200_000 - CLOCKS_US);
    }
  }
}

test('each goes again when they are back and have thought: values and traces follow from who goes which time', async () => {
  const seen: Seen[] = [];
  await using result = await lookTimes(6, shopWindow(seen));
  expect(result.rows.length).toBeGreaterThanOrEqual(6);
  expectInTurn(result);
  expect(result).toMatchObject({ scheduled: result.rows.length, sent: result.rows.length });
  expect(eventsOf(result.events, 'driver').find(({ what }) => what === 'degraded')?.detail).toMatch(
    /^2 users go the journey default again and again, a closed model/,
  );

  // Against a server that takes its time for one of them they come in another order, and carry the same.
  const seenSlowly: Seen[] = [];
  const answer = shopWindow(seenSlowly);
  let windows = 0;
  await using again = await lookTimes(4, (request, response) => {
    const isSlow = request.url?.startsWith('/window') === true && windows++ === 0;
    setTimeout(() => answer(request, response), isSlow ? 1000 : 0);
  });
  expectInTurn(again);
  const [before, after] = [askedBy(seen), askedBy(seenSlowly)];
  const traces = new Map(result.rows.map(({ id, traceId }) => [id, traceId]));
  const common = again.rows.filter(({ id, outcome }) => traces.has(id) && outcome === 'ok');
  expect(common.length).toBeGreaterThanOrEqual(2);
  for (const { id, traceId } of common) {
    expect(traceId).toBe(traces.get(id));
    expect(after.get(traceId)).toMatch(/^\/window\?sku=/);
    if (before.has(traceId)) expect(after.get(traceId)).toBe(before.get(traceId));
  }
  expect(new Set(before.values()).size).toBe(before.size);
});

test('who is under way at the end of the load has the drain, and is aborted then', async () => {
  await using entry = await serve(shopWindow([]));
  const limits = { exchanges: 1, events: 1, effects: 1, drainMs: 500 };
  const load = circling(['staying', { users: 2, timeout: '60s' }]);
  await using result = await runBrowser({ load, entry, sentinel, totalMs: 1500, plan: { limits } });
  expect(result.rows.map(({ id, outcome }) => `${id} ${outcome}`).toSorted((left, right) => left.localeCompare(right))).toEqual([
    '2 aborted',
    '3 aborted',
  ]);
  for (const { endedUs } of result.rows) expect(endedUs - result.beganUs).toBeGreaterThanOrEqual(2_000_000 - CLOCKS_US);
  expect(result).toMatchObject({ scheduled: 2, sent: 2 });
});

test('a stop ends them, and nobody sets out any more; users keep their pages from those who come at a rate', async () => {
  await using entry = await serve(shopWindow([]));
  const load = circling(['default', { ratePerSecond: 20 }], ['staying', { users: 2, timeout: '60s' }], ['nowhere', { users: 1 }]);
  let looks = 0;
  await using result = await runBrowser({
    load,
    entry,
    sentinel,
    totalMs: 20_000,
    plan: { browser: { pagesMax: 4 } },
    onEvent(event, running) {
      if (event.kind === 'step' && event.step === 'look' && ++looks === 6) running?.stop();
    },
  });
  const named = Map.groupBy(result.rows, ({ name }) => name);
  expect(named.get('staying')?.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  const turns = named.get('nowhere') ?? [];
  expect(turns.length).toBeGreaterThan(1);
  expect(turns.filter(({ outcome }) => outcome !== 'ok').length).toBeLessThanOrEqual(1);
  // All of the schedule has its rows; what users would have gone has none.
  expect(named.get('default')).toHaveLength(400);
  const shed = named.get('default')?.find(({ outcome }) => outcome === 'shed');
  if (shed !== undefined) expect(shed.observed?.mismatch).toBe('1 journeys were under way beside 3 users: browser.pagesMax allows no more');
  const sent = named.get('default')?.filter(({ startedUs }) => startedUs !== null) ?? [];
  const overlaps = sent.filter((row) => sent.some((other) => other.id < row.id && other.endedUs > (row.startedUs ?? 0)));
  expect(overlaps).toEqual([]);
});

test('a browser that crashes ends their journeys; until it is there again they try once a second, and then go on', async () => {
  await using entry = await serve(shopWindow([]));
  const runId = 'users-crash';
  let isKilled = false;
  let crashedUs = Infinity;
  let stepsSince = 0;
  await using result = await runBrowser({
    load: circling(['default', { users: 2 }]),
    entry,
    sentinel,
    totalMs: 60_000,
    runId,
    onEvent(event, running) {
      if (event.kind === 'driver' && event.what === 'degraded' && event.detail.startsWith('the browser crashed')) crashedUs = event.atUs;
      if (event.kind !== 'step' || event.outcome !== 'ok') return;
      if (!isKilled) void killBrowserOf(runId);
      isKilled = true;
      // By the third step in the second browser a journey in it has ended.
      if (event.startedUs > crashedUs && ++stepsSince === 3) running?.stop();
    },
  });
  for (const own of byUser(result.rows, { scheduled: 60, users: 2 })) {
    const tries = own.filter(({ outcome }) => outcome === 'shed');
    for (const [index, row] of tries.entries()) {
      expect(row).toMatchObject({ startedUs: null, observed: { mismatch: 'the browser crashed and is being started again' } });
      expect(row.intendedUs - (tries[index - 1]?.endedUs ?? -Infinity)).toBeGreaterThanOrEqual(1_000_000 - CLOCKS_US);
    }
  }
  const isLost = ({ outcome }: RequestRow): boolean => outcome === 'aborted' || outcome === 'shed';
  const fine = result.rows.filter((row) => !isLost(row)).map(({ endedUs }) => endedUs);
  const firstLostUs = Math.min(...result.rows.filter(isLost).map(({ endedUs }) => endedUs));
  expect(Math.min(...fine)).toBeLessThan(firstLostUs);
  expect(Math.max(...fine)).toBeGreaterThan(firstLostUs);
});

async function killBrowserOf(runId: string): Promise<void> {
  const pid = await browserOf(runId);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}
