import { DEFAULT_GUARDS } from '../../harness/model/guards.ts';
/** A system of small services, brought up for real; what every test of an environment starts from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../../harness/model/plan.ts';
import type { NewEvent, SinkRecord } from '../../harness/model/sink.ts';
import type { Edge, Service, System } from '../../harness/model/system.ts';
import { startClock } from '../../harness/run/clock.ts';
import type {
  EnvironmentDriver,
  RunningSystem,
  ServiceLine,
  ServiceProcessEvent,
  UpContext,
} from '../../harness/run/environments/contract.ts';
import { environmentDrivers } from '../../harness/run/environments/index.ts';
import { openLedger } from '../../harness/run/ledger/index.ts';
import { chainProxies } from '../../harness/run/proxy/chain.ts';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { connectToxiproxy } from '../../harness/run/proxy/real-toxiproxy.ts';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
export const drivers = environmentDrivers({ connectProxy, connectToxiproxy, chainProxies });

/** Answers 200 with its pid on every path, and calls the service at `CALLEE` for `/call`. */
export const ECHO = `
  const http = require('node:http');
  http.createServer((req, res) => {
    if (req.url !== '/call') return res.end(JSON.stringify({ pid: process.pid, callee: process.env.CALLEE }));
    const call = http.get(process.env.CALLEE + '/from-caller', { agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => res.end(String(answer.statusCode)));
    });
    call.on('error', (error) => res.writeHead(502).end(error.code));
  }).listen(process.env.PORT, process.env.HOST ?? '127.0.0.1', () => console.log('listening, Bearer abc123'));
`;

export function script(source: string, extra: Partial<Service> = {}): Service {
  return { command: ['node', '-e', source], portEnv: 'PORT', readyWithinMs: 15_000, ready: '/readyz', ...extra };
}

export function call(caller: string, callee: string): Edge {
  return { name: `${caller}->${callee}`, caller, callee, env: 'CALLEE', url: 'http://{host}:{port}', protocol: 'http' };
}

export interface Rig {
  readonly up: () => Promise<RunningSystem>;
  readonly runId: string;
  readonly runFolder: string;
  readonly records: readonly SinkRecord[];
  readonly lines: readonly ServiceLine[];
  readonly processes: readonly ServiceProcessEvent[];
  /** States of one service in the order of their reports. */
  states(service: string): readonly string[];
  readonly abort: AbortController;
  [Symbol.asyncDispose](): Promise<void>;
}

let runs = 0;

export async function rigOf(
  services: Readonly<Record<string, Service>>,
  edges: readonly Edge[] = [],
  driver: EnvironmentDriver = drivers.embedded,
  place: Partial<Pick<Plan, 'settings' | 'overrides'> & Pick<UpContext, 'projectFolder'>> = {},
): Promise<Rig> {
  const runId = `environment-${process.pid}-${Date.now()}-${runs++}`;
  const runFolder = await mkdtemp(join(tmpdir(), 'halfopen-environment-'));
  const records: SinkRecord[] = [];
  const lines: ServiceLine[] = [];
  const processes: ServiceProcessEvent[] = [];
  const abort = new AbortController();
  const ledger = openLedger({ folder: join(runFolder, 'ledger'), runId });
  const system: System = { name: 'rig', entry: Object.keys(services)[0] ?? '', services, edges, breakers: {} };
  const context: UpContext = {
    plan: { ...planOf(system), settings: place.settings ?? {}, overrides: place.overrides ?? {} },
    clock: startClock(),
    sink: (record) => records.push(record),
    runFolder,
    projectFolder: place.projectFolder ?? PROJECT,
    runId,
    ledger,
    redact: (text) => text.replaceAll(/Bearer \w+/g, 'Bearer […]'),
    signal: abort.signal,
    onLine: (line) => lines.push(line),
    onProcess: (event) => processes.push(event),
  };
  const events = (): readonly NewEvent[] => records.flatMap((record) => (record.table === 'events' ? [record.row] : []));
  const running: RunningSystem[] = [];
  return {
    up: async () => {
      const started = await driver.up(context);
      running.push(started);
      return started;
    },
    runId,
    runFolder,
    records,
    lines,
    processes,
    states: (service) => events().flatMap((event) => (event.kind === 'service' && event.service === service ? [event.state] : [])),
    abort,
    async [Symbol.asyncDispose]() {
      for (const started of running) await started[Symbol.asyncDispose]();
      ledger[Symbol.dispose]();
      await rm(runFolder, { recursive: true, force: true });
    },
  };
}

function planOf(system: System): Plan {
  return {
    schemaVersion: 1,
    scenario: { name: 'rig', title: 'rig', tags: [], hash: '' },
    environment: 'embedded',
    powers: drivers.embedded.powers,
    settings: {},
    seed: 1,
    pace: 'full',
    overrides: {},
    system,
    driver: 'builtin',
    k6: {},
    browser: {},
    files: [],
    load: { kind: 'open', arrivals: { kind: 'constant', ratePerSecond: 1 }, requests: [], values: {} },
    phases: [],
    faults: [],
    schedule: { intendedUs: [], request: [] },
    expectations: [],
    needs: [],
    guards: DEFAULT_GUARDS,
    redact: [],
    sentinelEveryUs: 50_000,
    limits: { exchanges: 1000, events: 1000, effects: 1000, drainMs: 1000 },
  };
}

/** Waits for something to come true; a deadline, not a pause. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come true within ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
