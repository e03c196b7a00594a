import { SENTINEL } from '../../harness/model/load.ts';
import type { RunEvent } from '../../harness/model/event.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { seededRandom, type Random } from '../../harness/model/random.ts';
import type { ExchangeRow, Recording, RequestRow } from '../../harness/model/recording.ts';
import type { NewEvent } from '../../harness/model/sink.ts';

/** When the load starts, in microseconds since run start. */
const LOAD_US = 1_234_567;
const ACKNOWLEDGE_US = 7_000;

export interface Planted {
  /** From the withdrawal to the moment from which users are served again, in milliseconds. */
  readonly recoveryMs: number;
  /** Until then users get errors, or answers that are too slow. */
  readonly until: 'errors' | 'slow answers';
  /** Share of the answers that fail at any time, as they do in real systems. */
  readonly strayRatio: number;
  readonly seed: number;
}

/** Invents the recording of a run of that plan in which users are served again at a known moment. */
export function plantedRecording(plan: Plan, planted: Planted): Recording {
  const random = seededRandom(planted.seed, 'planted');
  const [fault] = plan.faults;
  const [window] = fault?.windows ?? [];
  const onUs = LOAD_US + (window?.fromUs ?? 0) + ACKNOWLEDGE_US;
  const offUs = LOAD_US + (window?.toUs ?? 0) + ACKNOWLEDGE_US;
  const servedFromUs = offUs + planted.recoveryMs * 1000;
  const requests = plan.schedule.intendedUs.map((atUs, id) => {
    const intendedUs = LOAD_US + atUs;
    return requestRow(
      { id, intendedUs, isHarmed: intendedUs >= onUs && intendedUs < servedFromUs, isStorm: intendedUs < offUs },
      planted,
      random,
    );
  });
  const edge = fault?.reach.edges[0] ?? '';
  return {
    run: { schemaVersion: 1, runId: `planted-${planted.seed}`, startedAt: '2026-01-01T00:00:00.000Z', versions: {}, fingerprint: {}, plan },
    events: eventsOf(plan, onUs, offUs),
    requests,
    sentinel: sentinelRows(plan),
    exchanges: requests.map((row, id) =>
      exchangeRow(row, id, edge, row.intendedUs >= onUs && row.intendedUs < offUs ? (fault?.name ?? null) : null),
    ),
    effects: [],
    spans: [],
  };
}

interface Arrival {
  readonly id: number;
  readonly intendedUs: number;
  readonly isHarmed: boolean;
  readonly isStorm: boolean;
}

function requestRow({ id, intendedUs, isHarmed, isStorm }: Arrival, { until, strayRatio }: Planted, random: Random): RequestRow {
  const isStray = random() < strayRatio;
  const isSlow = isHarmed && !isStorm && until === 'slow answers';
  const isError = isStray || (isHarmed && !isSlow);
  const tookMs = (isSlow ? 400 : 3) + random() * 20;
  return row({ id, name: 'item', intendedUs, tookUs: Math.round(tookMs * 1000), isError });
}

function row({
  id,
  name,
  intendedUs,
  tookUs,
  isError,
}: {
  readonly id: number;
  readonly name: string;
  readonly intendedUs: number;
  readonly tookUs: number;
  readonly isError: boolean;
}): RequestRow {
  return {
    id,
    name,
    instance: '',
    intendedUs,
    startedUs: intendedUs + 50,
    firstByteUs: intendedUs + tookUs,
    endedUs: intendedUs + tookUs,
    outcome: isError ? 'http-error' : 'ok',
    status: isError ? 503 : 200,
    traceId: (id + 1).toString(16).padStart(32, '0'),
    bytes: 2,
    reused: true,
    observed: null,
  };
}

function exchangeRow({ intendedUs, traceId }: RequestRow, id: number, edge: string, fault: string | null): ExchangeRow {
  return {
    id: id + 1,
    edge,
    instance: 'front-1',
    connection: 1,
    startedUs: intendedUs + 500,
    firstByteUs: intendedUs + 900,
    endedUs: intendedUs + 1000,
    outcome: 'answered',
    status: fault === null ? 200 : 503,
    method: 'GET',
    path: '/item',
    traceId,
    bytesUp: 100,
    bytesDown: 100,
    observed: null,
    fault,
    touch: fault === null ? null : 'status',
  };
}

function sentinelRows({ phases, sentinelEveryUs }: Plan): RequestRow[] {
  const count = Math.floor((phases.at(-1)?.toUs ?? 0) / sentinelEveryUs);
  return Array.from({ length: count }, (_, id) =>
    row({ id, name: SENTINEL, intendedUs: LOAD_US + id * sentinelEveryUs, tookUs: 800, isError: false }),
  );
}

function eventsOf(plan: Plan, onUs: number, offUs: number): RunEvent[] {
  const fault = plan.faults[0]?.name ?? 'storm';
  const endUs = LOAD_US + (plan.phases.at(-1)?.toUs ?? 0);
  const count = plan.schedule.intendedUs.length;
  const step = (atUs: number, name: 'requested' | 'acknowledged' | 'withdraw-requested' | 'withdrawn'): NewEvent => ({
    kind: 'fault',
    atUs,
    fault,
    occurrence: 0,
    step: name,
  });
  const events: NewEvent[] = [
    { kind: 'load-started', atUs: LOAD_US },
    ...plan.phases.map(({ name, fromUs }) => ({ kind: 'phase', atUs: LOAD_US + fromUs, phase: name }) as const),
    ...Array.from(
      { length: Math.ceil((endUs - LOAD_US) / 1e6) },
      (_, second) => ({ kind: 'health', atUs: LOAD_US + second * 1e6, part: 'harness', loopDelayP99Ms: 1, cpuRatio: 0.1 }) as const,
    ),
    step(onUs - ACKNOWLEDGE_US, 'requested'),
    step(onUs, 'acknowledged'),
    step(offUs - ACKNOWLEDGE_US, 'withdraw-requested'),
    step(offUs, 'withdrawn'),
    { kind: 'load-ended', atUs: endUs + 500_000, scheduled: count, sent: count },
    { kind: 'run-ended', atUs: endUs + 600_000, how: 'completed' },
  ];
  return events.toSorted((left, right) => left.atUs - right.atUs).map((event, index) => ({ ...event, id: index + 1 }) as RunEvent);
}
