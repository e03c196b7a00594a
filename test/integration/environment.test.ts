import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../harness/model/problem.ts';
import { processesOfRun, processState } from '../../harness/run/environments/process-groups.ts';
import { call, ECHO, PROJECT, rigOf, script, until } from './environment-rig.ts';

const pidOf = async (address: { readonly host: string; readonly port: number }): Promise<number> =>
  ((await (await fetch(`http://${address.host}:${address.port}/`)).json()) as { pid: number }).pid;

describe('the embedded environment', () => {
  it('wires each call through its proxy, records the exchange on the run clock, and leaves nothing behind', async () => {
    await using rig = await rigOf({ front: script(ECHO), back: script(ECHO, { env: { CALLEE: 'nobody' } }) }, [call('front', 'back')]);
    const system = await rig.up();
    expect(Object.keys(system.readyUrls)).toEqual(['front', 'back']);
    const answer = await fetch(`http://${system.entry.host}:${system.entry.port}/call`);
    expect(await answer.text()).toBe('200');
    expect((await fetch(`http://${system.sentinel.host}:${system.sentinel.port}/`)).status).toBe(200);
    await system.proxy.flush(AbortSignal.timeout(5000));

    const exchanges = rig.records.flatMap((record) => (record.table === 'exchanges' ? [record.row] : []));
    const exchange = exchanges.find(({ edge }) => edge === 'front->back');
    expect(exchange).toMatchObject({ status: 200, path: '/from-caller', outcome: 'answered', fault: null });
    expect(exchange?.startedUs).toBeGreaterThan(0);
    expect(exchange?.startedUs).toBeLessThan(60_000_000);
    expect(rig.states('front')).toEqual(['starting', 'ready']);
    await until(() => rig.lines.length >= 2);
    expect(rig.lines.map(({ service }) => service).toSorted()).toEqual(['back', 'front']);

    await system[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
    expect(await processesOfRun(rig.runId)).toEqual([]);
    expect(rig.states('back').at(-1)).toBe('stopped');
    expect(await readFile(join(rig.runFolder, 'logs', 'front.log'), 'utf8')).toContain('listening, Bearer […]');
  });

  it('reads back that a service is killed, started again, frozen and going on', async () => {
    await using rig = await rigOf({ front: script(ECHO), back: script(ECHO) }, [call('front', 'back')]);
    const system = await rig.up();
    const address = addressOf(system.readyUrls['back']);
    const first = await pidOf(address);

    await system.processes.kill('back');
    expect(await processState(first)).toBeUndefined();
    await system.processes.kill('back');
    await system.processes.start('back');
    await system.processes.start('back');
    await until(() => rig.states('back').filter((state) => state === 'ready').length === 2);
    const second = await pidOf(address);
    expect(second).not.toBe(first);

    await system.processes.pause('back');
    expect(await processState(second)).toBe('T');
    await system.processes.resume('back');
    expect(await processState(second)).not.toBe('T');
    expect(await pidOf(address)).toBe(second);
    expect(rig.states('back')).toEqual(['starting', 'ready', 'killed', 'starting', 'ready', 'paused', 'resumed']);
    expect(rig.processes.filter(({ service }) => service === 'back').map(({ state }) => state)).toEqual(['started', 'exited', 'started']);
  });

  it('ends a service that is frozen when the run ends', async () => {
    await using rig = await rigOf({ front: script(ECHO) });
    const system = await rig.up();
    await system.processes.pause('front');
    await system[Symbol.asyncDispose]();
    expect(await processesOfRun(rig.runId)).toEqual([]);
  });

  it('reports a service that dies by itself, and goes on', async () => {
    await using rig = await rigOf({ front: script(ECHO), back: script(ECHO) });
    const system = await rig.up();
    process.kill(await pidOf(addressOf(system.readyUrls['back'])), 'SIGTERM');
    await until(() => rig.states('back').includes('exited'));
    expect((await fetch(String(system.readyUrls['front']))).status).toBe(200);
    await expect(system.processes.pause('back')).rejects.toThrow(/Cannot pause service 'back': it was ended by SIGTERM/);
    await system.processes.resume('back');
  });

  it('says so when the fault proxy dies', async () => {
    await using rig = await rigOf({ front: script(ECHO) });
    const system = await rig.up();
    const pids = await processesOfRun(rig.runId);
    const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1')));
    const proxyPid = pids[commands.findIndex((command) => command.includes('proxy/main'))];
    process.kill(Number(proxyPid), 'SIGKILL');
    await expect(system.broken).rejects.toThrow(/proxy of the harness was ended by SIGKILL/);
  });

  it('gives a service that lost the race for its port another one, and its callers reach it there', async () => {
    const once = `
      const { existsSync, writeFileSync } = require('node:fs');
      const mark = process.env.MARK;
      if (!existsSync(mark)) { writeFileSync(mark, ''); console.error('Error: listen EADDRINUSE: address already in use'); process.exit(1); }
      ${ECHO}`;
    const folder = await rigOf({});
    await using rig = await rigOf({ front: script(ECHO), back: script(once, { env: { MARK: join(folder.runFolder, 'mark') } }) }, [
      call('front', 'back'),
    ]);
    const system = await rig.up();
    expect(await (await fetch(`http://${system.entry.host}:${system.entry.port}/call`)).text()).toBe('200');
    expect(rig.states('back')).toEqual(['starting', 'exited', 'starting', 'ready']);
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    [
      'exits at once',
      script(`console.error('no licence'); process.exit(3)`),
      ["service 'back': it exited with code 3 before it was ready", 'no licence'],
    ],
    [
      'never becomes ready',
      script(
        `require('node:http').createServer((q, r) => r.writeHead(503).end()).listen(process.env.PORT); console.log('warming up, Bearer abc')`,
        {
          readyWithinMs: 800,
        },
      ),
      ["service 'back': it was not ready within 800 ms: /readyz answered 503", 'warming up, Bearer […]'],
    ],
    [
      'never listens',
      script('setInterval(() => undefined, 1000)', { readyWithinMs: 300 }),
      ['not ready within 300 ms', 'ECONNREFUSED', 'It printed nothing'],
    ],
    ['is no program', script('', { command: ['/no/such/program'] }), ["service 'back'", 'ENOENT']],
    ['has no folder', script('', { cwd: 'no/such/folder' }), ['no/such/folder does not exist']],
    ['loses its port twice', script(`console.error('listen EADDRINUSE'); process.exit(1)`), ['EADDRINUSE', 'exited with code 1']],
  ])(
    'a service that %s fails the start by name, with its last lines and the way out, and leaves nothing behind',
    async (_, back, parts) => {
      await using rig = await rigOf({ front: script(ECHO), back }, [call('front', 'back')]);
      const failure: unknown = await rig.up().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(HarnessError);
      for (const part of [...parts, 'Way out']) expect(String(failure)).toContain(part);
      expect(await processesOfRun(rig.runId)).toEqual([]);
    },
  );

  it('counts an accepted connection where a service has no ready path', async () => {
    const tcp = `require('node:net').createServer((s) => s.end()).listen(process.env.PORT, '127.0.0.1')`;
    const { ready: _, ...back } = script(tcp);
    await using rig = await rigOf({ front: script(ECHO), back });
    const system = await rig.up();
    expect(Object.keys(system.readyUrls)).toEqual(['front']);
    expect(rig.states('back')).toEqual(['starting', 'ready']);
  });

  it('stops what it has started when the run is interrupted while services come up', async () => {
    await using rig = await rigOf({ front: script('setInterval(() => undefined, 1000)') });
    const up = rig.up().catch((error: unknown) => error);
    await until(() => rig.states('front').includes('starting'));
    rig.abort.abort(new Error('interrupted'));
    expect(String(await up)).toBe('Error: interrupted');
    expect(await processesOfRun(rig.runId)).toEqual([]);
  });

  it('leaves no process and no port within 3 s of the death of its harness', async () => {
    const parent = spawn(process.execPath, ['fixtures/stubborn/embedded-parent.ts'], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { runId, ports, folder } = await new Promise<{ runId: string; ports: number[]; folder: string }>((resolve, reject) => {
      parent.once('exit', (code) => reject(new Error(`the parent exited with code ${code}`)));
      createInterface(parent.stdout).once('line', (line) => resolve(JSON.parse(line) as never));
    });
    // The stubborn service, its two descendants, the proxy and the sentinel.
    expect((await processesOfRun(runId)).length).toBeGreaterThanOrEqual(5);
    parent.kill('SIGKILL');
    // A process that is ending shows no environment any more while its sockets are still being closed.
    await until(
      async () => (await processesOfRun(runId)).length === 0 && !(await Promise.all(ports.map(isListening))).includes(true),
      3000,
    );
    await rm(folder, { recursive: true });
  });
});

function addressOf(url: string | undefined): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(String(url));
  return { host: hostname, port: Number(port) };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
