import { readFileSync } from 'node:fs';
import { cpuSecondsOf, groupOf } from '../bench-proxy/process-group.ts';

const LOOKS_EVERY_MS = 200;

/** What the driver's processes use while this process, which started them, takes their records in. */
export interface Usage {
  /** Begins to count; before it, they were starting and warming up. */
  begin(): void;
  /** Ends it, in milliseconds of CPU. */
  end(): { readonly cpuMs: number; readonly readerCpuMs: number; readonly memoryBytes: number };
}

/** Looks at this process's descendants, those that have ended meanwhile included. */
export function watchUsage(): Usage {
  const peaks = new Map<number, number>();
  const look = (): void => {
    for (const pid of groupOf(process.pid)) if (pid !== process.pid) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakBytesOf(pid)));
  };
  const timer = setInterval(look, LOOKS_EVERY_MS).unref();
  const now = (): { readonly allMs: number; readonly ownMs: number } => {
    const { user, system } = process.cpuUsage();
    return { allMs: cpuSecondsOf(process.pid) * 1000, ownMs: (user + system) / 1000 };
  };
  let before = now();
  return {
    begin: () => (before = now()),
    end() {
      clearInterval(timer);
      look();
      const after = now();
      const readerCpuMs = after.ownMs - before.ownMs;
      const memoryBytes = [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
      // Ticks are hundredths of a second, so that the difference may come out a little below nothing.
      return { cpuMs: Math.max(0, after.allMs - before.allMs - readerCpuMs), readerCpuMs, memoryBytes };
    },
  };
}

/** The most that a process has had resident; 0 for one that ended while we looked. */
function peakBytesOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
