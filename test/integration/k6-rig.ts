import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceOf, type Evidence } from '../../harness/analysis/evidence.ts';
import type { HealthReported } from '../../harness/model/event.ts';
import { UsageError } from '../../harness/model/problem.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import type { K6Settings } from '../../harness/model/scenario.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { Inside } from '../../harness/run/environments/contract.ts';
import type { LoadContext, LoadEvent, RunningLoad } from '../../harness/run/load/contract.ts';
import { buildK6 } from '../../harness/run/load/k6/build.ts';
import { k6Driver } from '../../harness/run/load/k6.ts';
import { planOf, wholeLoadOf, type Rig } from './load-rig.ts';

const BUILD_WITHIN_MS = 600_000;
const LEAD_US = 100_000;

/** The k6 of these sources, or why there is none; in CI there has to be one. */
export async function k6AtHand(): Promise<
  { readonly executable: string; readonly lack: null } | { readonly executable: ''; readonly lack: string }
> {
  try {
    const { path } = await buildK6({ onNote: () => undefined, signal: AbortSignal.timeout(BUILD_WITHIN_MS) });
    return { executable: path, lack: null };
  } catch (error) {
    if (!(error instanceof UsageError) || process.env['CI'] === 'true') throw error;
    return { executable: '', lack: error.message };
  }
}

export interface K6Rig extends Omit<Rig, 'driver' | 'sentinel' | 'onBegun' | 'onRows'> {
  readonly k6: K6Settings;
  readonly signal?: AbortSignal;
  /** The services' network, for a k6 that is to run there. */
  readonly inside?: Inside;
  /** @default the driver */
  start?(context: LoadContext): Promise<RunningLoad>;
}

/** A load that k6 carries out. */
export interface K6Offer extends AsyncDisposable {
  readonly load: RunningLoad;
  readonly rows: readonly RequestRow[];
  readonly health: readonly NewEvent<HealthReported>[];
  readonly events: readonly LoadEvent[];
  /** The run's start on the machine's clock. */
  readonly originUs: number;
  readonly beganUs: number;
  readonly runFolder: string;
  /** Resolves when there are so many rows. */
  untilRows(count: number): Promise<void>;
  /** What a judge makes of the rows so far: the whole load is one baseline. */
  evidence(): Evidence;
  log(instance: string): Promise<string>;
}

/** Starts k6 and gives it its zero; disposing ends it and removes the run's folder. */
export async function offerToK6(rig: K6Rig): Promise<K6Offer> {
  const plan = { ...planOf({ ...rig, sentinel: rig.entry }), driver: 'k6', k6: rig.k6 };
  const rows: RequestRow[] = [];
  const health: NewEvent<HealthReported>[] = [];
  const events: LoadEvent[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const clock = startClock();
  await using stack = new AsyncDisposableStack();
  const runFolder = await mkdtemp(join(tmpdir(), 'halfopen-k6-'));
  stack.defer(() => rm(runFolder, { recursive: true, force: true }));
  const load = stack.use(
    await (rig.start ?? k6Driver.start)({
      ...wholeLoadOf(plan),
      asksSentinel: false,
      entry: rig.entry,
      sentinel: rig.entry,
      ...(rig.inside === undefined ? {} : { inside: rig.inside }),
      clock,
      runId: rig.runId ?? 'k6-rig',
      runFolder,
      signal: rig.signal ?? new AbortController().signal,
      onRequests(batch) {
        rows.push(...batch);
        for (const { count, resolve } of waiting) if (rows.length >= count) resolve();
      },
      onHealth: (event) => health.push(event),
      onEvent: (event) => events.push(event),
    }),
  );
  const beganUs = clock.nowUs() + LEAD_US;
  load.begin(beganUs);
  const kept = stack.move();
  const totalUs = rig.totalMs * 1000;
  const recorded = [
    { id: 0, kind: 'load-started', atUs: beganUs },
    { id: 1, kind: 'phase', atUs: beganUs, phase: 'baseline' },
    { id: 2, kind: 'phase', atUs: beganUs + totalUs, phase: 'drain' },
  ] as const;
  return {
    load,
    rows,
    health,
    events,
    originUs: clock.originUs,
    beganUs,
    runFolder,
    untilRows: (count) => (rows.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }))),
    evidence: () =>
      evidenceOf({
        run: { schemaVersion: 1, runId: 'k6-rig', startedAt: '', versions: {}, fingerprint: {}, plan },
        events: recorded,
        requests: rows.toSorted((left, right) => left.id - right.id),
        sentinel: [],
        exchanges: [],
        effects: [],
        spans: [],
      }),
    log: (instance) => readFile(join(runFolder, 'logs', `${instance}.log`), 'utf8'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
