/** What every load driver must do, whichever it is. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { IncomingMessage, RequestListener } from 'node:http';
import { expect } from 'vitest';
import type { RequestRow } from '../../harness/model/recording.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import { builtinDriver } from '../../harness/run/load/builtin.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { get, openLoad, post } from '../../harness/scenario/load.ts';
import { groupOf } from '../../scripts/bench-proxy/process-group.ts';
import type { Address } from '../../harness/run/environments/contract.ts';
import { json, serve } from '../integration/load-rig.ts';
import { answerAsPlanted, PLANTED } from './load-answers.ts';
import { offer, offerWhole, type Offer, type Offered } from './load-rig.ts';

/** How far two clocks of one machine may be apart once they were mapped onto each other, in microseconds. */
const CLOCKS_US = 2000;

/** What a driver's program does by itself and nobody can keep it from; docs/load.md says so of the driver. */
export type Limit =
  /** A redirect has no status. */
  | 'hides-redirects'
  /** An answer whose body stalls or breaks off has no status. */
  | 'hides-broken-status'
  /** A request whose connection broke without an answer is sent again, if that connection was used before. */
  | 'repeats-broken';

/** A driver that is held to the laws, and where. */
export interface Held {
  readonly driver: LoadDriver;
  readonly limits: readonly Limit[];
  readonly sentinel: Address;
  /** `stop` and disposal may take so long, in milliseconds. */
  readonly promptMs: number;
}

type Law = (held: Held) => Promise<void>;

let runs = 0;

function given({ driver, sentinel }: Held, own: Pick<Offer, 'load' | 'entry' | 'totalMs'> & Partial<Offer>): Offer {
  return { driver, sentinel, runId: `contract-${driver.kind}-${process.pid}-${runs++}`, ...own };
}

/** Each by its name; what breaks one throws. */
export const LAWS: Readonly<Record<string, Law>> = {
  async 'every answer has the one outcome that fits, and what it was asked for'(held) {
    const rows = await plantedRows(held);
    const misjudged = PLANTED.flatMap(({ template, outcome, status, observed }) => {
      const own = rows.filter(({ name }) => name === template.name);
      expect(own.length).toBeGreaterThanOrEqual(3);
      const isHidden =
        (outcome === 'http-error' && status < 400 && held.limits.includes('hides-redirects')) ||
        ((outcome === 'reset' || outcome === 'timeout') && held.limits.includes('hides-broken-status'));
      const expected = { outcome, status: isHidden ? 0 : status, ...(observed === undefined ? {} : { observed }) };
      return own.filter((row) => !matches(row, expected)).map((row) => ({ name: template.name, expected, row }));
    });
    expect(misjudged).toEqual([]);
  },

  async 'the moments of a request are in order, and what took long took long'(held) {
    for (const { intendedUs, startedUs, firstByteUs, endedUs, status, outcome } of await plantedRows(held)) {
      expect(startedUs).toBeGreaterThanOrEqual(intendedUs - CLOCKS_US);
      expect(endedUs).toBeGreaterThanOrEqual(startedUs ?? Infinity);
      // A little less than the whole of it: a page's clock is mapped to the run's.
      if (outcome === 'timeout') expect(endedUs - (startedUs ?? Infinity)).toBeGreaterThan(1_400_000);
      if (status === 0) continue;
      expect(firstByteUs).toBeGreaterThanOrEqual(startedUs ?? Infinity);
      expect(endedUs).toBeGreaterThanOrEqual(firstByteUs ?? Infinity);
    }
  },

  async 'a server that is not there refuses, a name that nobody has is dns: no start fails for it'(held) {
    const gone = createServer();
    gone.listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const load = openLoad({ ratePerSecond: 20, requests: [get('r', '/')] });
    for (const [entry, outcome] of [
      [{ host: '127.0.0.1', port }, 'refused'],
      [{ host: 'no-such-host.invalid', port: 80 }, 'dns'],
    ] as const) {
      const result = await offerWhole(given(held, { load, entry, totalMs: 300, drainMs: 8000 }));
      expectWhole(result);
      for (const row of result.rows) expect(row).toMatchObject({ outcome, status: 0, reused: false, firstByteUs: null, observed: null });
    }
  },

  async 'one seed gives the same requests and trace ids whatever sends them'(held) {
    const runId = `contract-same-${process.pid}`;
    const sentBy = async (by: LoadDriver): Promise<readonly string[]> => {
      const sent: string[] = [];
      await using entry = await serve((request, response) => void notedAs(request).then((text) => (sent.push(text), response.end('{}'))));
      const result = await offerWhole({ ...given(held, { load: MIXED, entry, totalMs: 400 }), driver: by, runId });
      expectWhole(result);
      const traces = result.rows.map(({ traceId }) => traceId).toSorted();
      expect(sent.map((text) => /^00-([0-9a-f]{32})-[0-9a-f]{16}-01 /.exec(text)?.[1] ?? text).toSorted()).toEqual(traces);
      expect(new Set(traces).size).toBe(result.rows.length);
      // The span is the driver's own.
      return sent.map((text) => text.replace(/-[0-9a-f]{16}-01 /, ' ')).toSorted();
    };
    expect(await sentBy(held.driver)).toEqual(await sentBy(builtinDriver));
  },

  async 'the schedule waits for no answer'(held) {
    const waiting: (() => void)[] = [];
    await using entry = await serve((_request, response) => {
      waiting.push(() => void response.end('{}'));
      // A closed loop would never have all of them under way at once.
      if (waiting.length === 60) for (const answer of waiting) answer();
    });
    const load = openLoad({ ratePerSecond: 100, requests: [get('r', '/', { timeout: '20s' })] });
    const result = await offerWhole(given(held, { load, entry, totalMs: 600, drainMs: 10_000 }));
    expectWhole(result);
    expect(result.rows.map(({ outcome }) => outcome)).toEqual(result.rows.map(() => 'ok'));
    const lastOf = (each: readonly number[]): number => Math.max(...each);
    const starts = result.rows.map(({ startedUs }) => startedUs ?? Infinity);
    expect(Math.min(...result.rows.map(({ endedUs }) => endedUs))).toBeGreaterThan(lastOf(starts) - CLOCKS_US);
  },

  async 'a connection that breaks under a request resets that arrival: nobody repeats it'(held) {
    const { listener, calls } = breaksUsedConnections();
    await using entry = await serve(listener);
    const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/'), post('order', '/', { body: {} })] });
    const result = await offerWhole(given(held, { load, entry, totalMs: 1000 }));
    expectWhole(result);
    const outcomes = Map.groupBy(result.rows, ({ outcome }) => outcome);
    expect(calls.size).toBe(50);
    const repeated = [...calls.values()].filter((times) => times !== 1);
    if (held.limits.includes('repeats-broken')) {
      expect([...outcomes.keys()]).toEqual(['ok']);
      expect(repeated.length).toBeGreaterThan(0);
    } else {
      expect([...outcomes.keys()].toSorted()).toEqual(['ok', 'reset']);
      expect(repeated).toEqual([]);
    }
  },

  async 'sends those arrivals that are its own, and tells of its health'(held) {
    await using entry = await serve(json({}));
    const load = openLoad({ ratePerSecond: 40, requests: [get('r', '/')] });
    const ordinals = Uint32Array.from({ length: 20 }, (_, index) => index * 2 + 1);
    const result = await offerWhole(given(held, { load, entry, totalMs: 1000, ordinals }));
    expect(result.rows.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual([...ordinals]);
    expectTimes(result);
    expect([result.scheduled, result.sent]).toEqual([20, 20]);
    expect(result.health.length).toBeGreaterThan(0);
    for (const { part, detail } of result.health) {
      expect(part).toBe('driver');
      expect(Object.keys(detail ?? {})).toEqual(expect.arrayContaining(['startLagP50Ms', 'startLagP99Ms', 'inFlight', 'sent']));
    }
    expect(result.health.at(-1)?.detail?.['sent']).toBe(20);
  },

  async 'what is open when the drain is over is aborted'(held) {
    await using entry = await serve(() => undefined);
    const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/', { timeout: '30s' })] });
    const result = await offerWhole(given(held, { load, entry, totalMs: 200, drainMs: 300 }));
    expectWhole(result);
    expect(result.rows.map(({ outcome }) => outcome)).toEqual(result.rows.map(() => 'aborted'));
    expect(result.sent).toBe(10);
  },

  async 'stop ends it soon; every arrival has its row, and disposal leaves no process'(held) {
    const { promise: isBusy, resolve } = Promise.withResolvers<void>();
    const { promise: areTold, resolve: resolveTold } = Promise.withResolvers<void>();
    const onRows = (rows: readonly RequestRow[]): void => (rows.length >= 5 ? resolveTold() : undefined);
    let arrived = 0;
    await using entry = await serve((_request, response) => {
      arrived++;
      if (arrived <= 5) response.end('{}');
      if (arrived === 12) resolve();
    });
    const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/', { timeout: '50s' })] });
    const offering = given(held, { load, entry, totalMs: 60_000, onRows });
    const before = new Set(groupOf(process.pid));
    await using offered = await offer(offering);
    const own = groupOf(process.pid).filter((pid) => !before.has(pid));
    expect(own.length).toBeGreaterThan(0);
    await Promise.all([isBusy, areTold]);
    offered.running.stop();
    const { scheduled, sent } = await within(held.promptMs, offered.running.ended);
    expectWhole(offered);
    expect(scheduled).toBe(3000);
    const counts = Map.groupBy(offered.rows, ({ outcome }) => outcome);
    expect([...counts.keys()].toSorted()).toEqual(['aborted', 'ok']);
    expect(counts.get('ok')).toHaveLength(5);
    expect(offered.rows.filter(({ startedUs }) => startedUs !== null)).toHaveLength(sent);
    expect(sent).toBeLessThan(3000);
    await offered[Symbol.asyncDispose]();
    await expectGone(offering.runId, own, held.promptMs);
  },

  async 'disposal in mid-flight ends in time, settles what was promised, and leaves no process'(held) {
    const { promise: isBusy, resolve } = Promise.withResolvers<void>();
    await using entry = await serve(() => resolve());
    const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/', { timeout: '50s' })] });
    const offering = given(held, { load, entry, totalMs: 60_000 });
    const before = new Set(groupOf(process.pid));
    const offered = await offer(offering);
    await isBusy;
    const own = groupOf(process.pid).filter((pid) => !before.has(pid));
    await within(held.promptMs, offered[Symbol.asyncDispose]());
    await within(held.promptMs, Promise.allSettled([offered.running.ended]));
    await expectGone(offering.runId, own, held.promptMs);
  },

  async 'an aborted signal lets nothing start, and one that aborts meanwhile leaves nothing'(held) {
    await using entry = await serve(json({}));
    const load = openLoad({ ratePerSecond: 20, requests: [get('r', '/')] });
    const before = new Set(groupOf(process.pid));
    const aborted = given(held, { load, entry, totalMs: 1000, signal: AbortSignal.abort(new Error('stop')) });
    await expect(offer(aborted)).rejects.toThrow('stop');
    const ending = new AbortController();
    const late = given(held, { load, entry, totalMs: 1000, signal: ending.signal });
    const starting = offer(late);
    // Whether it was quicker is its own affair; that it leaves nothing is ours.
    const ended = starting.then(
      (offered) => offered[Symbol.asyncDispose](),
      (error: unknown) => expect(error).toMatchObject({ message: 'stop' }),
    );
    setImmediate(() => ending.abort(new Error('stop')));
    await ended;
    const own = groupOf(process.pid).filter((pid) => !before.has(pid));
    for (const { runId } of [aborted, late]) await expectGone(runId, own, held.promptMs);
  },
};

const plantedBy = new WeakMap<LoadDriver, Promise<readonly RequestRow[]>>();

/** Rows of all planted answers, several of each: asked once of each driver. */
function plantedRows(held: Held): Promise<readonly RequestRow[]> {
  const rows = plantedBy.get(held.driver) ?? askPlanted(held);
  plantedBy.set(held.driver, rows);
  return rows;
}

async function askPlanted(held: Held): Promise<readonly RequestRow[]> {
  await using entry = await serve(answerAsPlanted);
  const load = openLoad({ ratePerSecond: 60, requests: PLANTED.map(({ template }) => template) });
  const result = await offerWhole(given(held, { load, entry, totalMs: 2000, drainMs: 20_000 }));
  expectWhole(result);
  expect([result.scheduled, result.sent]).toEqual([120, 120]);
  return result.rows;
}

async function within<T>(lengthMs: number, work: PromiseLike<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took more than ${lengthMs} ms`)), lengthMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function matches(row: RequestRow, expected: object): boolean {
  try {
    expect(row).toMatchObject(expected);
    return true;
  } catch {
    return false;
  }
}

const MIXED = openLoad({
  ratePerSecond: 100,
  requests: [
    get('quote', '/quote/{sku}?n={seq}', { weight: 3, headers: { 'x-key': '{uuid}' } }),
    post('order', '/orders/{uuid}', { body: { id: '{uuid}', item: { sku: '{sku}' }, note: 'keep {"sku"}' } }),
  ],
  values: { sku: ['tea "earl"', 'müg/1', 'cup'] },
});

/** Answers the first request of each connection and breaks it off at the second; counts the calls of each trace. */
function breaksUsedConnections(): { readonly listener: RequestListener; readonly calls: ReadonlyMap<string, number> } {
  const calls = new Map<string, number>();
  const used = new WeakSet<object>();
  const listener: RequestListener = (request, response) => {
    const trace = request.headers['traceparent'];
    if (typeof trace === 'string') calls.set(trace, (calls.get(trace) ?? 0) + 1);
    if (used.has(request.socket)) return void request.socket.resetAndDestroy();
    used.add(request.socket);
    request.resume().on('end', () => response.end('{}'));
  };
  return { listener, calls };
}

async function notedAs(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { traceparent, 'x-key': key = '', 'content-type': type = '' } = request.headers;
  return [traceparent, request.method, request.url, key, type, Buffer.concat(chunks).toString()].join(' ');
}

/** Every arrival of the plan has exactly one row, under its name and with its time. */
function expectWhole(offered: Pick<Offered, 'rows' | 'plan' | 'beganUs'>): void {
  expect(offered.rows.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual([...offered.plan.schedule.request.keys()]);
  expectTimes(offered);
}

function expectTimes({ rows, plan, beganUs }: Pick<Offered, 'rows' | 'plan' | 'beganUs'>): void {
  const { schedule, load } = plan;
  for (const { id, name, intendedUs } of rows) {
    expect(name).toBe(load.requests[schedule.request[id] ?? -1]?.name);
    expect(Math.abs(intendedUs - (schedule.intendedUs[id] ?? 0) - beganUs)).toBeLessThanOrEqual(1);
  }
}

/** Nothing that carries the run's mark lives, nor any of these. A killed browser's own children follow it a moment later. */
async function expectGone(runId: string, pids: readonly number[], withinMs: number): Promise<void> {
  const left = async (): Promise<readonly number[]> => {
    const living = new Set(groupOf(process.pid));
    return [...new Set([...(await processesOfRun(runId)), ...pids.filter((pid) => living.has(pid))])];
  };
  await expect.poll(left, { timeout: withinMs }).toEqual([]);
}
