/** The builtin driver's own process: told what to do over IPC, ends when that channel closes. */
import type { RequestRow } from '../../model/recording.ts';
import { UsageError } from '../../model/problem.ts';
import { monotonicUs } from '../clock.ts';
import { reportHealth } from './health.ts';
import type { DriverJob, FromDriver, ToDriver } from './messages.ts';
import { openSession, type LoadSession } from './session.ts';

const FLUSH_EVERY_MS = 50;
const LARGEST_BATCH = 2000;

function tell(message: FromDriver): void {
  process.send?.(message);
}

/** This process's clock in microseconds since run start: the same monotonic clock, read without a bigint each time. */
function clockFrom(originUs: number): () => number {
  const shiftUs = monotonicUs() - performance.now() * 1000 - originUs;
  return () => performance.now() * 1000 + shiftUs;
}

function startDriver(job: DriverJob): { begin(atUs: number): void; stop(): void } {
  const nowUs = clockFrom(job.originUs);
  let rows: RequestRow[] = [];
  const flush = (): void => {
    if (rows.length > 0) tell({ kind: 'rows', rows });
    rows = [];
  };
  const session: LoadSession = openSession(job, nowUs, (row) => {
    rows.push(row);
    if (rows.length >= LARGEST_BATCH) flush();
  });
  const flushTimer = setInterval(flush, FLUSH_EVERY_MS);
  let stopHealth = (): void => undefined;
  const whenEnded = async (): Promise<void> => {
    const totals = await session.ended;
    clearInterval(flushTimer);
    flush();
    stopHealth();
    tell({ kind: 'ended', ...totals });
    await session.close();
  };
  whenEnded().catch(fail);
  session.warmUp().then(() => tell({ kind: 'ready' }), fail);
  return {
    begin(atUs) {
      session.begin(atUs);
      stopHealth = reportHealth(session, nowUs, (health) => tell({ kind: 'health', health }));
    },
    stop: () => session.stop(),
  };
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: 'failed', usage: error instanceof UsageError, message });
}

let driver: ReturnType<typeof startDriver> | undefined;

process.on('message', (message: ToDriver) => {
  try {
    if (message.kind === 'prepare') driver = startDriver(message.job);
    else if (message.kind === 'begin') driver?.begin(message.atUs);
    else driver?.stop();
  } catch (error) {
    fail(error);
  }
});
// A terminal's Ctrl-C reaches the whole process group; the orchestrator decides when the load ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
