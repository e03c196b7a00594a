// Goal: each fault on a service does to real containers what docs/container-faults.md says, is undone however often and in whatever order it
// is withdrawn, and is told from one that nobody felt.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  availability,
  defineConfig,
  defineScenario,
  defineSystem,
  disconnect,
  get,
  kill,
  openLoad,
  pause,
  restart,
  runScenario,
  squeeze,
  stop,
  unresolvable,
} from '../../harness/index.ts';
import type { Fault } from '../../harness/model/fault.ts';
import { releaseEnvironments } from '../../harness/pipeline.ts';
import type { RunningSystem } from '../../harness/run/environments/contract.ts';
import type { FaultContext, FaultDriver } from '../../harness/run/faults/contract.ts';
import { faultDrivers } from '../../harness/run/faults/index.ts';
import { call, drivers, PROJECT, rigOf, script, until, type Rig } from '../integration/environment-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

/** `/new` calls the callee on a connection of its own, `/kept` on one that it keeps; each answers what the caller met. */
const CALLER = `
  const http = require('node:http');
  const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
  http.createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://caller');
    if (pathname === '/readyz') return res.end('ready');
    const path = searchParams.get('path') ?? '/';
    const timeout = Number(searchParams.get('within') ?? 2500);
    const call = http.get(process.env.CALLEE + path, { agent: pathname === '/kept' && kept, timeout }, (answer) => {
      answer.resume();
      answer.on('end', () => res.end(answer.statusCode + (call.reusedSocket ? ' on the same connection' : '')));
    });
    call.on('timeout', () => call.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
    call.on('error', ({ code }) => res.end(code));
  }).listen(process.env.PORT, '0.0.0.0');
`;

/** `/work` takes 20 ms of CPU, `/eat` 160 MB for good; calls the other one all the time, and says what it met whenever that changes. */
const CALLEE = `
  const http = require('node:http');
  const eaten = [];
  http.createServer((req, res) => {
    if (req.url === '/work') for (const from = process.cpuUsage(); process.cpuUsage(from).user < 20000; );
    if (req.url === '/eat') for (let piece = 1; piece <= 20; piece++) eaten.push(Buffer.alloc(8e6, piece));
    res.end('hello');
  }).listen(process.env.PORT, '0.0.0.0', () => {
    let last;
    const say = (text) => { if (text !== last) console.log('meets ' + text); last = text; setTimeout(tick, 50); };
    const tick = () => {
      const call = http.get(process.env.CALLEE + '/readyz', { agent: false, timeout: 2000 }, (answer) => { answer.resume(); answer.on('end', () => say(answer.statusCode)); });
      call.on('timeout', () => call.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
      call.on('error', ({ code }) => say(code));
    };
    tick();
  });
`;

describeWithEngine('faults on containers', () => {
  let rig: Rig;
  let system: RunningSystem;

  beforeAll(async () => {
    rig = await rigOf({ front: script(CALLER), back: script(CALLEE) }, [call('front', 'back'), call('back', 'front')], drivers.docker);
    system = await rig.up();
  }, 120_000);
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
    await drivers.docker.release?.();
  }, 60_000);

  // So that one that fails does not fail the rest.
  afterEach(async () => {
    for (const fault of every) await withdraw(fault);
  }, 60_000);

  const ask = async (path: string): Promise<string> => {
    const { host, port } = system.entry;
    const answer = await fetch(`http://${host}:${port}${path}`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(20_000) });
    return answer.text();
  };
  const serves = async (): Promise<void> => {
    await until(async () => (await ask('/new')) === '200', 20_000);
    await until(async () => (await ask('/kept')) === '200 on the same connection', 20_000);
  };
  /** What the callee last said that it met when it called. */
  const meets = (): string => rig.lines.findLast(({ text }) => text.startsWith('meets '))?.text ?? '';
  const driverOf = ({ kind }: Fault): FaultDriver => (faultDrivers as unknown as Record<string, FaultDriver>)[kind] as FaultDriver;
  const context = (): FaultContext => ({
    name: 'storm',
    seed: 1,
    system: { name: 'rig', entry: 'front', services: {}, edges: [], breakers: {} },
    proxy: system.proxy,
    processes: system.processes,
    containers: system.containers,
    signal: AbortSignal.timeout(60_000),
  });
  const inject = (fault: Fault): Promise<void> => driverOf(fault).inject(fault, context());
  const withdraw = (fault: Fault): Promise<void> => driverOf(fault).withdraw(fault, context());
  const inspected = (format: string): string =>
    execFileSync('docker', ['inspect', '--format', format, `halfopen-${rig.runId}-back`], { encoding: 'utf8' }).trim();

  const every: readonly Fault[] = [
    kill('back'),
    stop('back'),
    pause('back'),
    restart('back'),
    disconnect('back'),
    unresolvable('back'),
    squeeze('back', { cpus: 0.5, memoryMb: 256 }),
  ];
  it.each(every)(
    '$kind is withdrawn before it was injected, twice after it, and leaves the service as it was',
    async (fault) => {
      await serves();
      await withdraw(fault);
      await inject(fault);
      await withdraw(fault);
      await withdraw(fault);
      await serves();
      expect(inspected('{{.State.Status}} {{range .NetworkSettings.Networks}}{{.Aliases}}{{end}}')).toMatch(/^running .*back/);
      await until(() => meets() === 'meets 200');
    },
    60_000,
  );

  it('disconnect: an open connection hangs, a new one is cut, and what the service itself asks for never comes', async () => {
    await serves();
    await inject(disconnect('back'));
    expect(inspected('{{len .NetworkSettings.Networks}}')).toBe('0');
    await until(() => meets() === 'meets TIMEOUT');
    expect(await ask('/kept')).toBe('TIMEOUT');
    expect(await ask('/new')).toBe('ECONNRESET');
    await withdraw(disconnect('back'));
    await serves();
    await until(() => meets() === 'meets 200');
    expect(rig.states('back').slice(-2)).toEqual(['disconnected', 'connected']);
  }, 60_000);

  it('unresolvable: an open connection goes on, a new one is cut, and the service itself finds everybody', async () => {
    await serves();
    await inject(unresolvable('back'));
    expect(inspected('{{len .NetworkSettings.Networks}}')).toBe('1');
    expect(await ask('/kept')).toBe('200 on the same connection');
    expect(await ask('/new')).toBe('ECONNRESET');
    // Its network is away for the moment in which its names are taken.
    await until(() => meets() === 'meets 200');
    await withdraw(unresolvable('back'));
    expect(await ask('/kept')).toBe('200 on the same connection');
    await serves();
    expect(rig.states('back').slice(-2)).toEqual(['unnamed', 'named']);
  }, 60_000);

  it('squeeze: the CPU is rationed as asked, open and new connections are served slowly, and it is all given back', async () => {
    await serves();
    const lengthOf = async (count: number): Promise<number> => {
      const fromMs = performance.now();
      for (let index = 0; index < count; index++) expect(await ask('/new?path=/work&within=15000')).toBe('200');
      return (performance.now() - fromMs) / count;
    };
    await inject(squeeze('back', { cpus: 0.04 }));
    expect(inspected('{{.HostConfig.CpuQuota}}/{{.HostConfig.CpuPeriod}}')).toBe('4000/100000');
    // 20 ms of CPU at 4 ms in each 100 ms: five rations, and the last of the waits between them is over once the fifth begins.
    expect(await lengthOf(3)).toBeGreaterThan(300);
    await withdraw(squeeze('back', { cpus: 0.04 }));
    expect(Number(inspected('{{.HostConfig.CpuQuota}}'))).toBeLessThanOrEqual(0);
    await until(async () => (await lengthOf(1)) < 300, 30_000);
    expect(rig.states('back').slice(-2)).toEqual(['squeezed', 'relaxed']);
  }, 90_000);

  it('squeeze: a service that needs more memory than it has left is killed by the kernel, and started again with all of it', async () => {
    await serves();
    const fault = squeeze('back', { memoryMb: 64 });
    await inject(fault);
    expect(inspected('{{.HostConfig.Memory}}')).toBe(String(64 * 1024 * 1024));
    expect(await ask('/kept?path=/eat')).toBe('ECONNRESET');
    await until(() => rig.states('back').at(-1) === 'exited');
    expect(inspected('{{.State.OOMKilled}}')).toBe('true');
    expect(await ask('/new')).toBe('ECONNRESET');
    await withdraw(fault);
    await serves();
    expect(await ask('/kept?path=/eat')).toBe('200 on the same connection');
    expect(rig.states('back')).toEqual(expect.arrayContaining(['squeezed', 'exited', 'relaxed', 'starting']));
  }, 60_000);

  it('squeeze: less memory than the service holds already is refused by the engine, and nothing is changed', async () => {
    await serves();
    expect(await ask('/new?path=/eat')).toBe('200');
    const before = inspected('{{.HostConfig.Memory}}');
    const fault = squeeze('back', { memoryMb: 32 });
    const refused = inject(fault);
    // Where the kernel has cgroup v2, it is killed instead.
    const isOld = execFileSync('docker', ['info', '--format', '{{.CgroupVersion}}'], { encoding: 'utf8' }).trim() === '1';
    if (isOld) await expect(refused).rejects.toThrow(/^Cannot change the limits of container .*-back: .*current usage/);
    else await refused.catch((error: unknown) => error);
    if (isOld) expect(inspected('{{.HostConfig.Memory}}')).toBe(before);
    await withdraw(fault);
    await serves();
  }, 60_000);

  it('kill and stop: open and new connections are cut; pause: both hang', async () => {
    for (const fault of [kill('back'), stop('back')]) {
      await serves();
      await inject(fault);
      expect([await ask('/kept'), await ask('/new')]).toEqual(['ECONNRESET', 'ECONNRESET']);
      await withdraw(fault);
    }
    await serves();
    await inject(pause('back'));
    expect([await ask('/kept'), await ask('/new')]).toEqual(['TIMEOUT', 'TIMEOUT']);
    await withdraw(pause('back'));
    await serves();
    expect(rig.states('back')).toEqual(expect.arrayContaining(['killed', 'stopped', 'paused', 'resumed']));
  }, 90_000);
});

/** Asks both callees, `back` on new connections and `kept` on one that stays open. */
const FRONT = `
  const http = require('node:http');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = (url, agent) => new Promise((resolve) => {
    const call = http.get(url, { agent, timeout: 1500 }, (answer) => { answer.resume(); answer.on('end', resolve); });
    call.on('timeout', () => call.destroy());
    call.on('error', resolve);
  });
  http.createServer(async (req, res) => {
    if (req.url !== '/readyz') await Promise.all([call(process.env.BACK_URL, false), call(process.env.KEPT_URL, agent)]);
    res.end('hello');
  }).listen(process.env.PORT, '0.0.0.0');
`;
/** Takes 3 ms of CPU for each call. */
const BUSY = `
  require('node:http').createServer((req, res) => {
    for (const from = process.cpuUsage(); process.cpuUsage(from).user < 3000; );
    res.end('hello');
  }).listen(process.env.PORT, '0.0.0.0');
`;

describeWithEngine('a run with faults on containers', () => {
  afterAll(releaseEnvironments, 60_000);

  it('proves each by what its callers felt, and finds the one that nobody felt', async () => {
    const pair = defineSystem({
      name: 'trio',
      entry: 'front',
      services: {
        front: { command: ['node', '-e', FRONT], ready: '/readyz', calls: { back: 'BACK_URL', kept: 'KEPT_URL' } },
        back: { command: ['node', '-e', BUSY], ready: '/' },
        kept: { command: ['node', '-e', BUSY], ready: '/' },
      },
    });
    const scenario = defineScenario(pair, {
      name: 'container-faults',
      title: 'Faults on containers are felt',
      load: openLoad({ ratePerSecond: 20, requests: [get('call', '/call')] }),
      warmup: '1s',
      baseline: '3s',
      faults: [
        { name: 'cut', inject: disconnect('back'), from: '0s', for: '1s' },
        { name: 'nameless', inject: unresolvable('back'), from: '3s', for: '1s' },
        { name: 'pooled', inject: unresolvable('kept'), from: '5s', for: '1s' },
        { name: 'squeezed', inject: squeeze('back', { cpus: 0.01 }), from: '7s', for: '2s' },
        { name: 'stopped', inject: stop('back'), from: '11s', for: '1s' },
      ],
      recovery: '4s',
      expect: [availability({ during: 'recovery', min: 0.1 })],
    });
    const folder = await mkdtemp(join(tmpdir(), 'halfopen-container-faults-'));
    try {
      const { verdict, recording } = await runScenario(scenario, {
        config: defineConfig({}),
        environment: 'docker',
        seed: 1,
        pace: 'full',
        overrides: {},
        runFolder: join(folder, 'run'),
        projectFolder: PROJECT,
        signal: AbortSignal.timeout(120_000),
      });
      const felt = verdict.findings.filter(({ check }) => check === 'fault-was-felt');
      expect(Object.fromEntries(felt.map(({ subject, verdict: said }) => [subject, said]))).toEqual({
        cut: 'pass',
        nameless: 'pass',
        pooled: 'invalid',
        squeezed: 'pass',
        stopped: 'pass',
      });
      const sentence = (subject: string): string | undefined => felt.find((finding) => finding.subject === subject)?.sentence;
      expect(sentence('pooled')).toMatch(/fault never felt: 'pooled' touched 0 of \d+ exchanges on front->kept/);
      expect(sentence('squeezed')).toMatch(/was felt: \d+ of \d+ calls of front->back failed or took over/);
      const states = recording.events.flatMap((event) => (event.kind === 'service' && event.service === 'back' ? [event.state] : []));
      expect(states.filter((state) => !['starting', 'ready'].includes(state)).slice(0, 7)).toEqual([
        'disconnected',
        'connected',
        'unnamed',
        'named',
        'squeezed',
        'relaxed',
        'stopped',
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 180_000);
});
