// Goal: a harness that is killed leaves no process and no bound port after 3 s, and what it recorded never reads as a pass.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ServiceMoved } from '../../harness/model/event.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import { k6AtHand } from '../integration/k6-at-hand.ts';
import { eventually, halfopen, runFolder, start, temporaryFolder } from './halfopen.ts';

/** The launcher's only child: the command line itself. */
function childOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  if (child === undefined || child === 0) throw new Error(`process ${pid} has no child`);
  return child;
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

function isBound(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The environment opens the services' logs first. */
function isComingUp(output: string): boolean {
  const folder = join(output, 'holds');
  return existsSync(folder) && readdirSync(folder).some((run) => existsSync(join(folder, run, 'logs/front.log')));
}

describe.each([
  ['while it brings the services up', 'started', 'command line'],
  ['in the baseline', 'phase baseline', 'command line'],
  ['while the fault is in force', 'fault storm acknowledged', 'command line'],
  ['with its launcher in its place', 'phase baseline', 'launcher'],
] as const)('SIGKILL %s', (_, moment, whom) => {
  test('leaves nothing behind, and analyze says invalid', async () => {
    const output = temporaryFolder();
    const { child, ended, untilPrinted } = start(['run', 'holds', '--output', output]);
    const launcher = child.pid ?? 0;
    if (moment === 'started') await eventually('the environment comes up', 20_000, () => isComingUp(output));
    else await untilPrinted(moment);
    const main = childOf(launcher);
    process.kill(whom === 'launcher' ? launcher : main, 'SIGKILL');
    await ended;

    const folder = runFolder(output, 'holds');
    const { run, events } = loadRecording(join(folder, 'recording.sqlite'));
    await eventually('every process is gone', 3000, async () => !isAlive(main) && (await processesOfRun(run.runId)).length === 0);
    const starts = events.filter((event): event is ServiceMoved => event.kind === 'service' && event.state === 'starting');
    const ports = starts.map(({ detail = '' }) => Number(/\d+/.exec(detail)?.[0]));
    if (moment !== 'started') expect(ports.length).toBe(3);
    // A dying process gives its memory back before its sockets.
    for (const port of ports) await eventually(`port ${port} is free`, 3000, async () => !(await isBound(port)));

    const { code, stdout } = await halfopen(['analyze', folder]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^⊘ invalid holds/);
  });
});

const { lack: k6Lack } = await k6AtHand();

test.skipIf(k6Lack !== null)('SIGKILL while k6 runs: clean removes its private folder', async () => {
  const output = temporaryFolder();
  const TMPDIR = temporaryFolder();
  const env = { TMPDIR, HALFOPEN_STATE: temporaryFolder(), HALFOPEN_REAPER: 'off', DOCKER_HOST: 'unix:///nowhere/docker.sock' };
  const { child, ended, untilPrinted } = start(['run', 'holds', '--load', 'k6', '--output', output], { env });
  await untilPrinted('phase baseline');
  const folders = (): readonly string[] => readdirSync(TMPDIR).filter((name) => name.startsWith('k6-'));
  expect(folders()).toHaveLength(1);
  const [folder = ''] = folders();
  process.kill(childOf(child.pid ?? 0), 'SIGKILL');
  await ended;
  expect(folders()).toEqual([folder]);

  const { code, stdout } = await halfopen(['clean'], { env });
  expect(code, stdout).toBe(0);
  expect(stdout).toContain(`  ✓ folder ${join(TMPDIR, folder)}\n`);
  expect(folders()).toEqual([]);
  const { run } = loadRecording(join(runFolder(output, 'holds'), 'recording.sqlite'));
  await eventually('every process is gone', 3000, async () => (await processesOfRun(run.runId)).length === 0);
});

test('a second Ctrl-C ends it at once, without reports, and the supervisor stops the services', async () => {
  const output = temporaryFolder();
  const { child, ended, untilPrinted } = start(['run', 'holds', '--set', 'front.MODE=stubborn', '--output', output]);
  await untilPrinted('fault storm acknowledged');
  child.kill('SIGINT');
  await untilPrinted('Once more ends it at once');
  // A press right after the first counts as the same.
  const again = setInterval(() => child.kill('SIGINT'), 100);
  const { code } = await ended;
  clearInterval(again);
  expect(code).toBe(130);
  expect(existsSync(join(output, 'outcome.json'))).toBe(false);
  const { run } = loadRecording(join(runFolder(output, 'holds'), 'recording.sqlite'));
  await eventually('every process is gone', 3000, async () => (await processesOfRun(run.runId)).length === 0);
});
