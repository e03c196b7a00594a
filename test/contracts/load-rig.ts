/** One load through one driver, against servers that are really there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpenLoad } from '../../harness/model/load.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { Address } from '../../harness/run/environments/contract.ts';
import type { LoadContext, LoadDriver, RunningLoad } from '../../harness/run/load/contract.ts';
import { planOf, UNWRITTEN } from '../integration/load-rig.ts';

/** Between the start and the load's zero: what a driver may ask for at least, doubled. */
const LEAD_US = 100_000;

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

export interface Offer {
  readonly driver: LoadDriver;
  readonly load: OpenLoad;
  readonly entry: Address;
  readonly sentinel: Address;
  readonly totalMs: number;
  readonly runId: string;
  readonly drainMs?: number;
  /** @default all */
  readonly ordinals?: Uint32Array;
  readonly signal?: AbortSignal;
  /** Hears all rows so far, whenever there are more. */
  readonly onRows?: (rows: readonly RequestRow[]) => void;
}

export interface Offered extends AsyncDisposable {
  readonly plan: Plan;
  readonly running: RunningLoad;
  readonly rows: readonly RequestRow[];
  readonly health: readonly Parameters<LoadContext['onHealth']>[0][];
  readonly beganUs: number;
}

/** Starts the driver and gives it its zero; disposing ends the driver and removes its run's folder. */
export async function offer(given: Offer): Promise<Offered> {
  const { driver, entry, sentinel, runId, ordinals, onRows, signal = new AbortController().signal } = given;
  const plan: Plan = { ...planOf(given), driver: driver.kind };
  const rows: RequestRow[] = [];
  const health: Offered['health'][number][] = [];
  const clock = startClock();
  await using stack = new AsyncDisposableStack();
  const runFolder = stack.adopt(mkdtempSync(join(tmpdir(), 'halfopen-load-')), (path) => rmSync(path, { recursive: true, force: true }));
  const running = stack.use(
    await driver.start({
      plan,
      ordinals: ordinals ?? Uint32Array.from(plan.schedule.request.keys()),
      asksSentinel: false,
      entry,
      sentinel,
      clock,
      runId,
      runFolder,
      ledger: UNWRITTEN,
      projectFolder,
      redact: (text) => text,
      signal,
      onRequests(batch) {
        rows.push(...batch);
        onRows?.(rows);
      },
      onHealth: (event) => health.push(event),
      onEvent: () => undefined,
    }),
  );
  const beganUs = clock.nowUs() + LEAD_US;
  running.begin(beganUs);
  const kept = stack.move();
  return { plan, running, rows, health, beganUs, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Offers the whole load and waits for its end. */
export async function offerWhole(given: Offer): Promise<Offered & { readonly scheduled: number; readonly sent: number }> {
  await using offered = await offer(given);
  return { ...offered, ...(await offered.running.ended) };
}
