import { DEFAULT_GUARDS } from '../harness/model/guards.ts';
/**
 * Literal recordings for tests of the analysis: compact rows in milliseconds since run start, everything else a healthy
 * default, so that what a test writes down is what the test is about.
 *
 * The default: gateway → orders → payments and inventory, breaker `orders.payments`, load from 0 ms; warmup 0–1 s, baseline 1–4 s, fault
 * `storm` on `orders->payments` 4–8 s (acknowledged and withdrawn on time, one touched exchange), recovery 8–18 s; the sentinel
 * quiet, the run completed. There are no requests until a test brings them.
 */
import type { BreakerState } from '../harness/model/breaker.ts';
import type { RunEvent } from '../harness/model/event.ts';
import type { Outcome } from '../harness/model/load.ts';
import type { PhaseName, Plan, PlannedFault } from '../harness/model/plan.ts';
import type { EffectRow, ExchangeOutcome, ExchangeRow, Observed, Recording, RequestRow } from '../harness/model/recording.ts';
import type { Expectation, GuardLimits } from '../harness/model/scenario.ts';
import type { NewEvent } from '../harness/model/sink.ts';
import type { System } from '../harness/model/system.ts';

export interface RequestSketch {
  /** Intended time. */
  readonly atMs: number;
  /** From the start to the end. @default 10 */
  readonly tookMs?: number;
  /** From the intended time to the start; null: never started. @default 0 */
  readonly lagMs?: number | null;
  /** @default 'ok' */
  readonly outcome?: Outcome;
  /** @default 'quote' */
  readonly name?: string;
  /** @default what fits the outcome */
  readonly status?: number;
  /** A number stands for the trace id with that number in hex. @default the row's id + 1 */
  readonly trace?: number | string;
  readonly observed?: Observed;
}

export interface ExchangeSketch {
  readonly atMs: number;
  /** @default 5 */
  readonly tookMs?: number;
  /** @default 'orders->payments' */
  readonly edge?: string;
  /** @default 'answered' */
  readonly outcome?: ExchangeOutcome;
  /** @default 200 if answered, else 0 */
  readonly status?: number;
  /** A number stands for the trace id with that number in hex. @default the row's id + 1 000 000 (a trace of its own) */
  readonly trace?: number | string;
  /** @default 'GET' */
  readonly method?: string;
  /** @default '/' */
  readonly path?: string;
  readonly observed?: Observed;
  /** Name of the fault that touched it. */
  readonly fault?: string;
  /** @default 'status' where a fault touched it */
  readonly touch?: string;
}

export interface EffectSketch {
  readonly atMs: number;
  readonly key: string;
  /** @default 'charge' */
  readonly effect?: string;
  /** @default 'payments' */
  readonly service?: string;
  readonly trace?: number | string;
}

export interface FaultSketch {
  /** @default 'storm' */
  readonly name?: string;
  /** Windows as planned. @default [[4000, 8000]] */
  readonly windows?: readonly (readonly [fromMs: number, toMs: number])[];
  /** Edges that it reaches. @default ['orders->payments'] */
  readonly edges?: readonly string[];
  /** Services that it acts on as a process. @default [] */
  readonly services?: readonly string[];
  /** @default 'tap' */
  readonly bite?: PlannedFault['reach']['bite'];
  /** How much later than planned each step was seen; null: never. @default 0 */
  readonly acknowledgedLateMs?: number | null;
  readonly withdrawnLateMs?: number | null;
}

type TimedEvent<T extends NewEvent = NewEvent> = T extends NewEvent ? Omit<T, 'atUs'> & { readonly atMs: number } : never;

export interface RecordingSketch {
  readonly plan?: Partial<Plan>;
  /** When the load began; null: never. Phases and fault windows of the plan count from here. @default 0 */
  readonly loadStartedMs?: number | null;
  /** In milliseconds since the load's start. */
  readonly phases?: Partial<Readonly<Record<PhaseName, readonly [fromMs: number, toMs: number]>>>;
  /** @default [{}], the storm; [] for none */
  readonly faults?: readonly FaultSketch[];
  /** Breaker → its events. @default closed from 0 ms on */
  readonly breakers?: Readonly<Record<string, readonly (readonly [atMs: number, to: BreakerState])[]>>;
  /** The harness on its own health: event-loop delay p99 of each report. @default one a second, 2 ms */
  readonly health?: readonly (readonly [atMs: number, loopDelayP99Ms: number])[];
  /** Further events; `load-started`, fault steps, `load-ended` and `run-ended` come by themselves. */
  readonly events?: readonly TimedEvent[];
  /** How the run ended; null: no `run-ended` event. @default 'completed' */
  readonly ended?: 'completed' | 'interrupted' | 'failed' | null;
  readonly requests?: readonly RequestSketch[];
  /** @default one exchange touched by each fault at the begin of its first window */
  readonly exchanges?: readonly ExchangeSketch[];
  readonly effects?: readonly EffectSketch[];
  /** @default one every 100 ms of the timeline, 1 ms each */
  readonly sentinel?: readonly RequestSketch[];
  readonly expectations?: readonly Expectation[];
  readonly guards?: Partial<GuardLimits>;
}

export const SHOP: System = {
  name: 'shop',
  entry: 'gateway',
  services: Object.fromEntries(
    ['gateway', 'orders', 'payments', 'inventory'].map((name) => [
      name,
      { command: ['node', `${name}.ts`], portEnv: 'PORT', readyWithinMs: 15_000 },
    ]),
  ),
  edges: [
    { name: 'gateway->orders', caller: 'gateway', callee: 'orders', env: 'ORDERS_URL', url: 'http://{host}:{port}', protocol: 'http' },
    {
      name: 'orders->payments',
      caller: 'orders',
      callee: 'payments',
      env: 'PAYMENTS_URL',
      url: 'http://{host}:{port}',
      protocol: 'http',
      observe: { value: '/amount', version: '/version' },
    },
    {
      name: 'orders->inventory',
      caller: 'orders',
      callee: 'inventory',
      env: 'INVENTORY_URL',
      url: 'http://{host}:{port}',
      protocol: 'http',
    },
  ],
  breakers: { 'orders.payments': { service: 'orders', edge: 'orders->payments', probe: { kind: 'stdout-events' } } },
};

const PHASES_MS = { warmup: [0, 1000], baseline: [1000, 4000], fault: [4000, 8000], recovery: [8000, 18_000] } as const;
const STATUS_OF: Partial<Record<Outcome, number>> = { ok: 200, degraded: 200, wrong: 200, 'http-error': 503 };

const us = (ms: number): number => Math.round(ms * 1000);

/** A trace id that reads as its number. */
export function traceOf(trace: number | string): string {
  return typeof trace === 'number' ? trace.toString(16).padStart(32, '0') : trace;
}

/** One sketch every `everyMs` from `fromMs` (included) to `toMs` (excluded). */
export function steadily<T extends object>(fromMs: number, toMs: number, everyMs: number, sketch?: T): (T & { readonly atMs: number })[] {
  return Array.from({ length: Math.max(0, Math.ceil((toMs - fromMs) / everyMs)) }, (_, index) => ({
    ...(sketch as T),
    atMs: fromMs + index * everyMs,
  }));
}

/** The recording that a sketch stands for, in the order in which a loader would bring it. */
export function recordingOf(sketch: RecordingSketch = {}): Recording {
  const requests = requestRows(sketch.requests ?? []);
  const plan = planOf(sketch, requests);
  const lastUs = (plan.phases.at(-1)?.toUs ?? 0) + us(sketch.loadStartedMs ?? 0);
  const sentinel = requestRows(
    sketch.sentinel ?? steadily(us(sketch.loadStartedMs ?? 0) / 1000, lastUs / 1000, 100, { tookMs: 1 }),
    'halfopen:sentinel',
  );
  return {
    run: { schemaVersion: 1, runId: 'run-1', startedAt: '2026-01-01T00:00:00.000Z', versions: {}, fingerprint: {}, plan },
    events: eventRows(sketch, plan, requests, lastUs),
    requests,
    sentinel,
    exchanges: exchangeRows(
      sketch.exchanges ?? plan.faults.filter((fault) => fault.reach.bite === 'tap').map((fault) => touchedBy(fault, sketch)),
    ),
    effects: (sketch.effects ?? []).map(effectRow),
    spans: [],
  };
}

function planOf(sketch: RecordingSketch, requests: readonly RequestRow[]): Plan {
  const zeroUs = us(sketch.loadStartedMs ?? 0);
  const names = [...new Set(['quote', 'stock', ...requests.map((row) => row.name)])];
  const phases = { ...PHASES_MS, ...sketch.phases };
  return {
    schemaVersion: 1,
    scenario: { name: 'sketch', title: 'A sketch', tags: [], hash: '0' },
    environment: 'embedded',
    powers: ['tcp', 'http', 'tap', 'process', 'stdout', 'readiness'],
    settings: {},
    seed: 1,
    pace: 'full',
    overrides: {},
    system: SHOP,
    driver: 'builtin',
    k6: {},
    browser: {},
    files: [],
    load: {
      kind: 'open',
      arrivals: { kind: 'constant', ratePerSecond: 50 },
      requests: names.map((name) => ({ name, method: 'GET', path: `/${name}`, weight: 1, headers: {}, timeoutMs: 5000 })),
      values: {},
    },
    phases: (['warmup', 'baseline', 'fault', 'recovery'] as const).map((name) => ({
      name,
      fromUs: us(phases[name][0]),
      toUs: us(phases[name][1]),
    })),
    faults: (sketch.faults ?? [{}]).map(plannedFault),
    schedule: { intendedUs: requests.map((row) => row.intendedUs - zeroUs), request: requests.map((row) => names.indexOf(row.name)) },
    expectations: sketch.expectations ?? [],
    needs: [],
    guards: { ...DEFAULT_GUARDS, ...sketch.guards },
    redact: [],
    sentinelEveryUs: 100_000,
    limits: { exchanges: 4_000_000, events: 500_000, effects: 2_000_000, drainMs: 10_000 },
    ...sketch.plan,
  };
}

function plannedFault(fault: FaultSketch): PlannedFault {
  const edges = fault.edges ?? ['orders->payments'];
  const [edge] = edges;
  return {
    name: fault.name ?? 'storm',
    fault: { kind: 'http-status', ...(edge === undefined ? {} : { edge }) },
    summary: 'a storm',
    reach: { edges, services: fault.services ?? [], bite: fault.bite ?? 'tap' },
    windows: (fault.windows ?? [[4000, 8000]]).map(([fromMs, toMs]) => ({ fromUs: us(fromMs), toUs: us(toMs) })),
    needs: [],
  };
}

function touchedBy(fault: PlannedFault, sketch: RecordingSketch): ExchangeSketch {
  const atMs = (fault.windows[0]?.fromUs ?? 0) / 1000 + (sketch.loadStartedMs ?? 0) + 1;
  const edge = fault.reach.edges[0];
  return { atMs, fault: fault.name, status: 503, ...(edge === undefined ? {} : { edge }) };
}

function eventRows(sketch: RecordingSketch, plan: Plan, requests: readonly RequestRow[], lastUs: number): RunEvent[] {
  const events: NewEvent[] = [];
  if (sketch.loadStartedMs !== null) {
    events.push({ atUs: us(sketch.loadStartedMs ?? 0), kind: 'load-started' });
    events.push(...faultSteps(sketch, plan));
    const sent = requests.filter((row) => row.startedUs !== null).length;
    if (sketch.ended === undefined || sketch.ended === 'completed') {
      const atUs = requests.reduce((latest, row) => Math.max(latest, row.endedUs), lastUs);
      events.push({ atUs, kind: 'load-ended', scheduled: plan.schedule.intendedUs.length, sent });
    }
  }
  for (const [breaker, moves] of Object.entries(sketch.breakers ?? { 'orders.payments': [[0, 'closed']] }))
    events.push(...breakerMoves(breaker, moves));
  for (const [atMs, loopDelayP99Ms] of sketch.health ??
    steadily(us(sketch.loadStartedMs ?? 0) / 1000, lastUs / 1000, 1000).map(({ atMs }) => [atMs, 2] as const)) {
    events.push({ atUs: us(atMs), kind: 'health', part: 'harness', loopDelayP99Ms, cpuRatio: 0.1 });
  }
  for (const { atMs, ...event } of sketch.events ?? []) events.push({ ...event, atUs: us(atMs) } as NewEvent);
  events.sort((left, right) => left.atUs - right.atUs);
  if (sketch.ended !== null)
    events.push({ atUs: Math.max(lastUs, events.at(-1)?.atUs ?? 0), kind: 'run-ended', how: sketch.ended ?? 'completed' });
  return events.map((event, index) => ({ ...event, id: index + 1 }));
}

function faultSteps(sketch: RecordingSketch, plan: Plan): NewEvent[] {
  const zeroUs = us(sketch.loadStartedMs ?? 0);
  return plan.faults.flatMap((fault, place) =>
    fault.windows.flatMap((window, occurrence): NewEvent[] => {
      const late = sketch.faults?.[place];
      const step = (atUs: number, name: 'requested' | 'acknowledged' | 'withdraw-requested' | 'withdrawn'): NewEvent => ({
        atUs: zeroUs + atUs,
        kind: 'fault',
        fault: fault.name,
        occurrence,
        step: name,
      });
      const steps = [step(window.fromUs, 'requested')];
      if (late?.acknowledgedLateMs !== null) steps.push(step(window.fromUs + us(late?.acknowledgedLateMs ?? 0), 'acknowledged'));
      steps.push(step(window.toUs, 'withdraw-requested'));
      if (late?.withdrawnLateMs !== null) steps.push(step(window.toUs + us(late?.withdrawnLateMs ?? 0), 'withdrawn'));
      return steps;
    }),
  );
}

function breakerMoves(breaker: string, moves: readonly (readonly [number, BreakerState])[]): NewEvent[] {
  return moves.map(([atMs, to], index) => ({
    atUs: us(atMs),
    kind: 'breaker',
    breaker,
    instance: 'orders-1',
    from: moves[index - 1]?.[1] ?? 'unknown',
    to,
    earliestUs: us(atMs),
    latestUs: us(atMs),
    source: 'event',
  }));
}

function requestRows(sketches: readonly RequestSketch[], fixedName?: string): RequestRow[] {
  const ordered = [...sketches].sort((left, right) => left.atMs - right.atMs);
  return ordered.map((sketch, id) => {
    const outcome = sketch.outcome ?? 'ok';
    const startedMs = sketch.lagMs === null ? null : sketch.atMs + (sketch.lagMs ?? 0);
    const endedUs = us((startedMs ?? sketch.atMs) + (sketch.tookMs ?? 10));
    const status = sketch.status ?? STATUS_OF[outcome] ?? 0;
    return {
      id,
      name: fixedName ?? sketch.name ?? 'quote',
      instance: 'gateway-1',
      intendedUs: us(sketch.atMs),
      startedUs: startedMs === null ? null : us(startedMs),
      firstByteUs: status === 0 ? null : endedUs,
      endedUs,
      outcome,
      status,
      traceId: traceOf(sketch.trace ?? id + 1),
      bytes: 100,
      reused: true,
      observed: sketch.observed ?? null,
    };
  });
}

function exchangeRows(sketches: readonly ExchangeSketch[]): ExchangeRow[] {
  const ordered = [...sketches].sort((left, right) => left.atMs - right.atMs);
  return ordered.map((sketch, index) => {
    const outcome = sketch.outcome ?? 'answered';
    const endedUs = us(sketch.atMs + (sketch.tookMs ?? 5));
    return {
      id: index + 1,
      edge: sketch.edge ?? 'orders->payments',
      instance: 'orders-1',
      connection: 1,
      startedUs: us(sketch.atMs),
      firstByteUs: outcome === 'answered' ? endedUs : null,
      endedUs,
      outcome,
      status: sketch.status ?? (outcome === 'answered' ? 200 : 0),
      method: sketch.method ?? 'GET',
      path: sketch.path ?? '/',
      traceId: traceOf(sketch.trace ?? index + 1_000_001),
      bytesUp: 100,
      bytesDown: 100,
      observed: sketch.observed ?? null,
      fault: sketch.fault ?? null,
      touch: sketch.fault === undefined ? null : (sketch.touch ?? 'status'),
    };
  });
}

function effectRow(sketch: EffectSketch, index: number): EffectRow {
  return {
    id: index + 1,
    atUs: us(sketch.atMs),
    service: sketch.service ?? 'payments',
    effect: sketch.effect ?? 'charge',
    key: sketch.key,
    traceId: traceOf(sketch.trace ?? index + 1),
  };
}
