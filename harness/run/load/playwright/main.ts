/** The Playwright driver's own process: told what to do over IPC, ends with its browser when that channel closes. */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { UsageError } from '../../../model/problem.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { monotonicUs } from '../../clock.ts';
import { reportHealth } from '../health.ts';
import { findBrowser, loadPlaywright } from './chromium.ts';
import { importJourneys } from './journey-file.ts';
import { SCRATCH_PREFIX, type BrowserJob, type CheckJob, type FromBrowser, type ToBrowser } from './messages.ts';
import { openSession, type BrowserSession } from './session.ts';
import { watchForStall } from './stall-watch.ts';

const FLUSH_EVERY_MS = 50;
const CPU_EVERY_MS = 1000;

function tell(message: FromBrowser): void {
  if (process.connected) process.send?.(message);
}

async function check({ browser, journeys, projectFolder }: CheckJob): Promise<void> {
  const { chromium } = await loadPlaywright();
  findBrowser(browser, { projectFolder, path: process.env['PATH'] ?? '', own: chromium.executablePath() });
  await importJourneys(journeys, projectFolder);
  tell({ kind: 'checked' });
}

async function startDriver(job: BrowserJob): Promise<void> {
  // The same monotonic clock as the run's, read without a bigint each time.
  const shiftUs = monotonicUs() - performance.now() * 1000 - job.originUs;
  const nowUs = (): number => performance.now() * 1000 + shiftUs;
  let rows: RequestRow[] = [];
  const flush = (): void => {
    if (rows.length > 0) tell({ kind: 'rows', rows });
    rows = [];
  };
  const opened = await openSession(job, {
    nowUs,
    onRow: (row) => rows.push(row),
    onEvent: (event) => tell({ kind: 'event', event }),
    onPid: (pid) => tell({ kind: 'browser', pid }),
  });
  setInterval(flush, FLUSH_EVERY_MS);
  let browserCpuRatio = 0;
  session = {
    ...opened,
    begin(atUs) {
      opened.begin(atUs);
      const stopCpu = watchCpu(opened, (ratio) => (browserCpuRatio = ratio));
      const stopHealth = reportHealth(opened, nowUs, (health) =>
        tell({ kind: 'health', health: { ...health, detail: { ...health.detail, browserCpuRatio } } }),
      );
      stopReports = () => {
        stopCpu();
        stopHealth();
      };
    },
  };
  const whenEnded = async (): Promise<void> => {
    const totals = await opened.ended;
    stopReports();
    flush();
    tell({ kind: 'ended', ...totals });
    await opened.close();
  };
  whenEnded().catch(fail);
  tell({ kind: 'ready' });
}

/** The browser's share of a core, over the last second. */
function watchCpu(opened: BrowserSession, onRatio: (ratio: number) => void): () => void {
  let last: { readonly seconds: number; readonly atMs: number } | null = null;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const seconds = await opened.browserCpuSeconds();
    const atMs = performance.now();
    // What processes that ended had used is not in the sum any more.
    if (last !== null) onRatio(Math.max(0, (seconds - last.seconds) / ((atMs - last.atMs) / 1000)));
    last = { seconds, atMs };
    isLooking = false;
  };
  const timer = setInterval(() => void look(), CPU_EVERY_MS);
  return () => clearInterval(timer);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: 'failed', usage: error instanceof UsageError, missing: error instanceof UsageError ? error.missing : null, message });
}

let session: BrowserSession | undefined;
let stopReports = (): void => undefined;
watchForStall();

process.on('message', (message: ToBrowser) => {
  switch (message.kind) {
    case 'check':
      return void check(message.job).catch(fail);
    case 'prepare':
      return void startDriver(message.job).catch(fail);
    case 'begin':
      return session?.begin(message.atUs);
    case 'notice':
      return session?.notice(message);
    case 'stop':
      return session?.stop();
  }
});
// What a journey left unawaited fails when its page is closed; the journey itself has been judged.
process.on('unhandledRejection', (error) => process.stderr.write(`a journey left a promise behind that failed: ${String(error)}\n`));
// A terminal's Ctrl-C reaches the whole process group; the orchestrator decides when the load ends.
process.on('SIGINT', () => undefined);
// Playwright kills the browser's group as this process exits.
process.on('SIGTERM', () => process.exit(143));
process.on('disconnect', () => process.exit(0));
// After Playwright's own clean-up: the parent may not be there to do it.
const [, , scratch] = process.argv;
process.on('exit', () => {
  if (scratch !== undefined && basename(scratch).startsWith(SCRATCH_PREFIX)) rmSync(scratch, { recursive: true, force: true });
});
