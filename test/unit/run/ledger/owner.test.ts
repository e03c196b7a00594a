// Goal: a living process is never taken for dead, and a dead one is told from a later one of its number.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OWNER_LABEL, RUN_LABEL } from '../../../../harness/run/ledger/contract.ts';
import { labelsOf, lifeOf, ownerHere, ownerInLabels } from '../../../../harness/run/ledger/owner.ts';

const here = ownerHere('a');
const ticksOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19] ?? '';

describe.runIf(process.platform === 'linux')('a process', () => {
  it('that runs is alive', () => {
    expect(here.startedTicks).toMatch(/^\d+$/);
    expect(here.bootId).toMatch(/^[0-9a-f-]{36}\.\d+$/);
    expect(lifeOf(here)).toEqual({ is: 'alive', because: `process ${process.pid} runs` });
    expect(lifeOf({ ...here, pid: 1, startedTicks: ticksOf(1) }).is).toBe('alive');
  });

  it('that has ended is dead', () => {
    const { pid } = spawnSync('true');
    expect(lifeOf({ ...here, pid })).toEqual({ is: 'dead', because: `process ${pid} has ended` });
  });

  it('of which the number belongs to a later one is dead', () => {
    expect(lifeOf({ ...here, startedTicks: '1' })).toMatchObject({ is: 'dead', because: expect.stringContaining('later one') as string });
  });

  it('that was killed and not yet asked for how it ended is dead', async () => {
    // The shell's child ends, and what the shell turns into asks for no children.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(chunk.toString());
      const zombie = { ...here, pid, startedTicks: ticksOf(pid) };
      while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')) await delay(10);
      expect(lifeOf(zombie).is).toBe('dead');
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('that is stopped is alive', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    try {
      child.kill('SIGSTOP');
      while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')) await delay(10);
      expect(lifeOf({ ...here, pid, startedTicks: ticksOf(pid) }).is).toBe('alive');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('of another boot, machine or namespace cannot be told', () => {
    for (const bootId of ['another.1', `${here.bootId}0`, '']) {
      expect(lifeOf({ ...here, bootId })).toMatchObject({ is: 'unknown', because: expect.stringContaining('another machine') as string });
    }
    expect(lifeOf({ ...here, pid: 0 }).is).toBe('unknown');
  });
});

it('where the platform tells no boot, the number alone decides, and that is said', () => {
  const without = { ...here, bootId: '', startedTicks: '' };
  expect(lifeOf(without, '')).toEqual({ is: 'alive', because: `process ${process.pid} runs (told by its number alone)` });
  expect(lifeOf({ ...without, pid: spawnSync('true').pid }, '').is).toBe('dead');
  expect(lifeOf(here, '').is).toBe('unknown');
});

describe('labels', () => {
  it('name the owner', () => {
    expect(ownerInLabels(labelsOf(here))).toEqual(here);
    const bare = { ...here, bootId: '', startedTicks: '' };
    expect(ownerInLabels(labelsOf(bare))).toEqual(bare);
  });

  it.each(['', 'nonsense', '/', 'a/b/c', 'a/1', 'a/1/2/3', '../../1/x'])(
    'with an owner that cannot be read, %j, leave it unknown',
    (label) => {
      const owner = ownerInLabels({ [RUN_LABEL]: 'a', [OWNER_LABEL]: label });
      expect(owner).toMatchObject({ runId: 'a', pid: 0 });
      expect(owner === null || lifeOf(owner).is).toBe('unknown');
    },
  );

  it('without a run are nobody’s', () => {
    expect(ownerInLabels({ [OWNER_LABEL]: 'a/1/2' })).toBeNull();
    expect(ownerInLabels({ [RUN_LABEL]: '' })).toBeNull();
  });
});
