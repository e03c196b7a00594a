/** What a process and all its descendants use, from /proc: a proxy may spread its work over several processes. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU in hundredths of a second whatever its timer does. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  readonly rssBytes: number;
  /** Each page that several processes share counts as its share of it. */
  readonly pssBytes: number;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Of the process, and of those of its children that have ended. */
  readonly ticks: number;
}

/** The process and whatever descends from it, itself first. */
export function groupOf(pid: number): number[] {
  return membersOf(pid).map((member) => member.pid);
}

/** Seconds of CPU, user and system, since each of them began. */
export function cpuSecondsOf(pid: number): number {
  return membersOf(pid).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

export function memoryOf(pid: number): Memory {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const member of groupOf(pid)) {
    const rollup = readFileSync(`/proc/${member}/smaps_rollup`, 'latin1');
    const bytesOf = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024;
    rssBytes += bytesOf('Rss');
    pssBytes += bytesOf('Pss');
  }
  return { rssBytes, pssBytes };
}

function membersOf(pid: number): Stat[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== null);
  const members = stats.filter((stat) => stat.pid === pid);
  if (members.length === 0) throw new Error(`Cannot measure process ${pid} as it must be running`);
  // Children follow their parents, so one pass over the growing list finds all generations.
  for (const member of members) members.push(...stats.filter(({ parent }) => parent === member.pid));
  return members;
}

/** Null for a process that ended while we looked. */
function statOf(pid: number): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  // The second field is the name in brackets, which may hold spaces; state and parent follow it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), ticks: [11, 12, 13, 14].reduce((sum, place) => sum + Number(fields[place]), 0) };
}
