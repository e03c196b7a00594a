// Goal: a plan that asks for netem is refused with what is true of the kernel at hand, whatever of it can be read.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { netemReason } from '../../../../harness/run/environments/netem.ts';

const RELEASE = '6.1.0-18-amd64';
const MODULES = `/lib/modules/${RELEASE}`;
const WAY_OUT = "; 'latency', 'loss' and 'bandwidth' on an edge need no kernel";

function reason(files: Readonly<Record<string, string | Buffer>>): string {
  return netemReason({
    release: RELEASE,
    read: (path) => {
      const content = files[path];
      return content === undefined ? null : Buffer.from(content);
    },
  });
}

const config = (line: string): Buffer => gzipSync(`CONFIG_NET_SCHED=y\n${line}\nCONFIG_NET_SCH_DRR=m\n`);
const undriven = 'and this version of halfopen does not drive it';

test.each([
  ['loaded', { '/proc/modules': 'sch_netem 24576 0 - Live 0x0\n' }, `the kernel has sch_netem loaded, ${undriven}`],
  [
    'built in, by its configuration',
    { '/proc/config.gz': config('CONFIG_NET_SCH_NETEM=y') },
    `the kernel has sch_netem built in, ${undriven}`,
  ],
  [
    'built in, by its list',
    { [`${MODULES}/modules.builtin`]: 'kernel/net/sched/sch_netem.ko\n' },
    `the kernel has sch_netem built in, ${undriven}`,
  ],
  [
    'a packed module',
    {
      [`${MODULES}/modules.dep`]: 'kernel/net/sched/sch_tbf.ko.xz:\nkernel/net/sched/sch_netem.ko.xz: kernel/a.ko\n',
      '/proc/config.gz': config('CONFIG_NET_SCH_NETEM=m'),
    },
    `the kernel has the module sch_netem, ${undriven}`,
  ],
  [
    'left out of the build',
    { '/proc/config.gz': config('# CONFIG_NET_SCH_NETEM is not set') },
    `the kernel ${RELEASE} was built without sch_netem`,
  ],
  [
    'a module that is not installed',
    { '/proc/config.gz': config('CONFIG_NET_SCH_NETEM=m'), [`${MODULES}/modules.dep`]: 'kernel/net/sched/sch_tbf.ko:\n' },
    `the kernel ${RELEASE} could load the module sch_netem, and it is not installed in ${MODULES}`,
  ],
  [
    'not among the modules',
    { [`${MODULES}/modules.dep`]: 'kernel/net/sched/sch_tbf.ko: kernel/net/sched/sch_netem.ko\n', '/proc/modules': 'sch_netem_like 1\n' },
    `the kernel ${RELEASE} has no module sch_netem in ${MODULES}`,
  ],
  ['nowhere to be read', {}, `nothing tells that the kernel ${RELEASE} has sch_netem (no ${MODULES}/modules.dep, no /proc/config.gz)`],
  ['an unreadable configuration', { '/proc/config.gz': 'no gzip' }, `nothing tells that the kernel ${RELEASE}`],
] as const)('%s', (_, files, expected) => {
  const said = reason(files);
  expect(said.startsWith(expected)).toBe(true);
  expect(said.endsWith(WAY_OUT)).toBe(true);
});

test('the kernel at hand has a reason', () => {
  expect(netemReason()).toMatch(/^(the kernel|nothing tells) .*; 'latency'/);
});
