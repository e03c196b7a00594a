import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverTold, HealthReported, ThresholdJudged } from '../../harness/model/event.ts';
import type { RequestTemplate, ScriptLoad } from '../../harness/model/load.ts';
import type { Phase, Plan } from '../../harness/model/plan.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { Address, Inside } from '../../harness/run/environments/contract.ts';
import type { LoadContext, LoadEvent, RunningLoad } from '../../harness/run/load/contract.ts';
import { checkScript, startScript } from '../../harness/run/load/k6/script.ts';
import { planOf, wholeLoadOf } from './load-rig.ts';

/** Phases in milliseconds since the load's start, in order. */
export type PhaseLengths = Partial<Readonly<Record<Phase['name'], number>>>;

export interface ScriptRig {
  readonly executable: string;
  /** The script's text, in a folder of its own; or `file`, counted from `projectFolder`. */
  readonly script?: string;
  readonly file?: string;
  readonly projectFolder?: string;
  /** Files beside the script. */
  readonly files?: Readonly<Record<string, string>>;
  readonly entry: Address;
  /** The services' network, for a k6 that is to run there. */
  readonly inside?: Inside;
  readonly phases?: PhaseLengths;
  readonly requests?: readonly RequestTemplate[];
  readonly env?: Readonly<Record<string, string>>;
  readonly drainMs?: number;
  readonly instances?: number;
  /** How long k6 may take to load the script. */
  readonly loadedWithinMs?: number;
  onBegun?(load: RunningLoad): void;
}

export interface ScriptResult {
  readonly scheduled: number;
  readonly sent: number;
  readonly rows: readonly RequestRow[];
  readonly events: readonly LoadEvent[];
  readonly health: readonly NewEvent<HealthReported>[];
  readonly beganUs: number;
  readonly tookMs: number;
  readonly plan: Plan;
  readonly log: string;
}

/** Runs a script to its end through a real k6. */
export async function runScript(rig: ScriptRig): Promise<ScriptResult> {
  await using stack = new AsyncDisposableStack();
  const runFolder = await mkdtemp(join(tmpdir(), 'script-run-'));
  stack.defer(() => rm(runFolder, { recursive: true, force: true }));
  const { load, projectFolder } = await writeScript(rig, stack);
  const plan = planFor(rig, load);
  const clock = startClock();
  const rows: RequestRow[] = [];
  const events: LoadEvent[] = [];
  const health: NewEvent<HealthReported>[] = [];
  const context: LoadContext = {
    ...wholeLoadOf(plan),
    asksSentinel: false,
    projectFolder,
    runFolder,
    entry: rig.entry,
    sentinel: rig.entry,
    ...(rig.inside === undefined ? {} : { inside: rig.inside }),
    clock,
    runId: 'script-rig',
    signal: new AbortController().signal,
    onRequests: (some) => rows.push(...some),
    onHealth: (event) => health.push(event),
    onEvent: (event) => events.push(event),
  };
  await checkScript(context, rig.executable, rig.loadedWithinMs);
  const running = await startScript(context, load, rig.executable);
  stack.use(running);
  const beganUs = clock.nowUs() + 60_000;
  running.begin(beganUs);
  rig.onBegun?.(running);
  const totals = await running.ended;
  const tookMs = (clock.nowUs() - beganUs) / 1000;
  const log = await readFile(join(runFolder, 'logs', 'k6-1.log'), 'utf8').catch(() => '');
  return { ...totals, rows, events, health, beganUs, tookMs, plan, log };
}

async function writeScript(
  { script, file = 'load.js', files = {}, projectFolder, requests = [], env = { SHOP: '{entry}' } }: ScriptRig,
  stack: AsyncDisposableStack,
): Promise<{ readonly load: ScriptLoad; readonly projectFolder: string }> {
  const load: ScriptLoad = { kind: 'k6-script', file, requests, env };
  if (script === undefined) return { load, projectFolder: projectFolder ?? process.cwd() };
  const folder = await mkdtemp(join(tmpdir(), 'script-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ ...files, [file]: script })) await writeFile(join(folder, name), text);
  return { load, projectFolder: folder };
}

function planFor({ entry, phases = { baseline: 1000 }, drainMs = 2000, instances }: ScriptRig, load: ScriptLoad): Plan {
  let fromUs = 0;
  const planned = Object.entries(phases).map(([name, forMs]): Phase => {
    const phase = { name: name as Phase['name'], fromUs, toUs: fromUs + forMs * 1000 };
    fromUs = phase.toUs;
    return phase;
  });
  const open = { kind: 'open', arrivals: { kind: 'constant', ratePerSecond: 1 }, requests: [], values: {} } as const;
  const plan = planOf({ load: open, entry, sentinel: entry, totalMs: Math.max(1000, fromUs / 1000), drainMs });
  return {
    ...plan,
    driver: 'k6',
    load,
    phases: planned,
    schedule: { intendedUs: [], request: [] },
    k6: instances === undefined ? {} : { instances },
  };
}

/** A declared request that takes what comes. */
export function template(name: string, path: string, more: Partial<RequestTemplate> = {}): RequestTemplate {
  return { name, method: 'GET', path, weight: 1, headers: {}, timeoutMs: 1000, ...more };
}

/** A server whose answers take a while. */
export function slowly(tookMs: number, answer: RequestListener): RequestListener {
  return (request, response) => void setTimeout(() => answer(request, response), tookMs);
}

/** What the driver told of one thing, in order. */
export function told({ events }: ScriptResult, what: DriverTold['what']): readonly string[] {
  return events.flatMap((event) => (event.kind === 'driver' && event.what === what ? [event.detail] : []));
}

export function thresholdsIn({ events }: ScriptResult): readonly NewEvent<ThresholdJudged>[] {
  return events.filter((event): event is NewEvent<ThresholdJudged> => event.kind === 'threshold');
}

/** A script of arrivals at a constant rate, for long enough; `more` is what else its options say. */
export function constantly(rate: number, body: string, more = ''): string {
  return `
    import http from 'k6/http';
    export const options = {
      scenarios: {
        only: { executor: 'constant-arrival-rate', rate: ${rate}, timeUnit: '1s', duration: '1m', preAllocatedVUs: 20, maxVUs: 20, gracefulStop: '1s' },
      },
      ${more}
    };
    export default function () { ${body} }
  `;
}

/** One call, to be put into a script. */
export const GET = 'http.get(`${__ENV.SHOP}/quote/lamp`);';
