import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, openSync, renameSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Owner } from './contract.ts';

/** What the reaper did, beside the ledgers. */
const REAPER_LOG = 'reaper.log';
/** A longer log begins anew, and the old one is kept until the next time. */
const LOG_BYTES = 256 * 1024;

const OFF = ['off', '0', 'no', 'false'];

interface Kept {
  readonly child: ChildProcess;
  /** Runs that have something written down. */
  readonly runs: Set<string>;
}

/** The reaper of this process for each folder of ledgers. */
const reapers = new Map<string, Kept>();

/**
 * Sees to it that a reaper watches this process: it holds the other end of a pipe, and undoes what this process has written down in the
 * folder when that closes and the process is dead. Needs no goodbye: where nothing is written down any more, it just ends.
 */
export function keepReaper(folder: string, owner: Owner): void {
  if (OFF.includes((process.env['HALFOPEN_REAPER'] ?? '').toLowerCase())) return;
  const kept = reapers.get(folder);
  kept?.runs.add(owner.runId);
  if (kept !== undefined && isRunning(kept.child)) return;
  reapers.set(folder, { child: startReaper(folder, owner), runs: kept?.runs ?? new Set([owner.runId]) });
}

/** A run has nothing written down any more: after the last one the reaper ends. */
export function letReaperGo(folder: string, { runId }: Owner): void {
  const kept = reapers.get(folder);
  if (kept === undefined || !kept.runs.delete(runId) || kept.runs.size > 0) return;
  reapers.delete(folder);
  kept.child.stdin?.end();
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

function startReaper(folder: string, owner: Owner): ChildProcess {
  const entry = fileURLToPath(new URL(`../reaper${extname(import.meta.url)}`, import.meta.url));
  const env = { ...process.env };
  // Options of a debugger or a test runner are for this process; the mark of a run is on what must end with it.
  for (const name of ['NODE_OPTIONS', 'HALFOPEN_RUN', 'HALFOPEN_LIFELINE']) delete env[name];
  const log = openLog(join(folder, REAPER_LOG));
  try {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, folder, JSON.stringify(owner)], {
      // A session of its own: neither Ctrl-C nor a closed terminal nor the end of the process group reaches it.
      detached: true,
      cwd: '/',
      env,
      stdio: ['pipe', log, log],
    });
    // A run goes on without it: the next one, or `halfopen clean`, does the work then.
    child.on('error', (error) => complain(folder, error));
    const pipe = child.stdin as Socket | null;
    pipe?.on('error', (error) => complain(folder, error));
    pipe?.unref();
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size > LOG_BYTES) renameSync(path, `${path}.old`);
  return openSync(path, 'a', 0o600);
}

function complain(folder: string, error: Error): void {
  appendFileSync(join(folder, REAPER_LOG), `${new Date().toISOString()} no reaper for process ${process.pid}: ${error.message}\n`);
}
