import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, passingRun } from '../../../fixtures/recordings/index.ts';
import type { RunEvent, ServiceMoved } from '../../../harness/model/event.ts';
import type { JudgedRun } from '../../../harness/report/contract.ts';
import { digestRun } from '../../../harness/report/html/digest.ts';
import { pack } from '../../../harness/report/html/pack.ts';
import { OUTCOME_CLASSES } from '../../../harness/report/html/payload.ts';

const sum = (column: readonly number[]): number => column.reduce((total, value) => total + value, 0);

/** The run with other events: `change` gets those of the canned one, in order. */
function withEvents(run: JudgedRun, change: (events: readonly RunEvent[]) => readonly RunEvent[]): JudgedRun {
  return { ...run, recording: { ...run.recording, events: change(run.recording.events) } };
}

describe('the payload of a run', () => {
  test('counts every arrival once, in all groups together and in each by name', () => {
    const run = failingRun();
    const { arrivals } = digestRun(run).detail;
    const [all, ...byName] = arrivals;
    expect(all?.total).toBe(run.recording.requests.length);
    for (const group of arrivals) {
      expect(OUTCOME_CLASSES.reduce((total, name) => total + sum(group.counts[name]), 0)).toBe(group.total);
      for (const name of OUTCOME_CLASSES) expect(sum(group.counts[name])).toBe(group.totals[name]);
      expect(sum(Object.values(group.byOutcome))).toBe(group.total);
    }
    expect(byName.map(({ name }) => name)).toEqual(['quote', 'stock', 'order']);
    expect(byName.reduce((total, { total: own }) => total + own, 0)).toBe(all?.total);
  });

  test('orders the latency envelope: median, p95, slowest', () => {
    const [all] = digestRun(failingRun()).detail.arrivals;
    const buckets = (all?.p50Ms ?? []).map((median, bucket) => [median, all?.p95Ms[bucket] ?? null, all?.maxMs[bucket] ?? null]);
    const isOrdered = (values: readonly (number | null)[]): boolean =>
      values.every((value, index) => (value === null) === (values[0] === null) && (value ?? 0) >= (values[index - 1] ?? 0));
    expect(buckets.length).toBeGreaterThan(100);
    expect(buckets.filter((values) => !isOrdered(values))).toEqual([]);
  });

  test('takes the nearest rank: of twenty latencies the nineteenth is p95', () => {
    const run = passingRun();
    const base = run.recording.requests[0];
    if (base === undefined) throw new Error('no request');
    const requests = Array.from({ length: 20 }, (_, id) => ({
      ...base,
      id,
      intendedUs: base.intendedUs + id,
      endedUs: base.intendedUs + id + (id + 1) * 1000,
    }));
    const [all] = digestRun({ ...run, recording: { ...run.recording, requests } }).detail.arrivals;
    expect([all?.p50Ms[0], all?.p95Ms[0], all?.maxMs[0]]).toEqual([10, 19, 20]);
  });

  test('leaves latency out of what was never sent', () => {
    const run = passingRun();
    const requests = run.recording.requests.map((row) => ({ ...row, startedUs: null, outcome: 'shed' as const }));
    const [all] = digestRun({ ...run, recording: { ...run.recording, requests } }).detail.arrivals;
    expect(all?.totals.unsent).toBe(requests.length);
    expect(all?.maxMs.every((value) => value === null)).toBe(true);
  });

  test('puts zero where the first fault was acknowledged, and the phases around it', () => {
    const { detail } = digestRun(failingRun());
    expect(detail.zero).toBe('fault');
    expect(detail.faults[0]?.windows).toEqual([
      { requestedMs: -180, acknowledgedMs: 0, withdrawRequestedMs: 5820, withdrawnMs: 6000, failed: null },
    ]);
    expect(detail.phases.map(({ name }) => name)).toEqual(['warmup', 'baseline', 'fault', 'recovery']);
    expect(detail.phases[2]?.fromMs).toBe(-180);
  });

  test('a fault that was asked for and never acknowledged has no band and zero where it was due', () => {
    const run = withEvents(passingRun(), (events) => events.filter((event) => event.kind !== 'fault' || event.step === 'requested'));
    const { detail, summary } = digestRun(run);
    expect(detail.zero).toBe('load');
    expect(detail.faults[0]?.windows[0]).toMatchObject({ requestedMs: 0, acknowledgedMs: null });
    expect(summary.bands).toEqual([]);
  });

  test('tells first calls from repeats on the edge of the fault', () => {
    const { edges } = digestRun(failingRun()).detail;
    expect(edges.map(({ edge }) => edge)).toEqual(['orders->payments']);
    expect(sum(edges[0]?.repeated ?? [])).toBeGreaterThan(0);
    expect(sum(edges[0]?.first ?? []) + sum(edges[0]?.repeated ?? [])).toBe(edges[0]?.total);
    const calm = digestRun(invalidRun()).detail.edges[0];
    expect(sum(calm?.repeated ?? [])).toBe(0);
  });

  test('draws a polled transition as an interval in which no state stands', () => {
    const run = withEvents(passingRun(), (events) =>
      events.map((event) =>
        event.kind === 'breaker' && event.to === 'open' ? { ...event, earliestUs: event.atUs - 200_000, source: 'poll' as const } : event,
      ),
    );
    const lane = digestRun(run).detail.breakers[0];
    const index = lane?.stretches.findIndex(({ state }) => state === 'open') ?? -1;
    const [before, open] = [lane?.stretches[index - 1], lane?.stretches[index]];
    expect(open?.earliestMs).toBeCloseTo((open?.fromMs ?? 0) - 200, 3);
    expect(before?.toMs).toBeCloseTo(open?.earliestMs ?? 0, 3);
  });

  test('a breaker that never spoke is unknown throughout, never closed', () => {
    const { breakers, span } = digestRun(withEvents(passingRun(), (events) => events.filter(({ kind }) => kind !== 'breaker'))).detail;
    expect(breakers).toEqual([
      {
        name: 'orders.payments',
        instance: '',
        source: 'never spoke',
        stretches: [{ ...span, state: 'unknown', earliestMs: span.fromMs, event: null }],
      },
    ]);
  });

  test('a service is down from its death to its start, and starting until it is ready', () => {
    const run = withEvents(passingRun(), (events) => {
      const atUs = 12_000_000;
      const extra: RunEvent[] = [
        { id: 900, kind: 'service', atUs, service: 'payments', state: 'killed' },
        { id: 901, kind: 'readiness', atUs: atUs + 100_000, service: 'payments', ready: false, answeredUs: atUs + 101_000, status: 0 },
        { id: 902, kind: 'service', atUs: atUs + 500_000, service: 'payments', state: 'starting' },
        { id: 903, kind: 'readiness', atUs: atUs + 900_000, service: 'payments', ready: true, answeredUs: atUs + 901_000, status: 200 },
      ];
      return [...events, ...extra].toSorted((left, right) => left.atUs - right.atUs);
    });
    const lane = digestRun(run).detail.services.find(({ service }) => service === 'payments');
    expect(lane?.stretches.map(({ state }) => state)).toEqual(['ready', 'down', 'starting', 'ready']);
    const lengths = lane?.stretches.map(({ fromMs, toMs }) => Math.round(toMs - fromMs)).slice(1, 3);
    expect(lengths).toEqual([500, 400]);
  });

  test('a service on whose container a fault acts is shown as that, whatever it answers, but for the time that it is down', () => {
    const atUs = 12_000_000;
    const moved = (id: number, lateMs: number, state: ServiceMoved['state']): RunEvent => ({
      id,
      kind: 'service',
      atUs: atUs + lateMs * 1000,
      service: 'payments',
      state,
    });
    const sampled = (id: number, lateMs: number, ready: boolean): RunEvent => ({
      id,
      kind: 'readiness',
      atUs: atUs + lateMs * 1000,
      service: 'payments',
      ready,
      answeredUs: atUs + lateMs * 1000,
      status: ready ? 200 : 0,
    });
    const run = withEvents(passingRun(), (events) =>
      [
        ...events.filter(({ atUs: eventUs, kind }) => kind !== 'readiness' || eventUs < atUs),
        moved(900, 0, 'disconnected'),
        sampled(901, 100, false),
        moved(902, 200, 'connected'),
        sampled(903, 300, true),
        moved(904, 400, 'squeezed'),
        sampled(905, 500, true),
        moved(906, 600, 'exited'),
        sampled(907, 700, false),
        moved(908, 800, 'starting'),
        sampled(909, 900, true),
        moved(910, 1000, 'relaxed'),
        moved(911, 1100, 'unnamed'),
        moved(912, 1200, 'named'),
      ].toSorted((left, right) => left.atUs - right.atUs),
    );
    const lane = digestRun(run).detail.services.find(({ service }) => service === 'payments');
    expect(lane?.stretches.map(({ state, fromMs, toMs }) => `${state} ${Math.round(toMs - fromMs)}`).slice(1, -1)).toEqual([
      'disconnected 200',
      'not-ready 100',
      'ready 100',
      'squeezed 200',
      'down 200',
      'starting 100',
      'squeezed 100',
      'ready 100',
      'unnamed 100',
    ]);
    expect(lane?.stretches.at(-1)?.state).toBe('ready');
  });

  test('what the harness does to the system after the load is no part of the story', () => {
    const run = withEvents(passingRun(), (events) => {
      const atUs = (events.find(({ kind }) => kind === 'load-ended')?.atUs ?? 0) + 1000;
      const move = { id: 900, atUs, breaker: 'orders.payments', instance: 'orders-1', earliestUs: 0, latestUs: atUs } as const;
      const extra: RunEvent[] = [
        { ...move, kind: 'breaker', from: 'closed', to: 'unknown', source: 'process' },
        { id: 901, kind: 'service', atUs, service: 'payments', state: 'stopped' },
      ];
      return [...events, ...extra].toSorted((left, right) => left.atUs - right.atUs);
    });
    expect(digestRun(run).detail.breakers).toEqual(digestRun(passingRun()).detail.breakers);
    expect(digestRun(run).detail.services).toEqual(digestRun(passingRun()).detail.services);
  });

  test('a breaker whose process dies keeps its last state until then, as its source reports every move', () => {
    const diedUs = 22_000_000;
    const run = withEvents(passingRun(), (events) => {
      const died: RunEvent = {
        id: 900,
        kind: 'breaker',
        atUs: diedUs,
        breaker: 'orders.payments',
        instance: 'orders-1',
        from: 'closed',
        to: 'unknown',
        earliestUs: 17_100_000,
        latestUs: diedUs,
        source: 'process',
      };
      return [...events, died].toSorted((left, right) => left.atUs - right.atUs);
    });
    const [closed, unknown] = digestRun(run).detail.breakers[0]?.stretches.slice(-2) ?? [];
    expect([closed?.state, unknown?.state]).toEqual(['closed', 'unknown']);
    expect(closed?.toMs).toBe(unknown?.fromMs);
  });

  test('keeps a censored recovery without a number', () => {
    const { summary, detail } = digestRun(censoredRun());
    expect(summary.recovery).toMatchObject({ recoveryMs: null, limitMs: 8000 });
    expect(
      detail.findings.find(({ check }) => check === 'recovery')?.recovery?.moments.find(({ moment }) => moment === 't6'),
    ).toMatchObject({ atMs: null, state: 'censored' });
  });

  test('every evidence link points to a place on the axis or to a row that is there', () => {
    for (const run of [passingRun(), failingRun(), inconclusiveRun(), censoredRun()]) {
      const { findings } = digestRun(run).detail;
      const links = findings.flatMap(({ evidence, recovery }) => [
        ...evidence,
        ...(recovery?.moments ?? []).flatMap((moment) => moment.evidence),
      ]);
      expect(links.length).toBeGreaterThan(5);
      for (const link of links) expect(link.fromMs, `${link.table} ${link.ids.join()}`).not.toBeNull();
    }
  });

  test('holds the rows that evidence names', () => {
    const { findings, samples, events } = digestRun(failingRun()).detail;
    const tables: Readonly<Record<string, readonly { readonly id: number }[]>> = {
      events,
      requests: samples.requests,
      exchanges: samples.exchanges,
    };
    const recovery = findings.find(({ check }) => check === 'recovery')?.recovery;
    const cited = (recovery?.moments ?? []).flatMap(({ evidence }) => evidence).filter(({ table }) => table !== 'windows');
    const missing = cited.flatMap(({ table, ids }) =>
      ids.filter((id) => tables[table]?.some((row) => row.id === id) !== true).map((id) => `${table} ${id}`),
    );
    expect(cited.length).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  });

  test('stays bounded: sixteen times the load is no larger than twice the payload', async () => {
    const size = async (ratePerSecond: number): Promise<number> => (await pack(digestRun(failingRun(0, { ratePerSecond })).detail)).length;
    const large = digestRun(failingRun(0, { ratePerSecond: 960 })).detail;
    expect(large.samples.requests.length).toBeLessThanOrEqual(200);
    expect(await size(960)).toBeLessThan(2 * (await size(60)));
  });

  test('a run of half an hour has no more buckets than a screen can show', () => {
    const { detail } = digestRun(passingRun(0, { ratePerSecond: 5, recoveryMs: 29 * 60_000 }));
    expect(detail.arrivals[0]?.p50Ms.length).toBeLessThanOrEqual(1200);
    expect(detail.bucketMs).toBe(2000);
  });
});
