import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { familyOf, livingProcesses, portsOf, readListening, readStat, variableOf } from '../../../../scripts/prove/processes.ts';

it('reads a process whose name holds parentheses and spaces', () => {
  const text = `41 (a) b (c)) S 7 41 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 10`;
  expect(readStat(text)).toEqual({ pid: 41, parentPid: 7, startTicks: 987_654 });
});

it('does not count a zombie as left over', () => {
  expect(readStat('41 (node) Z 7 41 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 0 0')).toBeNull();
});

it('reads ports that listen, and none that merely talk', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5551 1 0 100 0 0 10 0',
    '   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 5552 1 0 20 4 30 10 -1',
  ].join('\n');
  expect(readListening(text)).toEqual([{ port: 8080, inode: '5551' }]);
});

it('finds children of children, in whatever order they are listed', () => {
  const process = (pid: number, parentPid: number) => ({ pid, parentPid, startTicks: 1, command: '' });
  const all = [process(5, 4), process(4, 3), process(3, 1), process(9, 1)];
  expect(familyOf([3], all).map(({ pid }) => pid)).toEqual([5, 4, 3]);
});

it.runIf(process.platform === 'linux')('sees this very process, its port and its environment', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const own = livingProcesses().filter(({ pid }) => pid === process.pid);
    expect(own).toHaveLength(1);
    expect(portsOf(own).map(({ port }) => port)).toContain((server.address() as AddressInfo).port);
    expect(variableOf(process.pid, 'PATH')).toBe(process.env['PATH']);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
