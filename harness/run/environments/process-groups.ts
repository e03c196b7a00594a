import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { RUN_MARKER } from './supervisor-protocol.ts';

/** Sends a signal to every process of a group; false if none is left. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  return sent(-leaderPid, signal);
}

function sent(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // EPERM: it lives but belongs to someone else by now.
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) return false;
    throw error;
  }
}

/** How patient the end of a run is, in milliseconds. */
export interface Patience {
  readonly termMs: number;
  readonly killMs: number;
  readonly sweepMs: number;
}

/** Ends every group (SIGTERM, then SIGKILL) and then, on Linux, every process that carries the run's marker. Bounded by `patience`. */
export async function endGroups(leaderPids: readonly number[], runId: string, patience: Patience): Promise<void> {
  for (const pid of leaderPids) {
    signalGroup(pid, 'SIGTERM');
    // A stopped process takes its SIGTERM only once it goes on.
    signalGroup(pid, 'SIGCONT');
  }
  await untilGone(leaderPids, patience.termMs);
  for (const pid of leaderPids) signalGroup(pid, 'SIGKILL');
  await untilGone(leaderPids, patience.killMs);
  await sweep(runId, patience.sweepMs);
}

async function untilGone(leaderPids: readonly number[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && leaderPids.some((pid) => signalGroup(pid, 0))) await delay(10);
}

/** Kills until a look at all processes finds none of the run: one that was being forked is found by the next look. */
async function sweep(runId: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const strays = await processesOfRun(runId);
    if (strays.length === 0) return;
    for (const pid of strays) sent(pid, 'SIGKILL');
    await delay(10);
  }
}

/** Ids of the living processes that were started with the run's marker in their environment; none where there is no `/proc`. */
export async function processesOfRun(runId: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  const entries = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(entries.map(async (entry) => ((await carriesMarker(entry, runId)) ? Number(entry) : null)));
  return found.filter((pid): pid is number => pid !== null && pid !== process.pid);
}

async function carriesMarker(entry: string, runId: string): Promise<boolean> {
  try {
    // A zombie's environment is empty: it needs no killing.
    const environment = await readFile(`/proc/${entry}/environ`, 'latin1');
    return environment.split('\0').includes(`${RUN_MARKER}=${runId}`);
  } catch {
    // Gone meanwhile, or another user's.
    return false;
  }
}

/** The state letter of a process (`R`, `S`, `T`, `Z`, …); undefined if it is gone or the platform does not tell. */
export async function processState(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).charAt(0);
  } catch {
    return undefined;
  }
}
