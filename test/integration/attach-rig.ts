/** Services that run already, behind a Toxiproxy that is already there: what every test of `attach` starts from. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availability } from '../../harness/analysis/checks/availability.ts';
import { breaker } from '../../harness/analysis/checks/breaker.ts';
import { recovery } from '../../harness/analysis/checks/recovery.ts';
import { retries } from '../../harness/analysis/checks/retries.ts';
import type { CanarySent } from '../../harness/model/event.ts';
import type { AttachSettings } from '../../harness/model/place.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import type { NewEvent, SinkRecord } from '../../harness/model/sink.ts';
import { planScenario, runScenario, type RunResult } from '../../harness/pipeline.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { RunningSystem } from '../../harness/run/environments/contract.ts';
import { injectThroughWindows } from '../../harness/run/inject.ts';
import { openLedger } from '../../harness/run/ledger/index.ts';
import { parts } from '../../harness/run/parts.ts';
import { stdoutEvents } from '../../harness/run/probes/stdout.ts';
import { defineConfig } from '../../harness/scenario/config.ts';
import { defineScenario, defineSystem } from '../../harness/scenario/define.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
import { drivers } from './environment-rig.ts';
import { json, serve } from './load-rig.ts';

export const EDGE = 'gateway->payments';
export const PROXY = 'gateway--payments';

/** A gateway that calls payments for each quote; the commands are never run. */
export const pair = defineSystem({
  name: 'pair',
  entry: 'gateway',
  services: {
    gateway: { command: ['node', 'never.ts'], ready: '/readyz', readyWithinMs: 1000, calls: { payments: 'PAYMENTS_URL' } },
    payments: { command: ['node', 'never.ts'], ready: '/readyz', readyWithinMs: 1000 },
  },
  breakers: { 'gateway.payments': { service: 'gateway', edge: EDGE, probe: stdoutEvents() } },
});

type PairFault = Scenario['faults'][number]['inject'] & { readonly kind: string };

/** A short run with one fault of 1.5 s on the edge. */
export function pairScenario(inject: PairFault, { seesAll = false }: { readonly seesAll?: boolean } = {}): Scenario {
  const told = [
    availability({ during: 'baseline', min: 0.99 }),
    recovery({ of: 'harm', within: '1500ms', availability: 0.99, p95Ms: 1000, holdFor: '1s' }),
  ];
  const blind = [retries({ edge: EDGE, amplificationMax: 2 }), breaker('gateway.payments').staysClosed()];
  return defineScenario(pair, {
    title: 'Payments are hurt where they run',
    name: 'pair',
    load: openLoad({ ratePerSecond: 30, requests: [get('quote', '/quote', { timeout: '3s' })] }),
    warmup: '200ms',
    baseline: '1200ms',
    faults: [{ name: 'harm', inject: inject as never, from: '0s', for: '1500ms' }],
    recovery: '3500ms',
    expect: (seesAll ? told : [...told, ...blind]) as never,
  });
}

export interface Pair extends AsyncDisposable {
  readonly entry: string;
  readonly ready: Readonly<Record<string, string>>;
  readonly payments: { readonly host: string; readonly port: number };
  /** What the gateway calls; to be set before the first quote. */
  paymentsUrl: string;
}

/** Starts gateway and payments in this process, as somebody else would have. */
export async function startPair(): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const payments = stack.use(await serve(json({ amount: 1 })));
  const pairOf: { paymentsUrl: string } = { paymentsUrl: `http://${payments.host}:${payments.port}` };
  const gateway = stack.use(
    await serve((request, response) => {
      if (request.url !== '/quote') return void response.end('{}');
      const call = httpGet(pairOf.paymentsUrl, { agent: false, timeout: 2500 }, (answer) => {
        answer.resume();
        answer.once('end', () => response.end('{}'));
        answer.once('error', () => response.writeHead(502).end());
      });
      call.once('timeout', () => call.destroy());
      call.once('error', () => response.headersSent || response.writeHead(502).end());
    }),
  );
  const made = stack.move();
  const entry = `http://${gateway.host}:${gateway.port}`;
  const ready = { gateway: `${entry}/readyz`, payments: `http://${payments.host}:${payments.port}/readyz` };
  const address = { host: payments.host, port: payments.port };
  return Object.assign(pairOf, { entry, ready, payments: address, [Symbol.asyncDispose]: () => made.disposeAsync() });
}

/** Asks the Toxiproxy's API as its owner does. */
export async function askToxiproxy(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

/** Puts a proxy of its owner's before payments, and sends the gateway through it. */
export async function routeThrough(url: string, pairUp: Pair): Promise<void> {
  const upstream = `${pairUp.payments.host}:${pairUp.payments.port}`;
  const made = (await askToxiproxy(url, 'POST', '/proxies', { name: PROXY, listen: '127.0.0.1:0', upstream })) as { listen: string };
  pairUp.paymentsUrl = `http://${made.listen}`;
}

export interface Up extends AsyncDisposable {
  readonly system: RunningSystem;
  readonly plan: Plan;
  readonly runId: string;
  readonly events: readonly NewEvent[];
  /** What the ledger still holds. */
  ledgerLines(): readonly string[];
  /** Takes every fault of the plan through its windows, with the load's start now. */
  inject(signal?: AbortSignal): Promise<void>;
}

let runs = 0;

/** Brings an attached system up, without load. */
export async function bringUp(scenario: Scenario, settings: AttachSettings, signal = new AbortController().signal): Promise<Up> {
  const folder = await mkdtemp(join(tmpdir(), 'halfopen-attach-'));
  const runId = `attach${process.pid}x${runs++}`;
  const events: NewEvent[] = [];
  const clock = startClock();
  const sink = ({ table, row }: SinkRecord): void => void (table === 'events' && events.push(row));
  const request = { config: defineConfig({ attach: settings }), environment: 'attach', seed: 7, pace: 'full', overrides: {} } as const;
  const plan = planScenario(scenario, request);
  const ledgers = join(folder, 'ledger');
  const ledger = openLedger({ folder: ledgers, runId });
  const system = await drivers.attach.up({
    plan,
    clock,
    sink,
    runId,
    ledger,
    signal,
    runFolder: join(folder, 'run'),
    projectFolder: folder,
    redact: (text) => text,
    onLine: () => undefined,
    onProcess: () => undefined,
  });
  return {
    system,
    plan,
    runId,
    events,
    ledgerLines: () =>
      (existsSync(ledgers) ? readdirSync(ledgers) : []).flatMap((file) =>
        readFileSync(join(ledgers, file), 'utf8')
          .split('\n')
          .filter((line) => line !== ''),
      ),
    async inject(stop = signal) {
      const context = { seed: 1, system: plan.system, proxy: system.proxy, processes: system.processes, containers: null };
      const edges = system.edges ?? {};
      const loadStartUs = clock.nowUs() - (plan.faults[0]?.windows[0]?.fromUs ?? 0) + 300_000;
      for (const planned of plan.faults) {
        const driver = parts.faults[planned.fault.kind];
        if (driver === undefined) throw new Error(`no driver for ${planned.fault.kind}`);
        await injectThroughWindows({ planned, driver, context, clock, sink, loadStartUs, signal: stop, edges });
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        await system[Symbol.asyncDispose]();
      } finally {
        ledger[Symbol.dispose]();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

export interface Attached extends RunResult {
  readonly canaries: readonly CanarySent[];
  /** Verdicts by check. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Explanation codes by check. */
  readonly codes: Readonly<Record<string, string>>;
}

/** Carries one scenario out in `attach`. */
export async function runAttached(
  scenario: Scenario,
  settings: AttachSettings,
  more: {
    readonly signal?: AbortSignal;
    readonly onRecord?: Parameters<typeof runScenario>[1]['onRecord'];
    readonly config?: Partial<Config>;
  } = {},
): Promise<Attached> {
  const folder = await mkdtemp(join(tmpdir(), 'halfopen-attach-'));
  try {
    const result = await runScenario(scenario, {
      // Who drifts here is the machine, with whatever else it does.
      config: defineConfig({ attach: settings, guards: { baselineDriftRatioMax: 100 }, ...more.config }),
      environment: 'attach',
      seed: 7,
      pace: 'full',
      overrides: {},
      runFolder: join(folder, 'run'),
      projectFolder: folder,
      signal: more.signal ?? new AbortController().signal,
      ...(more.onRecord === undefined ? {} : { onRecord: more.onRecord }),
    });
    const { findings } = result.verdict;
    return {
      ...result,
      canaries: result.recording.events.filter((event) => event.kind === 'canary'),
      verdicts: Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict])),
      codes: Object.fromEntries(findings.map(({ check, explanation }) => [check, explanation.code])),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
