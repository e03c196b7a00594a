/** Services that run already, behind a Toxiproxy that is already there: what every test of `attach` starts from. */
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
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import { runScenario, type RunResult } from '../../harness/pipeline.ts';
import { stdoutEvents } from '../../harness/run/probes/stdout.ts';
import { defineConfig } from '../../harness/scenario/config.ts';
import { defineScenario, defineSystem } from '../../harness/scenario/define.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
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
    recovery({ of: 'harm', within: '1500ms', availability: 0.99, p95Ms: 200, holdFor: '1s' }),
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
      config: defineConfig({ attach: settings, ...more.config }),
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
