/** What a run leaves on the machine, read from `/proc` (Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process for good: a pid may be given again, a pid with its start time is not. */
export interface ProcessId {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTicks: number;
  readonly command: string;
}

export interface ListeningPort {
  readonly port: number;
  readonly inode: string;
}

/** Reads `/proc/<pid>/stat`; the name in parentheses may hold spaces and parentheses itself. Null for a zombie, which holds nothing any more. */
export function readStat(text: string): Omit<ProcessId, 'command'> | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return { pid: Number.parseInt(text, 10), parentPid: Number(fields[1]), startTicks: Number(fields[19]) };
}

/** Reads `/proc/net/tcp` (or `tcp6`): sockets that listen. */
export function readListening(text: string): ListeningPort[] {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [local = '', state, inode = ''] = [fields[1], fields[3], fields[9]];
      return state === '0A' ? [{ port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16), inode }] : [];
    });
}

/** All descendants of these processes among `all`, themselves included. */
export function familyOf(pids: readonly number[], all: readonly ProcessId[]): ProcessId[] {
  const family = new Set(pids);
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const { pid, parentPid } of all) if (family.has(parentPid)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

export function livingProcesses(): ProcessId[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const stat = readStat(readOrNothing(`/proc/${entry}/stat`) ?? ') Z');
    if (stat === null) return [];
    const command = (readOrNothing(`/proc/${entry}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
    return [{ ...stat, command }];
  });
}

/** The value of a variable in the environment with which a process was started. */
export function variableOf(pid: number, name: string): string | undefined {
  const found = (readOrNothing(`/proc/${pid}/environ`) ?? '').split('\0').find((entry) => entry.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

export function listeningPorts(): ListeningPort[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => readListening(readOrNothing(path) ?? ''));
}

/** Ports on which these processes listen. */
export function portsOf(processes: readonly ProcessId[]): ListeningPort[] {
  const inodes = new Set(processes.flatMap(({ pid }) => socketInodes(pid)));
  return listeningPorts().filter(({ inode }) => inodes.has(inode));
}

function socketInodes(pid: number): string[] {
  return listOrNothing(`/proc/${pid}/fd`).flatMap((descriptor) => {
    const inode = /^socket:\[(\d+)\]$/.exec(orNothing(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '')?.[1];
    return inode === undefined ? [] : [inode];
  });
}

function readOrNothing(path: string): string | undefined {
  return orNothing(() => readFileSync(path, 'latin1'));
}

function listOrNothing(path: string): string[] {
  return orNothing(() => readdirSync(path)) ?? [];
}

/** Processes come and go while one looks: what is gone is nothing. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes(String(error.code)))
      return undefined;
    throw error;
  }
}
