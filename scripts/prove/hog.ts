import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export interface Hogs extends AsyncDisposable {
  /** Processor time that they have used so far, in seconds, as far as the platform tells. */
  usedSeconds(): number;
}

/** Ticks of `/proc/<pid>/stat`, which are the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Processes that do nothing but use the processor, for at most that long; disposing ends them. Each has a session of its own: a kernel
 * that shares the processor between sessions would otherwise give all of them the share of one.
 */
export async function startHogs(count: number, forMs: number): Promise<Hogs> {
  const script = `const until = Date.now() + ${forMs}; while (Date.now() < until);`;
  const hogs = Array.from({ length: count }, () => spawn(process.execPath, ['-e', script], { stdio: 'ignore', detached: true }));
  await Promise.all(hogs.map((hog) => once(hog, 'spawn')));
  return {
    usedSeconds: () => hogs.reduce((sum, hog) => sum + secondsOf(hog), 0),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        hogs.filter(isLiving).map((hog) => {
          const exited = once(hog, 'exit');
          hog.kill('SIGKILL');
          return exited;
        }),
      );
    },
  };
}

function isLiving({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function secondsOf(hog: ChildProcess): number {
  if (process.platform !== 'linux' || !isLiving(hog)) return 0;
  const stat = readFileSync(`/proc/${hog.pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
