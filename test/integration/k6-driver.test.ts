/** Goal: k6 carries out a plan as the builtin driver does: every arrival once, at its time, with the same request, told whole. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { monotonicUs } from '../../harness/run/clock.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import { k6Driver } from '../../harness/run/load/k6.ts';
import { get, openLoad, post } from '../../harness/scenario/load.ts';
import { repository, start, temporaryFolder } from '../cli/halfopen.ts';
import { k6AtHand, offerToK6 } from './k6-rig.ts';
import { json, planOf, runLoad, serve, wholeLoadOf } from './load-rig.ts';

const { executable, lack } = await k6AtHand();

interface Seen {
  readonly atUs: number;
  readonly request: string;
  readonly traceId: string;
}

let entry: Awaited<ReturnType<typeof serve>>;
let seen: Seen[] = [];

beforeAll(async () => {
  entry = await serve((request, response) => {
    const atUs = monotonicUs();
    const { method, url, headers } = request;
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      const own = { type: headers['content-type'], sku: headers['x-sku'], key: headers['idempotency-key'] };
      seen.push({ atUs, request: JSON.stringify({ method, url, own, body }), traceId: String(headers['traceparent']) });
      json({ amount: 5, _stale: false })(request, response);
    });
  });
});
afterAll(() => entry[Symbol.asyncDispose]());

const load = openLoad({
  ratePerSecond: 100,
  requests: [
    get('quote', '/quote/{sku}/{name}?n={seq}', {
      weight: 3,
      timeout: '400ms',
      headers: { 'x-sku': '{sku}' },
      observe: { value: '/amount' },
    }),
    post('order', '/orders', { timeout: '400ms', body: { id: '{uuid}', sku: '{sku} {name}' }, headers: { 'idempotency-key': '{uuid}' } }),
  ],
  values: { sku: ['plain', 'a b', 'c/d', "it's (100%)~!*"], name: ['ü', '"quoted"', '日本/x'] },
});

function ids(rows: readonly RequestRow[]): readonly number[] {
  return rows.map(({ id }) => id).toSorted((left, right) => left - right);
}

describe.skipIf(lack !== null)(`the k6 driver${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
  test('every arrival is one row, in time, and the same request as the builtin driver sends', async () => {
    seen = [];
    const offer = await offerToK6({ load, entry, totalMs: 1000, runId: 'same', k6: { executable } });
    await using _offer = offer;
    expect(await offer.load.ended).toEqual({ scheduled: 100, sent: 100 });
    const byK6 = seen;
    expect(ids(offer.rows)).toEqual(Array.from({ length: 100 }, (_, id) => id));
    expect(new Set(offer.rows.map(({ outcome, instance }) => `${outcome} ${instance}`))).toEqual(new Set(['ok k6-1']));
    expect(offer.rows.filter(({ name, observed }) => name === 'quote' && observed?.value === 5).length).toBeGreaterThan(50);
    // A connection is used again rather than opened anew.
    expect(offer.rows.filter(({ reused }) => reused).length).toBeGreaterThan(60);

    seen = [];
    const builtin = await runLoad({ load, entry, sentinel: entry, totalMs: 1000, runId: 'same' });
    const key = ({ request, traceId }: Seen): string => `${traceId} ${request}`;
    const traces = new Set(offer.rows.map(({ traceId }) => traceId));
    const byBuiltin = seen.filter(({ traceId }) => traces.has(traceId.slice(3, 35)));
    expect(byK6.map(key).toSorted()).toEqual(byBuiltin.map(key).toSorted());
    const identity = ({ id, name, traceId }: RequestRow): string => `${id} ${name} ${traceId}`;
    expect(offer.rows.map(identity).toSorted()).toEqual(builtin.rows.map(identity).toSorted());
  });

  test('its moments are of the run’s clock: a server on this machine sees each call within its row', async () => {
    seen = [];
    const offer = await offerToK6({ load, entry, totalMs: 500, k6: { executable } });
    await using _offer = offer;
    await offer.load.ended;
    const served = new Map(seen.map(({ traceId, atUs }) => [traceId.slice(3, 35), atUs - offer.originUs]));
    const sample = offer.events.find((event) => event.kind === 'clock');
    expect(sample?.source).toBe('k6-1');
    expect(Math.abs(sample?.offsetUs ?? Infinity)).toBeLessThanOrEqual((sample?.uncertaintyUs ?? 0) + 1000);
    for (const row of offer.rows) {
      const atUs = served.get(row.traceId) ?? Number.NaN;
      expect(atUs).toBeGreaterThanOrEqual(row.startedUs ?? Infinity);
      expect(row.endedUs).toBeGreaterThanOrEqual(atUs);
      expect(row.firstByteUs).toBeGreaterThanOrEqual(row.startedUs ?? Infinity);
      expect(row.endedUs).toBeGreaterThanOrEqual(row.firstByteUs ?? Infinity);
    }
  });

  test('two processes share the arrivals, and the recording has each of them once', async () => {
    const offer = await offerToK6({ load, entry, totalMs: 1000, runId: 'k6-two', k6: { executable, instances: 2 } });
    await using _offer = offer;
    expect(await processesOfRun('k6-two')).toHaveLength(2);
    expect(await offer.load.ended).toEqual({ scheduled: 100, sent: 100 });
    expect(ids(offer.rows)).toEqual(Array.from({ length: 100 }, (_, id) => id));
    for (const { id, instance } of offer.rows) expect(instance).toBe(`k6-${(id % 2) + 1}`);
    expect(new Set(offer.events.flatMap((event) => (event.kind === 'driver' ? [event.instance] : [])))).toEqual(new Set(['k6-1', 'k6-2']));
    expect(await offer.log('k6-2')).not.toContain('level=error');
  });

  test('it tells what it is made of, how it is, and how it ended', async () => {
    const offer = await offerToK6({ load, entry, totalMs: 1500, runId: 'k6-told', k6: { executable, vusMax: 3 } });
    await using _offer = offer;
    await offer.load.ended;
    const told = offer.events.flatMap((event) => (event.kind === 'driver' ? [[event.what, event.detail] as const] : []));
    expect(told.map(([what]) => what)).toEqual(['program', 'extension', 'script', 'degraded', 'exit']);
    const [program, extension, script, degraded, exit] = told.map(([, detail]) => detail);
    expect(program).toMatch(/^k6 v2\.2\.0, go1\.\d+/);
    expect(extension).toMatch(/^halfopen \d+\.\d+\.\d+\S*, protocol 1$/);
    expect(script).toMatch(/sha256 [0-9a-f]{64}$/);
    expect(degraded).toContain('3 are allowed (k6.vusMax)');
    expect(exit).toBe('exit code 0: ended by itself');
    const last = offer.health.at(-1);
    const sent = offer.rows.filter(({ startedUs }) => startedUs !== null).length;
    expect(last).toMatchObject({ kind: 'health', part: 'driver', detail: { sent, inFlight: 0 } });
    expect(last?.detail?.['startLagP99Ms']).toBeGreaterThan(0);
    expect(last?.cpuRatio).toBeGreaterThan(0);
    expect(await processesOfRun('k6-told')).toEqual([]);
  });

  test('without a k6 the run is refused before anything is started, with the way out', async () => {
    const context = { ...wholeLoadOf(planOf({ load, entry, sentinel: entry, totalMs: 1000 })), signal: new AbortController().signal };
    const plan = { ...context.plan, k6: { executable: './no-such-k6' } };
    await expect(k6Driver.check?.({ ...context, plan })).rejects.toThrow(/no-such-k6/);
  });

  test('payments-outage holds with --load k6: whatever a busy machine leaves open, nothing of the system or of the load failed', async () => {
    const output = temporaryFolder();
    const args = ['run', 'payments-outage', '--load', 'k6', '--pace', 'fast', '--seed', '7', '--output', output];
    const { code, stdout } = await start(args, { cwd: repository }).ended;
    expect(stdout).toContain('load by k6');
    expect(stdout).toContain('driver k6-1 ended: exit code 0');
    expect([0, 4], stdout).toContain(code);
    const outcome = JSON.parse(readFileSync(join(output, 'outcome.json'), 'utf8')) as Outcome;
    const findings = outcome.scenarios.flatMap((scenario) => scenario.findings);
    expect(findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'invalid')).toEqual([]);
    const passed = findings.filter(({ verdict }) => verdict === 'pass').map(({ check }) => check);
    expect(passed).toEqual(expect.arrayContaining(['load-was-offered', 'recording-is-whole', 'fault-was-felt', 'opens']));
  });
});
