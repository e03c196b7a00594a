import { DEFAULT_GUARDS } from '../../harness/model/guards.ts';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { scheduleArrivals } from '../../harness/plan/schedule.ts';
import { LIMITS } from '../../harness/model/limits.ts';
import { SENTINEL, type OpenLoad } from '../../harness/model/load.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import type { HealthReported } from '../../harness/model/event.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { Address } from '../../harness/run/environments/contract.ts';
import type { LoadContext, LoadDriver, RunningLoad } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';

/** A server on a free loopback port, closed with everything that it still holds. */
export async function serve(listener: RequestListener): Promise<Address & { readonly server: Server } & AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, server, [Symbol.asyncDispose]: close };
}

/** Answers with JSON. */
export function json(body: unknown, status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export interface Rig {
  readonly load: OpenLoad;
  readonly entry: Address;
  readonly sentinel: Address;
  readonly totalMs: number;
  readonly seed?: number;
  readonly runId?: string;
  readonly drainMs?: number;
  readonly redact?: readonly string[];
  readonly driver?: LoadDriver;
  /** Runs as soon as the load has its start. */
  onBegun?(load: RunningLoad, rows: readonly RequestRow[]): void;
  onRows?(rows: readonly RequestRow[]): void;
}

export interface RigResult {
  readonly scheduled: number;
  readonly sent: number;
  readonly rows: readonly RequestRow[];
  readonly sentinelRows: readonly RequestRow[];
  readonly health: readonly NewEvent<HealthReported>[];
  readonly beganUs: number;
  readonly plan: Plan;
}

/** A plan with this load, as far as a driver reads it. */
export function planOf({ load, totalMs, seed = 7, drainMs = 2000, redact = [] }: Rig): Plan {
  const totalUs = totalMs * 1000;
  return {
    schemaVersion: 1,
    scenario: { name: 'rig', title: 'rig', tags: [], hash: '' },
    environment: 'embedded',
    powers: [],
    settings: {},
    seed,
    pace: 'full',
    overrides: {},
    system: { name: 'rig', entry: 'rig', services: {}, edges: [], breakers: {} },
    driver: 'builtin',
    k6: {},
    browser: {},
    files: [],
    load,
    phases: [{ name: 'baseline', fromUs: 0, toUs: totalUs }],
    faults: [],
    schedule: scheduleArrivals(load, { totalUs, faultStartUs: totalUs, seed }),
    expectations: [],
    needs: [],
    guards: DEFAULT_GUARDS,
    redact,
    sentinelEveryUs: 50_000,
    limits: { exchanges: LIMITS.exchanges, events: LIMITS.events, effects: LIMITS.effects, drainMs },
  };
}

/** Of a run that nobody would undo. */
export const UNWRITTEN: LoadContext['ledger'] = { note: () => undefined, strike: () => undefined };

/** A driver's context as far as it follows from the plan: one driver sends everything. */
export function wholeLoadOf(
  plan: Plan,
): Pick<LoadContext, 'plan' | 'ordinals' | 'asksSentinel' | 'runFolder' | 'ledger' | 'projectFolder' | 'redact' | 'onEvent'> {
  return {
    plan,
    ordinals: Uint32Array.from(plan.schedule.request.keys()),
    asksSentinel: true,
    runFolder: tmpdir(),
    ledger: UNWRITTEN,
    projectFolder: process.cwd(),
    redact: (text) => text,
    onEvent: () => undefined,
  };
}

/** Runs a load to its end through a real driver process. */
export async function runLoad(rig: Rig): Promise<RigResult> {
  const plan = planOf(rig);
  const clock = startClock();
  const all: RequestRow[] = [];
  const health: NewEvent<HealthReported>[] = [];
  await using load = await (rig.driver ?? loadDrivers.builtin).start({
    ...wholeLoadOf(plan),
    entry: rig.entry,
    sentinel: rig.sentinel,
    clock,
    runId: rig.runId ?? 'rig-run',
    signal: new AbortController().signal,
    onRequests(rows) {
      all.push(...rows);
      rig.onRows?.(all);
    },
    onHealth: (event) => health.push(event),
  });
  const beganUs = clock.nowUs() + 60_000;
  load.begin(beganUs);
  rig.onBegun?.(load, all);
  const totals = await load.ended;
  const isSentinel = ({ name }: RequestRow): boolean => name === SENTINEL;
  return { ...totals, rows: all.filter((row) => !isSentinel(row)), sentinelRows: all.filter(isSentinel), health, beganUs, plan };
}
