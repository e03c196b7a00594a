/**
 * Goal: a system of a compose file behaves for faults, probes and taps as one of containers of our own does; what cannot be started is told
 * with its reason; nothing is left, and what belongs to another project is never touched.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { PROJECT_LABEL } from '../../harness/run/environments/containers/undo.ts';
import { RUN_LABEL } from '../../harness/run/ledger/contract.ts';
import { call, drivers, ECHO, script, until, type Rig } from '../integration/environment-rig.ts';
import { composeRig } from './compose-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const services = { front: script(ECHO), back: script(ECHO) };
const edges = [call('front', 'back')];
const docker = (...args: readonly string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim();
const everythingOf = (rig: Rig): readonly string[] =>
  [RUN_LABEL, PROJECT_LABEL].flatMap((label) => {
    const filter = `label=${label}=${label === RUN_LABEL ? rig.runId : `halfopen-${rig.runId}`}`;
    return [
      docker('ps', '-aq', '--filter', filter),
      docker('network', 'ls', '-q', '--filter', filter),
      docker('volume', 'ls', '-q', '--filter', filter),
    ].filter((ids) => ids !== '');
  });
const ledgerOf = (rig: Rig): string => readFileSync(`${rig.runFolder}/ledger/${rig.runId}.jsonl`, 'utf8');

describeWithEngine('the environment compose', () => {
  afterEach(() => drivers.compose.release?.());

  it('leads calls through the relay, taps them, feels toxics of both proxies, and hands on what --set says', async () => {
    await using rig = await composeRig({ services, edges, overrides: { front: { SECRET: 'a$b "c"' } }, settings: { reuse: false } });
    const system = await rig.up();
    const url = `http://${system.entry.host}:${system.entry.port}`;
    expect(((await (await fetch(url)).json()) as { readonly callee: string }).callee).toBe('http://halfopen-relay:20001');
    expect(await (await fetch(`${url}/call`)).text()).toBe('200');
    const signal = AbortSignal.timeout(10_000);
    await system.proxy.addToxic(
      'front->back',
      { name: 'slow', type: 'latency', stream: 'downstream', attributes: { latency: 300 } },
      signal,
    );
    const startedMs = performance.now();
    expect(await (await fetch(`${url}/call`)).text()).toBe('200');
    expect(performance.now() - startedMs).toBeGreaterThan(290);
    await system.proxy.removeToxic('front->back', 'slow', signal);
    await system.proxy.flush(signal);
    const exchanges = rig.records.flatMap((record) => (record.table === 'exchanges' ? [record.row] : []));
    expect(exchanges.map(({ edge, status, fault }) => [edge, status, fault])).toEqual([
      ['front->back', 200, null],
      ['front->back', 200, 'slow'],
    ]);
    expect(docker('exec', `halfopen-${rig.runId}-front-1`, 'printenv', 'SECRET')).toBe('a$b "c"');
    // What the run added to the files may hold secrets, and is nowhere among the results.
    expect(docker('inspect', `halfopen-${rig.runId}-front-1`, '--format', '{{.HostConfig.PortBindings}}')).toMatch(/127\.0\.0\.1/);
    expect(ledgerOf(rig)).toContain(`"project":"halfopen-${rig.runId}"`);
    await system[Symbol.asyncDispose]();
    expect(everythingOf(rig)).toEqual([]);
    expect(ledgerOf(rig)).toContain('"gone"');
  });

  it('kills, starts, disconnects, unnames and squeezes, and undoes each', async () => {
    await using rig = await composeRig({ services, edges });
    const { processes, containers, entry } = await rig.up();
    const answer = async (): Promise<string> =>
      (await fetch(`http://${entry.host}:${entry.port}/call`, { signal: AbortSignal.timeout(20_000) })).text();
    await processes.kill('back');
    expect(await answer()).not.toBe('200');
    await processes.start('back');
    await until(() => rig.states('back').at(-1) === 'ready', 30_000);
    expect(await answer()).toBe('200');
    await containers?.disconnect('back');
    expect(docker('inspect', `halfopen-${rig.runId}-back-1`, '--format', '{{len .NetworkSettings.Networks}}')).toBe('0');
    await containers?.connect('back');
    await until(async () => (await answer()) === '200', 30_000);
    await containers?.unname('back');
    await containers?.name('back');
    await until(async () => (await answer()) === '200', 30_000);
    await containers?.squeeze('back', { cpus: 0.5, memoryMb: 64 });
    expect(docker('inspect', `halfopen-${rig.runId}-back-1`, '--format', '{{.HostConfig.CpuQuota}}')).toBe('50000');
    await containers?.relax('back');
    expect(rig.states('back').slice(0, 5)).toEqual(['starting', 'ready', 'killed', 'starting', 'ready']);
  });

  it('serves the next run with the same containers, reset and proved clean', async () => {
    const options = { services, edges };
    await using first = await composeRig(options);
    const system = await first.up();
    const signal = AbortSignal.timeout(20_000);
    await system.proxy.addToxic('front->back', { name: 'left', type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } }, signal);
    await system[Symbol.asyncDispose]();
    const before = docker('ps', '-q', '--filter', `label=${RUN_LABEL}=${first.runId}`);
    expect(before).not.toBe('');
    // The same place: a rig of its own would be another folder.
    const again = await first.up();
    expect(docker('ps', '-q', '--filter', `label=${RUN_LABEL}=${first.runId}`)).toBe(before);
    expect(await (await fetch(`http://${again.entry.host}:${again.entry.port}/call`)).text()).toBe('200');
  });

  it('puts a new Toxiproxy in the place of one that does not answer', async () => {
    await using rig = await composeRig({ services, edges });
    const { proxy, entry } = await rig.up();
    docker('pause', `halfopen-${rig.runId}-halfopen-toxiproxy-1`);
    const toxic = { name: 'cut', type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } } as const;
    await expect(proxy.addToxic('front->back', toxic, AbortSignal.timeout(60_000))).rejects.toThrow('Toxiproxy');
    await until(async () => (await (await fetch(`http://${entry.host}:${entry.port}/call`)).text()) === '200', 60_000);
    await proxy.addToxic('front->back', { ...toxic, type: 'latency', attributes: { latency: 1 } }, AbortSignal.timeout(10_000));
  });

  it.each([
    ['an edge that the overlay lacks', { services, edges: [...edges, call('back', 'front')] }, 'an edge of the overlay'],
    ['a service that the files lack', { services: { ...services, more: script(ECHO) }, edges }, 'a service of the compose files'],
  ])('refuses %s, and makes nothing', async (_, wanted, said) => {
    await using rig = await composeRig({ ...wanted, written: { services, edges } });
    await expect(rig.up()).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(said) as string });
    expect(everythingOf(rig)).toEqual([]);
  });

  it.each([
    ['a file that compose cannot read', { change: () => 'services: 3\n' }, 'UsageError', 'docker compose says\n'],
    ['a file that is not there', { settings: { files: ['nowhere.yml'] } }, 'UsageError', 'nowhere.yml does not (way out: halfopen compose'],
    ['no overlay among the files', { change: () => 'services:\n  front: { image: node:24-slim }\n' }, 'UsageError', 'no overlay in them'],
    [
      'an image that is nowhere',
      { more: { 'more.yml': 'services:\n  back: { image: "127.0.0.1:9/halfopen/nowhere:1" }\n' } },
      'HarnessError',
      '127.0.0.1:9/halfopen/nowhere:1, for back',
    ],
    [
      'two containers of a service',
      { more: { 'more.yml': 'services:\n  back: { deploy: { replicas: 2 } }\n' } },
      'UsageError',
      'services.back.deploy.replicas: expected 1, found 2',
    ],
    [
      'a service whose profile was not chosen',
      { more: { 'more.yml': 'services:\n  back: { profiles: [night] }\n' } },
      'UsageError',
      "compose: { profiles: ['night'] }",
    ],
  ])('refuses %s, and leaves nothing', async (_, options, name, said) => {
    await using rig = await composeRig({ services, edges, ...options });
    await expect(rig.up()).rejects.toMatchObject({ name, message: expect.stringContaining(said) as string });
    expect(everythingOf(rig)).toEqual([]);
  });

  it('names a port that is taken, and leaves nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await using rig = await composeRig({
      services,
      edges,
      more: { 'more.yml': `services:\n  back: { ports: ["127.0.0.1:${port}:9999"] }\n` },
    });
    await expect(rig.up()).rejects.toMatchObject({
      name: 'HarnessError',
      message: expect.stringMatching(new RegExp(`want port ${port} of this machine.*--drop-ports`)) as string,
    });
    expect(everythingOf(rig)).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['ends', `console.log('no database'); process.exit(4)`, {}, /it exited with code 4 before it was ready[\s\S]*no database/],
    [
      'is unhealthy while others wait for it',
      `console.log('still warming up'); setInterval(() => {}, 1000)`,
      {
        'more.yml':
          'services:\n  front: { depends_on: { back: { condition: service_healthy } } }\n' +
          '  back: { healthcheck: { test: ["CMD", "false"], interval: 200ms, retries: 2 } }\n',
      },
      /service 'back' of the compose files: it is unhealthy[\s\S]*still warming up/,
    ],
  ])('says why a service %s, with its last lines, and leaves nothing', async (_, source, more, said) => {
    await using rig = await composeRig({ services: { ...services, back: script(source) }, edges, more });
    await expect(rig.up()).rejects.toMatchObject({ name: 'HarnessError', message: expect.stringMatching(said) as string });
    expect(everythingOf(rig)).toEqual([]);
  });

  it('leaves alone a network and a volume that have the fixed names of its files, and takes its own down with a paused container in it', async () => {
    const names = { network: `halfopen-test-fixed-${process.pid}`, volume: `halfopen-test-fixed-${process.pid}` };
    docker('network', 'create', names.network);
    docker('volume', 'create', names.volume);
    try {
      const more =
        'services:\n  back: { volumes: ["data:/data"], networks: [own, default] }\n' +
        `networks:\n  own: { name: ${names.network} }\nvolumes:\n  data: { name: ${names.volume} }\n`;
      await using rig = await composeRig({ services, edges, more: { 'more.yml': more }, settings: { reuse: false } });
      const { processes, containers, [Symbol.asyncDispose]: dispose } = await rig.up();
      expect(docker('volume', 'ls', '-q', '--filter', `label=${RUN_LABEL}=${rig.runId}`)).toBe(`halfopen-${rig.runId}_data`);
      await containers?.disconnect('back');
      await containers?.connect('back');
      expect(docker('inspect', `halfopen-${rig.runId}-back-1`, '--format', '{{len .NetworkSettings.Networks}}')).toBe('2');
      await processes.pause('back');
      await dispose();
      expect(everythingOf(rig)).toEqual([]);
      expect(docker('network', 'ls', '-q', '--filter', `name=^${names.network}$`)).not.toBe('');
      expect(docker('volume', 'ls', '-q', '--filter', `name=^${names.volume}$`)).toBe(names.volume);
    } finally {
      docker('network', 'rm', names.network);
      docker('volume', 'rm', names.volume);
    }
  });

  it('ends at once and leaves nothing when the run is aborted while it comes up', async () => {
    await using rig = await composeRig({ services, edges });
    const up = rig.up();
    await until(() => everythingOf(rig).length > 0, 60_000);
    rig.abort.abort(new Error('stop'));
    await expect(up).rejects.toThrow('stop');
    expect(everythingOf(rig)).toEqual([]);
  });
});
