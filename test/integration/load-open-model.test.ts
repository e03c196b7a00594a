import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../harness/model/load.ts';
import { HarnessError, UsageError } from '../../harness/model/problem.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { startClock } from '../../harness/run/clock.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { get, openLoad, post } from '../../harness/scenario/load.ts';
import { json, planOf, wholeLoadOf, runLoad, serve, type Rig, type RigResult } from './load-rig.ts';

let sentinel: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  sentinel = await serve(json({}));
});
afterAll(() => sentinel[Symbol.asyncDispose]());

/** Every scheduled arrival has one row with one known outcome, in whatever order they ended. */
function expectWhole({ rows, scheduled, plan, beganUs }: RigResult): void {
  const byId = rows.toSorted((left, right) => left.id - right.id);
  expect(byId.map(({ id }) => id)).toEqual(plan.schedule.intendedUs.map((_, index) => index));
  expect(scheduled).toBe(rows.length);
  for (const { outcome } of rows) expect(OUTCOMES).toContain(outcome);
  expect(byId.map(({ name }) => name)).toEqual(plan.schedule.request.map((index) => plan.load.requests[index]?.name));
  expect(byId.map(({ intendedUs }) => intendedUs)).toEqual(plan.schedule.intendedUs.map((atUs) => Math.round(atUs + beganUs)));
}

describe('the schedule never waits for an answer', () => {
  test('a server that stalls slows no send: requests pile up in flight, and latency counts from the intended time', async () => {
    let held: (() => void)[] | null = [];
    await using entry = await serve((_request, response) => {
      const answer = (): void => void response.end('{}');
      if (held === null) answer();
      else held.push(answer);
    });
    const result = await runLoad({
      load: openLoad({ ratePerSecond: 200, requests: [get('r', '/')] }),
      entry,
      sentinel,
      totalMs: 1000,
      // The server lets go only when it holds every request at once: a closed loop would never get there.
      onBegun() {
        const timer = setInterval(() => {
          if (held === null || held.length < 200) return;
          const waiting = held;
          held = null;
          clearInterval(timer);
          for (const answer of waiting) answer();
        }, 5);
      },
    });
    expectWhole(result);
    expect(result.rows.every(({ outcome }) => outcome === 'ok')).toBe(true);
    expect(result.sent).toBe(200);
    const first = result.rows.find(({ id }) => id === 0);
    const last = result.rows.find(({ id }) => id === 199);
    expect((first?.endedUs ?? 0) - (first?.intendedUs ?? 0)).toBeGreaterThan(((last?.endedUs ?? 0) - (last?.intendedUs ?? 0)) * 2);
    expect(Math.max(...result.health.map(({ detail }) => detail?.['inFlight'] ?? 0))).toBeGreaterThan(20);
  });

  test('what is still open when the drain is over ends as aborted', async () => {
    await using entry = await serve(() => undefined);
    const load = openLoad({ ratePerSecond: 50, requests: [get('r', '/', { timeout: '30s' })] });
    const result = await runLoad({ load, entry, sentinel, totalMs: 200, drainMs: 300 });
    expectWhole(result);
    expect(result.rows.map(({ outcome }) => outcome)).toEqual(result.rows.map(() => 'aborted'));
    expect(result.sent).toBe(10);
  });

  test('stop ends what is in flight and what was never sent as aborted, and nothing is sent after it', async () => {
    let arrived = 0;
    await using entry = await serve((_request, response) => {
      arrived++;
      if (arrived <= 5) response.end('{}');
    });
    let stopped = false;
    const { promise: begun, resolve } = Promise.withResolvers<{ stop(): void }>();
    const stopWhenBusy = async (rows: readonly RequestRow[]): Promise<void> => {
      if (stopped || rows.filter(({ outcome, name }) => outcome === 'ok' && name === 'r').length < 5) return;
      stopped = true;
      (await begun).stop();
    };
    const result = await runLoad({
      load: openLoad({ ratePerSecond: 100, requests: [get('r', '/', { timeout: '60s' })] }),
      entry,
      sentinel,
      totalMs: 60_000,
      onBegun: (load) => resolve(load),
      onRows: (rows) => void stopWhenBusy(rows),
    });
    expectWhole(result);
    const counts = Map.groupBy(result.rows, ({ outcome }) => outcome);
    expect([...counts.keys()].toSorted()).toEqual(['aborted', 'ok']);
    expect(counts.get('ok')).toHaveLength(5);
    expect(result.sent).toBeLessThan(3000);
    expect(result.rows.filter(({ startedUs }) => startedUs !== null)).toHaveLength(result.sent);
    expect(arrived).toBeLessThanOrEqual(result.sent);
  });
});

describe('what is sent', () => {
  const load = openLoad({
    ratePerSecond: 100,
    requests: [
      get('quote', '/quote/{sku}?n={seq}', { weight: 3, headers: { 'x-key': '{uuid}' } }),
      post('order', '/orders/{uuid}', { body: { id: '{uuid}', item: { sku: '{sku}' }, count: 2, note: 'keep {"sku"}' } }),
    ],
    values: { sku: ['tea "earl"', 'müg/1', 'cup'] },
  });

  async function sentBy(
    rig: Partial<Rig>,
  ): Promise<{ readonly requests: readonly string[]; readonly traces: readonly string[]; readonly result: RigResult }> {
    const requests: string[] = [];
    const traces: string[] = [];
    await using entry = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        requests.push(
          [
            request.method,
            request.url,
            request.headers['x-key'] ?? '',
            request.headers['content-type'] ?? '',
            Buffer.concat(chunks).toString(),
          ].join(' '),
        );
        traces.push(request.headers['traceparent'] as string);
        response.end('{}');
      });
    });
    const result = await runLoad({ load, entry, sentinel, totalMs: 400, ...rig });
    return { requests: requests.toSorted(), traces, result };
  }

  test('the same seed sends the same requests, another seed others; placeholders agree within one request', async () => {
    const first = await sentBy({ seed: 3 });
    const again = await sentBy({ seed: 3, runId: 'another' });
    const other = await sentBy({ seed: 4 });
    // UUIDs are the run's own: a service that remembers the last run must not take these for repetitions.
    const besidesUuids = (requests: readonly string[]): readonly string[] =>
      requests.map((text) => text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')).toSorted();
    expect(besidesUuids(first.requests)).toEqual(besidesUuids(again.requests));
    expect(first.requests).not.toEqual(again.requests);
    expect(first.requests).not.toEqual(other.requests);
    const orders = first.requests.filter((text) => text.startsWith('POST'));
    expect(orders).toHaveLength(10);
    for (const text of orders) {
      const [, id] = /orders\/([0-9a-f-]{36}) /.exec(text) ?? [];
      const body = JSON.parse(text.slice(text.indexOf('{'))) as {
        readonly id: string;
        readonly item: { readonly sku: string };
        readonly note: string;
      };
      expect(text).toContain('application/json');
      expect(body.id).toBe(id);
      expect(['tea "earl"', 'müg/1', 'cup']).toContain(body.item.sku);
      expect(body).toMatchObject({ count: 2, note: 'keep {"sku"}' });
    }
    expect(new Set(orders).size).toBe(orders.length);
  });

  test('every request has a trace of its own, which its row names', async () => {
    const { traces, result } = await sentBy({});
    for (const trace of traces) expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traces.map((trace) => trace.slice(3, 35)).toSorted()).toEqual(result.rows.map(({ traceId }) => traceId).toSorted());
    expect(new Set([...result.rows, ...result.sentinelRows].map(({ traceId }) => traceId)).size).toBe(
      result.rows.length + result.sentinelRows.length,
    );
  });

  test('the sentinel is asked through the whole timeline and counts for itself', async () => {
    const { result } = await sentBy({ totalMs: 1000 });
    expect(result.sentinelRows.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
    expect(result.sentinelRows.every(({ outcome }) => outcome === 'ok')).toBe(true);
    expect(result.scheduled).toBe(100);
    expect(result.health.length).toBeGreaterThanOrEqual(2);
    expect(result.health.every(({ part, cpuRatio }) => part === 'driver' && cpuRatio >= 0)).toBe(true);
    expect(result.health.at(-1)?.detail?.['sent']).toBe(100);
  });
});

describe('a driver in trouble says so', () => {
  const load = openLoad({ ratePerSecond: 20, requests: [get('r', '/')] });
  const contextOf = (rig: Rig, runId: string) => ({
    ...wholeLoadOf(planOf(rig)),
    entry: rig.entry,
    sentinel: rig.sentinel,
    clock: startClock(),
    runId,
    signal: new AbortController().signal,
    onRequests: () => undefined,
    onHealth: () => undefined,
  });

  test('a driver outlives a Ctrl-C; one that is killed rejects with a harness error, and leaves no process', async () => {
    await using entry = await serve(json({}));
    const runId = `killed-${process.pid}`;
    let onRows = (): void => undefined;
    const rowsCome = (): Promise<void> => new Promise((resolve) => (onRows = resolve));
    const context = { ...contextOf({ load, entry, sentinel, totalMs: 60_000 }, runId), onRequests: () => onRows() };
    await using running = await loadDrivers.builtin.start(context);
    running.begin(context.clock.nowUs() + 60_000);
    const [pid] = processesOf(runId);
    expect(pid).toBeDefined();
    process.kill(pid ?? 0, 'SIGINT');
    await rowsCome();
    await rowsCome();
    process.kill(pid ?? 0, 'SIGKILL');
    await expect(running.ended).rejects.toThrow(HarnessError);
    await expect(running.ended).rejects.toThrow(/SIGKILL/);
    expect(processesOf(runId)).toEqual([]);
  });

  test('disposing the load ends its process', async () => {
    await using entry = await serve(json({}));
    const runId = `disposed-${process.pid}`;
    {
      await using running = await loadDrivers.builtin.start(contextOf({ load, entry, sentinel, totalMs: 60_000 }, runId));
      expect(running).toBeDefined();
      expect(processesOf(runId)).toHaveLength(1);
    }
    expect(processesOf(runId)).toEqual([]);
  });

  test('a sentinel that does not answer stops the start', async () => {
    await using entry = await serve(json({}));
    await using broken = await serve(json({}, 500));
    await expect(loadDrivers.builtin.start(contextOf({ load, entry, sentinel: broken, totalMs: 1000 }, 'no-sentinel'))).rejects.toThrow(
      /sentinel did not answer/,
    );
  });

  test('a schema that is none is the scenario’s fault', async () => {
    await using entry = await serve(json({}));
    const odd = openLoad({ ratePerSecond: 20, requests: [get('r', '/', { schema: { type: 'nonsense' } })] });
    await expect(loadDrivers.builtin.start(contextOf({ load: odd, entry, sentinel, totalMs: 1000 }, 'odd-schema'))).rejects.toThrow(
      UsageError,
    );
  });
});

/** Living processes that carry the run's marker (Linux). */
function processesOf(runId: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const state = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.[0];
        return state !== 'Z' && readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`HALFOPEN_RUN=${runId}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
