import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';

/** A kernel as far as its files tell: null where there is no such file, or nobody may read it. */
interface KernelFiles {
  readonly release: string;
  read(path: string): Buffer | null;
}

const KERNEL_HERE: KernelFiles = {
  release: release(),
  read(path) {
    try {
      return readFileSync(path);
    } catch {
      return null;
    }
  },
};

const WAY_OUT = "'latency', 'loss' and 'bandwidth' on an edge need no kernel";

/**
 * Why packets cannot be shaped by `netem` on this machine. Containers share its kernel, unless the engine has a machine of its own: the
 * answer then holds all the same, as this version drives no netem anywhere.
 */
export function netemReason(kernel: KernelFiles = KERNEL_HERE): string {
  return `${reasonOf(kernel)}; ${WAY_OUT}`;
}

function reasonOf(kernel: KernelFiles): string {
  const lines = (path: string): readonly string[] => kernel.read(path)?.toString('utf8').split('\n') ?? [];
  const modules = `/lib/modules/${kernel.release}`;
  const has = 'and this version of halfopen does not drive it';
  if (lines('/proc/modules').some((line) => line.startsWith('sch_netem '))) return `the kernel has sch_netem loaded, ${has}`;
  const config = configOf(kernel.read('/proc/config.gz'));
  if (config.includes('CONFIG_NET_SCH_NETEM=y') || lines(`${modules}/modules.builtin`).some(isNetem))
    return `the kernel has sch_netem built in, ${has}`;
  const names = lines(`${modules}/modules.dep`);
  if (names.some((line) => isNetem(line.split(':')[0] ?? ''))) return `the kernel has the module sch_netem, ${has}`;
  if (config.includes('# CONFIG_NET_SCH_NETEM is not set')) return `the kernel ${kernel.release} was built without sch_netem`;
  if (config.includes('CONFIG_NET_SCH_NETEM=m'))
    return `the kernel ${kernel.release} could load the module sch_netem, and it is not installed in ${modules}`;
  if (names.length > 0) return `the kernel ${kernel.release} has no module sch_netem in ${modules}`;
  return `nothing tells that the kernel ${kernel.release} has sch_netem (no ${modules}/modules.dep, no /proc/config.gz)`;
}

/** `kernel/net/sched/sch_netem.ko`, packed or not. */
function isNetem(path: string): boolean {
  return /\/sch_netem\.ko(\.(gz|xz|zst))?$/.test(path);
}

function configOf(packed: Buffer | null): readonly string[] {
  if (packed === null) return [];
  try {
    return gunzipSync(packed).toString('utf8').split('\n');
  } catch {
    return [];
  }
}
