import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { HarnessError } from '../../harness/model/problem.ts';
import { monotonicUs } from '../../harness/run/clock.ts';
import { processesOfRun, processState } from '../../harness/run/environments/process-groups.ts';
import { startSupervisor, type ProcessExit, type ProcessSpec } from '../../harness/run/environments/supervisor-client.ts';
import { RUN_MARKER } from '../../harness/run/environments/supervisor-protocol.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
/** The promise of the watchdog, in milliseconds, with room for a machine that is busy with other tests. */
const GONE_WITHIN_MS = 3000;

const parents: ChildProcess[] = [];
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});

describe('the supervisor', () => {
  it('leaves no process and no port behind when its harness is killed, not even of a service that ignores SIGTERM', async () => {
    const runId = `killed-${process.pid}-${Date.now()}`;
    const parent = spawn(process.execPath, ['fixtures/stubborn/supervised-parent.ts', runId], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    parents.push(parent);
    const { pids, ports } = await stubbornIn(parent);
    expect(pids).toHaveLength(3);
    expect(await livingOf(pids)).toEqual(pids);
    expect(await listeningOf(ports)).toEqual(ports);

    parent.kill('SIGKILL');
    // Processes and ports together: one that is ending has no environment any more while its sockets are being closed.
    const left = async (): Promise<number> =>
      (await livingOf(pids)).length + (await processesOfRun(runId)).length + (await listeningOf(ports)).length;
    await until(async () => (await left()) === 0, GONE_WITHIN_MS);
  });

  it('ends everything when it is disposed of, and a service keeps running until then', async () => {
    const runId = `disposed-${process.pid}-${Date.now()}`;
    const supervisor = await startSupervisor(runId);
    const service = await supervisor.spawn(node(runId, 'setInterval(() => undefined, 1000)'));
    expect(await livingOf([service.pid, supervisor.pid])).toHaveLength(2);
    await supervisor[Symbol.asyncDispose]();
    await supervisor[Symbol.asyncDispose]();
    expect(await livingOf([service.pid, supervisor.pid])).toEqual([]);
  });

  it('delivers every line before the exit, stamped on the clock that all processes share', async () => {
    await using supervisor = await startSupervisor(`lines-${process.pid}-${Date.now()}`);
    const seen: string[] = [];
    const times: number[] = [];
    const beforeUs = monotonicUs();
    const script = `for (let i = 0; i < 2000; i++) console.log('line ' + i); console.error('err'); process.stdout.write('tail')`;
    const exit = await new Promise<ProcessExit>((resolve, reject) => {
      const spec = node('lines', script, {
        onLine: ({ stream, text, monoUs }) => {
          if (stream === 'stdout') seen.push(text);
          times.push(monoUs);
        },
        onExit: resolve,
      });
      supervisor.spawn(spec).catch(reject);
    });
    expect(seen).toEqual([...Array.from({ length: 2000 }, (_, index) => `line ${index}`), 'tail']);
    expect(exit.code).toBe(0);
    expect(times.every((time) => time >= beforeUs && time <= exit.monoUs)).toBe(true);
  });

  it('cuts a line that never ends in place of keeping it', async () => {
    await using supervisor = await startSupervisor(`long-${process.pid}-${Date.now()}`);
    const lines: string[] = [];
    await new Promise<unknown>((resolve, reject) => {
      const spec = node('long', `process.stdout.write('x'.repeat(5_000_000) + '\\nnext\\n')`, {
        onLine: ({ text }) => lines.push(text),
        onExit: resolve,
      });
      supervisor.spawn(spec).catch(reject);
    });
    expect(lines.map((line) => line.length)).toEqual([16 * 1024, 4]);
  });

  it('says why a program cannot be started', async () => {
    await using supervisor = await startSupervisor(`missing-${process.pid}-${Date.now()}`);
    const spec = { ...node('missing', ''), command: ['/no/such/program'] };
    await expect(supervisor.spawn(spec)).rejects.toThrow(/Cannot start 'test'.*ENOENT/);
  });

  it('is missed when it dies, and what it had started is ended by the harness', async () => {
    const runId = `orphaned-${process.pid}-${Date.now()}`;
    await using supervisor = await startSupervisor(runId);
    const service = await supervisor.spawn(node(runId, 'setInterval(() => undefined, 1000)'));
    process.kill(supervisor.pid, 'SIGKILL');
    await expect(supervisor.died).rejects.toThrow(HarnessError);
    expect(await livingOf([service.pid])).toEqual([]);
    expect((await service.exited).signal).toBe('SIGKILL');
    await expect(supervisor.spawn(node(runId, ''))).rejects.toThrow(/has ended/);
  });
});

function node(runId: string, script: string, handlers: Partial<Pick<ProcessSpec, 'onLine' | 'onExit'>> = {}): ProcessSpec {
  return {
    name: 'test',
    command: [process.execPath, '-e', script],
    cwd: PROJECT,
    env: { [RUN_MARKER]: runId },
    onLine: () => undefined,
    onExit: () => undefined,
    ...handlers,
  };
}

function stubbornIn(parent: ChildProcess): Promise<{ readonly pids: readonly number[]; readonly ports: readonly number[] }> {
  return new Promise((resolve, reject) => {
    if (parent.stdout === null) return reject(new TypeError('the parent has no stdout'));
    parent.once('exit', (code) => reject(new Error(`the parent exited with code ${code}`)));
    createInterface(parent.stdout).on('line', (line) => {
      if (!line.startsWith('{"stubborn"')) return;
      const { stubborn, ports } = JSON.parse(line) as { stubborn: number[]; ports: number[] };
      resolve({ pids: stubborn, ports });
    });
  });
}

async function livingOf(pids: readonly number[]): Promise<readonly number[]> {
  const states = await Promise.all(pids.map(processState));
  return pids.filter((_, index) => states[index] !== undefined && states[index] !== 'Z');
}

async function listeningOf(ports: readonly number[]): Promise<readonly number[]> {
  const answers = await Promise.all(
    ports.map(
      (port) =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            socket.destroy();
            resolve(true);
          });
          socket.once('error', () => resolve(false));
        }),
    ),
  );
  return ports.filter((_, index) => answers[index]);
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come true within ${withinMs} ms: ${holds.toString()}`);
    await delay(20);
  }
}
