import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** From so many cores on, the load and the proxies each get half of them. */
const CORES_MIN = 4;

const PIN = 'taskset';
const isPinning = availableParallelism() >= CORES_MIN && spawnSync(PIN, ['--version']).status === 0;

/** The command as it is to be spawned: on its own half of the cores where there are enough of them. */
export function pinned(role: 'load' | 'proxy', command: string, args: readonly string[]): [string, string[]] {
  if (!isPinning) return [command, [...args]];
  return [PIN, ['-c', coresOf(role, availableParallelism()), command, ...args]];
}

/** How it was done, for the report. */
export function affinityNote(): string {
  if (!isPinning) return `fewer than ${CORES_MIN} cores (or no \`${PIN}\`), so generator, sink and proxies share all of them`;
  const cores = availableParallelism();
  return `proxies on cores ${coresOf('proxy', cores)}, generator and sink on ${coresOf('load', cores)}`;
}

function coresOf(role: 'load' | 'proxy', cores: number): string {
  const half = Math.floor(cores / 2);
  return role === 'proxy' ? `0-${half - 1}` : `${half}-${cores - 1}`;
}
