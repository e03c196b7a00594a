import type { BreakerState } from '../../harness/model/breaker.ts';
import { SENTINEL, type Outcome } from '../../harness/model/load.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { seededRandom, type Random } from '../../harness/model/random.ts';
import type { ExchangeRow, RequestRow, RunInfo } from '../../harness/model/recording.ts';
import type { NewEvent, Sink } from '../../harness/model/sink.ts';

/** When the load starts, in microseconds since run start. */
const LOAD_US = 2_000_000;
/** Between asking for the storm (or its end) and its acknowledgement. */
const ACKNOWLEDGE_US = 20_000;
/** The breaker opens so long into the storm, and tries again so often; a trial call takes `TRIAL_US`. */
const OPENS_AFTER_US = 1_000_000;
const RESET_US = 1_000_000;
const TRIAL_US = 5_000;

interface Stretch {
  readonly fromUs: number;
  readonly state: BreakerState;
}

interface World {
  readonly sink: Sink;
  readonly random: Random;
  readonly onUs: number;
  readonly offUs: number;
  readonly stretches: readonly Stretch[];
  /** Stretches whose trial call was made. */
  readonly tried: Set<Stretch>;
}

/** What is known of an invented run. */
export function inventedRun(plan: Plan): RunInfo {
  return { schemaVersion: 1, runId: 'bench', startedAt: '2026-01-01T00:00:00.000Z', versions: {}, fingerprint: {}, plan };
}

/** Invents what a correct shop would have left behind under the plan of `payments-outage`, row by row: about one exchange a request. */
export function inventRecording(plan: Plan, sink: Sink): void {
  const [window] = plan.faults[0]?.windows ?? [];
  const onUs = LOAD_US + (window?.fromUs ?? 0) + ACKNOWLEDGE_US;
  const offUs = LOAD_US + (window?.toUs ?? 0) + ACKNOWLEDGE_US;
  const world: World = {
    sink,
    random: seededRandom(plan.seed, 'invented'),
    onUs,
    offUs,
    stretches: stretchesOf(onUs, offUs),
    tried: new Set(),
  };
  for (const event of eventsOf(plan, world)) sink({ table: 'events', row: event });
  plan.schedule.intendedUs.forEach((atUs, id) => {
    const name = plan.load.requests[plan.schedule.request[id] ?? 0]?.name ?? 'quote';
    arrive({ id, name, intendedUs: LOAD_US + atUs }, world);
  });
  const endUs = plan.phases.at(-1)?.toUs ?? 0;
  for (let id = 0; id * plan.sentinelEveryUs < endUs; id++) {
    sink({ table: 'requests', row: requestRow({ id, name: SENTINEL, intendedUs: LOAD_US + id * plan.sentinelEveryUs }, 900, 'ok', null) });
  }
}

function stretchesOf(onUs: number, offUs: number): Stretch[] {
  const stretches: Stretch[] = [{ fromUs: 0, state: 'closed' }];
  let openUs = onUs + OPENS_AFTER_US;
  for (;;) {
    stretches.push({ fromUs: openUs, state: 'open' }, { fromUs: openUs + RESET_US, state: 'half-open' });
    openUs += RESET_US + TRIAL_US;
    if (openUs > offUs) return [...stretches, { fromUs: openUs, state: 'closed' }];
  }
}

interface Arrival {
  readonly id: number;
  readonly name: string;
  readonly intendedUs: number;
}

function arrive(arrival: Arrival, world: World): void {
  const { sink, random } = world;
  const tookUs = 4000 + Math.floor(random() * 8000) + (random() < 0.02 ? 30_000 : 0);
  if (arrival.name === 'stock' || arrival.name === 'price') {
    call(world, arrival, {
      edge: arrival.name === 'stock' ? 'orders->inventory' : 'gateway->catalog',
      fromUs: arrival.intendedUs + 1500,
      tookUs: tookUs - 2000,
    });
    return sink({ table: 'requests', row: requestRow(arrival, tookUs, 'ok', { value: 12.5, version: 1, degraded: false }) });
  }
  const paid = pay(arrival, tookUs, world);
  const outcome: Outcome = paid.isOk ? 'ok' : arrival.name === 'quote' ? 'degraded' : 'http-error';
  const version = versionAt(paid.isOk ? arrival.intendedUs : Math.min(arrival.intendedUs, world.onUs));
  sink({
    table: 'requests',
    row: requestRow(
      arrival,
      paid.tookUs,
      outcome,
      arrival.name === 'quote' ? { value: version + 0.5, version, degraded: !paid.isOk } : null,
    ),
  });
  if (paid.isOk && arrival.name === 'order') {
    const atUs = arrival.intendedUs + paid.tookUs - 2000;
    sink({ table: 'effects', row: { atUs, service: 'payments', effect: 'charge', key: `order-${arrival.id}`, traceId: traceOf(arrival) } });
  }
}

/** One or two attempts while the breaker is closed, one for a half-open breaker, none while it is open. */
function pay(arrival: Arrival, tookUs: number, world: World): { readonly isOk: boolean; readonly tookUs: number } {
  const { random, onUs, offUs, stretches, tried } = world;
  const fromUs = arrival.intendedUs + 2500;
  const stretch = stretches.findLast((entry) => entry.fromUs <= fromUs);
  const isStorm = fromUs >= onUs && fromUs < offUs;
  if (stretch === undefined || stretch.state === 'open') return { isOk: false, tookUs: 3500 };
  if (stretch.state === 'half-open') {
    if (tried.has(stretch)) return { isOk: false, tookUs: 3500 };
    tried.add(stretch);
  }
  if (!isStorm) {
    call(world, arrival, { edge: 'orders->payments', fromUs, tookUs: tookUs - 3000, version: versionAt(fromUs) });
    return { isOk: true, tookUs };
  }
  let atUs = fromUs;
  const attempts = stretch.state === 'half-open' || random() < 0.4 ? 1 : 2;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) atUs += Math.floor((50_000 + random() * 50_000) * attempt);
    call(world, arrival, { edge: 'orders->payments', fromUs: atUs, tookUs: 1200, fault: 'storm' });
    atUs += 1200;
  }
  return { isOk: false, tookUs: atUs - arrival.intendedUs + 1000 };
}

function versionAt(atUs: number): number {
  return Math.floor(atUs / 500_000);
}

function traceOf({ id }: Arrival): string {
  return (id + 1).toString(16).padStart(32, '0');
}

interface CallSketch {
  readonly edge: string;
  readonly fromUs: number;
  readonly tookUs: number;
  readonly version?: number;
  readonly fault?: string;
}

function call({ sink }: World, arrival: Arrival, { edge, fromUs, tookUs, version, fault }: CallSketch): void {
  const row: Omit<ExchangeRow, 'id'> = {
    edge,
    instance: `${edge.split('->', 1)[0] ?? ''}-1`,
    connection: arrival.id % 16,
    startedUs: fromUs,
    firstByteUs: fromUs + tookUs - 100,
    endedUs: fromUs + tookUs,
    outcome: 'answered',
    status: fault === undefined ? 200 : 503,
    method: 'GET',
    path: '/items/kettle',
    traceId: traceOf(arrival),
    bytesUp: 180,
    bytesDown: 240,
    observed: version === undefined ? null : { value: version + 0.5, version },
    fault: fault ?? null,
    touch: fault === undefined ? null : 'status',
  };
  sink({ table: 'exchanges', row });
}

function requestRow(arrival: Arrival, tookUs: number, outcome: Outcome, observed: RequestRow['observed']): RequestRow {
  const { id, name, intendedUs } = arrival;
  return {
    id,
    name,
    instance: '',
    intendedUs,
    startedUs: intendedUs + 100,
    firstByteUs: intendedUs + tookUs - 50,
    endedUs: intendedUs + tookUs,
    outcome,
    status: outcome === 'http-error' ? 503 : 200,
    traceId: traceOf(arrival),
    bytes: 240,
    reused: true,
    observed,
  };
}

function eventsOf(plan: Plan, { onUs, offUs, stretches }: World): NewEvent[] {
  const endUs = LOAD_US + (plan.phases.at(-1)?.toUs ?? 0);
  const events: NewEvent[] = [{ kind: 'load-started', atUs: LOAD_US }];
  const step = (atUs: number, name: 'requested' | 'acknowledged' | 'withdraw-requested' | 'withdrawn'): NewEvent => ({
    kind: 'fault',
    atUs,
    fault: plan.faults[0]?.name ?? 'storm',
    occurrence: 0,
    step: name,
  });
  events.push(
    step(onUs - ACKNOWLEDGE_US, 'requested'),
    step(onUs, 'acknowledged'),
    step(offUs - ACKNOWLEDGE_US, 'withdraw-requested'),
    step(offUs, 'withdrawn'),
  );
  for (const phase of plan.phases) events.push({ kind: 'phase', atUs: LOAD_US + phase.fromUs, phase: phase.name });
  for (let atUs = LOAD_US; atUs < endUs; atUs += 1_000_000)
    events.push({ kind: 'health', atUs, part: 'harness', loopDelayP99Ms: 2, cpuRatio: 0.1 });
  for (const breaker of Object.keys(plan.system.breakers)) {
    const moves = breaker === 'orders.payments' ? stretches : stretches.slice(0, 1);
    moves.forEach(({ fromUs, state }, index) => {
      const from = moves[index - 1]?.state ?? 'unknown';
      events.push({
        kind: 'breaker',
        atUs: fromUs,
        breaker,
        instance: 'orders-1',
        from,
        to: state,
        earliestUs: fromUs,
        latestUs: fromUs,
        source: 'event',
      });
    });
  }
  events.sort((left, right) => left.atUs - right.atUs);
  const count = plan.schedule.intendedUs.length;
  return [
    ...events,
    { kind: 'load-ended', atUs: endUs + 300_000, scheduled: count, sent: count },
    { kind: 'run-ended', atUs: endUs + 900_000, how: 'completed' },
  ];
}
