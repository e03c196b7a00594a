import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HealthReported, RunEvent } from '../../harness/model/event.ts';
import type { JourneyTemplate, OpenLoad } from '../../harness/model/load.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { redactorOf } from '../../harness/model/redact.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import type { Address } from '../../harness/run/environments/contract.ts';
import type { LoadEvent, RunningLoad } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { scheduleArrivals } from '../../harness/plan/schedule.ts';
import { get, journeyOf, openLoad } from '../../harness/scenario/load.ts';
import { planOf, wholeLoadOf } from './load-rig.ts';

export interface BrowserRig {
  readonly load: OpenLoad;
  readonly entry: Address;
  readonly sentinel: Address;
  readonly totalMs: number;
  readonly runId?: string;
  readonly plan?: Partial<Plan>;
  /** Runs as soon as the load has its start. */
  onBegun?(load: RunningLoad): void;
  onEvent?(event: LoadEvent, load: RunningLoad | undefined): void;
}

export interface BrowserResult extends AsyncDisposable {
  readonly scheduled: number;
  readonly sent: number;
  readonly rows: readonly RequestRow[];
  readonly events: readonly LoadEvent[];
  readonly health: readonly NewEvent<HealthReported>[];
  readonly beganUs: number;
  readonly runFolder: string;
}

/** A load of one journey of the fixtures, beside requests that another driver sends. */
export function journeysOnly(
  file: string,
  options: { readonly export?: string; readonly ratePerSecond: number; readonly timeout?: `${number}ms` | `${number}s` },
): OpenLoad {
  const journey = journeyOf('buying', `fixtures/journeys/${file}.journey.ts`, options) as JourneyTemplate;
  return openLoad({ ratePerSecond: 1, requests: [get('elsewhere', '/')], values: { sku: ['kettle', 'lamp'] }, journeys: [journey] });
}

/** The plan of a rig: the browser sends everything. */
export function browserPlanOf({ load, entry, sentinel, totalMs, plan }: BrowserRig): Plan {
  const whole = planOf({ load, entry, sentinel, totalMs, drainMs: 10_000 });
  const totalUs = totalMs * 1000;
  return {
    ...whole,
    driver: 'playwright',
    phases: [
      { name: 'baseline', fromUs: 0, toUs: totalUs / 2 },
      { name: 'fault', fromUs: totalUs / 2, toUs: totalUs },
    ],
    schedule: scheduleArrivals(load, { totalUs, faultStartUs: totalUs, seed: whole.seed }),
    ...plan,
  };
}

/** Runs a load to its end through a real driver process and its browser. */
export async function runBrowser(rig: BrowserRig): Promise<BrowserResult> {
  const plan = browserPlanOf(rig);
  const all = Uint32Array.from(plan.schedule.request.keys());
  const clock = startClock();
  const rows: RequestRow[] = [];
  const events: LoadEvent[] = [];
  const health: NewEvent<HealthReported>[] = [];
  const runFolder = mkdtempSync(join(tmpdir(), 'halfopen-journeys-'));
  let load: RunningLoad | undefined;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(runFolder, { recursive: true, force: true }));
  const kept: RunningLoad = (load = stack.use(
    await loadDrivers.playwright.start({
      ...wholeLoadOf(plan),
      ordinals:
        rig.load.journeys === undefined ? all : all.filter((ordinal) => plan.schedule.request[ordinal] === rig.load.requests.length),
      asksSentinel: false,
      entry: rig.entry,
      sentinel: rig.sentinel,
      clock,
      runFolder,
      runId: rig.runId ?? 'browser-rig',
      redact: redactorOf(plan.redact).text,
      signal: new AbortController().signal,
      onRequests: (more) => rows.push(...more),
      onHealth: (event) => health.push(event),
      onEvent(event) {
        events.push(event);
        rig.onEvent?.(event, load);
      },
    }),
  ));
  const beganUs = clock.nowUs() + 60_000;
  kept.begin(beganUs);
  rig.onBegun?.(kept);
  const totals = await kept.ended;
  await kept[Symbol.asyncDispose]();
  const folder = stack.move();
  return { ...totals, rows, events, health, beganUs, runFolder, [Symbol.asyncDispose]: () => folder.disposeAsync() };
}

/** The events of one kind. */
export function eventsOf<K extends RunEvent['kind']>(events: readonly LoadEvent[], kind: K): readonly Extract<LoadEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<LoadEvent, { kind: K }> => event.kind === kind);
}

/** The heads of requests as they came. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A small shop's window; everything that it is asked is noted. */
export function shopWindow(seen: Seen[], { foreign = '' } = {}): RequestListener {
  const pages: Readonly<Record<string, readonly [number, string, string]>> = {
    '/window': [
      200,
      'text/html',
      `<!doctype html><meta charset="utf-8"><title>Shop</title><h1>Kettle,   12 €</h1><p>old price</p><p hidden>sold out</p><img src="/kettle.svg">${foreign === '' ? '' : `<img src="${foreign}/pixel.svg">`}
      <button onclick="fetch('/buy', { method: 'POST' }).then(() => (document.querySelector('[role=status]').textContent = 'bought'))">Buy</button>
      <p role="status"></p><script>console.error('a complaint'); fetch('/missing')</script>`,
    ],
    '/kettle.svg': [
      200,
      'image/svg+xml',
      '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><circle r="90" cx="100" cy="100"/></svg>',
    ],
    '/blank': [200, 'text/html', '<!doctype html><title>Nothing</title><p style="visibility: hidden">unseen</p>'],
    '/broken': [503, 'text/html', '<!doctype html><h1>We are sorry</h1>'],
    '/buy': [200, 'application/json', '{}'],
  };
  return (request, response) => {
    const url = request.url ?? '';
    seen.push({ url, headers: request.headers });
    const [status, type, body] = pages[new URL(url, 'http://any').pathname] ?? [404, 'text/plain', 'nothing here'];
    response.writeHead(status, { 'content-type': type, ...(type.startsWith('image') ? { 'cache-control': 'max-age=600' } : {}) }).end(body);
  };
}

/** The main process of a run's browser: the one that is a Chromium and no part of another. */
export async function browserOf(runId: string): Promise<number | undefined> {
  const pids = await processesOfRun(runId);
  return pids.find((pid) => {
    const line = commandLine(pid);
    return line.includes('--remote-debugging-pipe') && !line.includes('--type=');
  });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
