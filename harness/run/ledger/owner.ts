import { readFileSync, readlinkSync } from 'node:fs';
import { OWNER_LABEL, RUN_LABEL, type Owner } from './contract.ts';

/** Whether the process that wrote something down still runs. `unknown`: it cannot be seen from here. */
export interface Life {
  readonly is: 'alive' | 'dead' | 'unknown';
  /** For people: `process 4711 has ended`. */
  readonly because: string;
}

/** This process as the owner of what it makes in this run. */
export function ownerHere(runId: string): Owner {
  return { runId, pid: process.pid, startedTicks: statOf(process.pid)?.startedTicks ?? '', bootId: boot() };
}

/** The labels by which things of a run can be told. */
export function labelsOf(owner: Owner): Readonly<Record<string, string>> {
  return { [RUN_LABEL]: owner.runId, [OWNER_LABEL]: `${owner.bootId}/${owner.pid}/${owner.startedTicks}` };
}

/** The owner that labels name; null if these are no labels of a run. What the owner's label does not tell is empty. */
export function ownerInLabels(labels: Readonly<Record<string, string>>): Owner | null {
  const runId = labels[RUN_LABEL];
  if (runId === undefined || runId === '') return null;
  const [, bootId = '', pid = '0', startedTicks = ''] = /^([^/]*)\/(\d+)\/(\d*)$/.exec(labels[OWNER_LABEL] ?? '') ?? [];
  return { runId, pid: Number(pid), startedTicks, bootId };
}

/** Whether an owner's process still runs, as far as this process can see. */
export function lifeOf(owner: Owner, here: string = boot()): Life {
  const { pid, startedTicks, bootId } = owner;
  if (pid === 0) return { is: 'unknown', because: 'nothing tells which process made it' };
  if (bootId !== here) return { is: 'unknown', because: `process ${pid} belongs to another machine, boot or process namespace` };
  const isThere = exists(pid);
  if (here === '') {
    const because = isThere ? `process ${pid} runs (told by its number alone)` : `process ${pid} has ended`;
    return { is: isThere ? 'alive' : 'dead', because };
  }
  const stat = statOf(pid);
  // What is hidden from this user may live: only the kernel's "no such process" is a death.
  if (stat === null) {
    return isThere
      ? { is: 'alive', because: `process ${pid} runs, hidden from this user` }
      : { is: 'dead', because: `process ${pid} has ended` };
  }
  if (stat.startedTicks !== startedTicks)
    return { is: 'dead', because: `process ${pid} has ended (its number belongs to a later one by now)` };
  // Ended, and its parent has not asked how yet.
  if (stat.state === 'Z' || stat.state === 'X') return { is: 'dead', because: `process ${pid} has ended` };
  return { is: 'alive', because: `process ${pid} runs` };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Fields 3 and 22 of `/proc/<pid>/stat`; null where there is none to be read. */
function statOf(pid: number): { readonly state: string; readonly startedTicks: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function boot(): string {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
    return `${id}.${namespace}`;
  } catch {
    return '';
  }
}
