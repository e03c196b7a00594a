/** Goal: what a proxy uses is counted with all its descendants, those that have ended included. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { cpuSecondsOf, groupOf, memoryOf } from '../../../../scripts/bench-proxy/process-group.ts';

const BUSY_MS = 300;
const busy = `const until = Date.now() + ${BUSY_MS}; while (Date.now() < until);`;
const parent = `
  const { spawn, spawnSync } = require('node:child_process');
  spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]);
  spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")'], { stdio: ['inherit', 'inherit', 'inherit'] });
  process.stdin.resume();
`;
const started: ChildProcess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    const exited = once(child, 'exit');
    child.stdin?.end();
    child.kill();
    await exited;
  }
});

it('sums a process, its living child, and the child that has ended', async () => {
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  await once(createInterface({ input: child.stdout }), 'line');
  const pid = child.pid ?? 0;
  const group = groupOf(pid);
  expect(group).toHaveLength(2);
  expect(group[0]).toBe(pid);
  // The one that ended was busy for 300 ms, of which a crowded machine may have given it little; starting three of them took the rest.
  expect(cpuSecondsOf(pid)).toBeGreaterThan(cpuSecondsOf(group[1] ?? 0));
  const { rssBytes, pssBytes } = memoryOf(pid);
  expect(rssBytes).toBeGreaterThan(memoryOf(group[1] ?? 0).rssBytes);
  expect(pssBytes).toBeGreaterThan(0);
  expect(pssBytes).toBeLessThan(rssBytes);
});

it('refuses a process that is not there', () => {
  expect(() => cpuSecondsOf(2 ** 30)).toThrow('must be running');
});
