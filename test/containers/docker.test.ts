/**
 * Goal: a system in containers behaves for faults, probes and taps as one of child processes does; what is acted on is read back from the
 * engine; nothing is left, whatever failed; and what is kept for a next run is clean or made anew.
 */
import { execFileSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import type { ExchangeRow } from '../../harness/model/recording.ts';
import { connectEngine } from '../../harness/run/environments/containers/engine.ts';
import { RUN_LABEL } from '../../harness/run/ledger/contract.ts';
import { call, drivers, ECHO, rigOf, script, until, type Rig } from '../integration/environment-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const driver = drivers.docker;
const services = { front: script(ECHO), back: script(ECHO) };
const edges = [call('front', 'back')];

const containersOf = (rig: Rig): readonly string[] =>
  execFileSync('docker', ['ps', '-aq', '--no-trunc', '--filter', `label=${RUN_LABEL}=${rig.runId}`], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
const statusOf = async (rig: Rig, service: string): Promise<string> =>
  (await (await connectEngine()).container(`halfopen-${rig.runId}-${service}`).inspect()).status;
const exchangesOf = (rig: Rig): readonly Omit<ExchangeRow, 'id'>[] =>
  rig.records.flatMap((record) => (record.table === 'exchanges' ? [record.row] : []));
const facts = (rig: Rig, what: string): readonly string[] =>
  rig.records.flatMap((record) =>
    record.table === 'events' && record.row.kind === 'environment' && record.row.what === what ? [record.row.detail] : [],
  );

describeWithEngine('the environment docker', () => {
  afterEach(() => driver.release?.());

  it('wires callers to callees through relay and Toxiproxy, and taps what passes', async () => {
    await using rig = await rigOf(services, edges, driver);
    const system = await rig.up();
    const { host, port } = system.entry;
    const { callee } = (await (await fetch(`http://${host}:${port}/`)).json()) as { readonly callee: string };
    expect(callee).toMatch(/^http:\/\/halfopen-relay:\d+$/);
    expect(await (await fetch(`http://${host}:${port}/call`)).text()).toBe('200');
    await system.proxy.flush(AbortSignal.timeout(5000));
    expect(exchangesOf(rig).map(({ edge, status, outcome }) => ({ edge, status, outcome }))).toEqual([
      { edge: 'front->back', status: 200, outcome: 'answered' },
    ]);
    // The words on stdout reached the run, and the log without the secret.
    expect(rig.lines.some(({ service, text }) => service === 'front' && text.startsWith('listening'))).toBe(true);
    expect(facts(rig, 'image')).toHaveLength(2);
    for (const detail of facts(rig, 'image')) expect(detail).toMatch(/sha256:[0-9a-f]{64}$/);
    expect(rig.states('front')).toEqual(['starting', 'ready']);
  });

  it('kills, starts, stops, pauses and resumes, each read back from the engine', async () => {
    await using rig = await rigOf(services, edges, driver);
    const { processes, entry } = await rig.up();
    const answer = async (): Promise<string> => (await fetch(`http://${entry.host}:${entry.port}/call`)).text();
    await processes.kill('back');
    expect(await statusOf(rig, 'back')).toBe('exited');
    await processes.kill('back');
    expect(await answer()).not.toBe('200');
    await processes.start('back');
    await processes.start('back');
    await until(async () => (await answer()) === '200');
    await until(() => rig.states('back').at(-1) === 'ready');
    await processes.pause('back');
    expect(await statusOf(rig, 'back')).toBe('paused');
    await processes.resume('back');
    await processes.resume('back');
    expect(await answer()).toBe('200');
    await processes.pause('back');
    await processes.stop('back');
    expect(await statusOf(rig, 'back')).toBe('exited');
    await processes.start('back');
    await until(async () => (await answer()) === '200');
    await until(() => rig.states('back').at(-1) === 'ready');
    expect(rig.states('back').join(' ')).toBe('starting ready killed starting ready paused resumed paused stopped starting ready');
    const lives = rig.processes.filter(({ service }) => service === 'back').map(({ state }) => state);
    expect(lives).toEqual(['started', 'exited', 'started', 'exited', 'started']);
  });

  it('takes a service off the network, takes its name, squeezes it, and undoes each, twice without harm', async () => {
    await using rig = await rigOf({ ...services, back: script(ECHO, { resources: { cpus: 0.5 } }) }, edges, driver);
    const { containers, entry } = await rig.up();
    if (containers === null) throw new Error('It has to control containers.');
    const engine = await connectEngine();
    const back = engine.container(`halfopen-${rig.runId}-back`);
    const network = `halfopen-${rig.runId}`;
    const text = async (): Promise<string> => (await fetch(`http://${entry.host}:${entry.port}/call`)).text();

    await containers.disconnect('back');
    await containers.disconnect('back');
    expect((await back.inspect()).networks).toEqual({});
    const asked = fetch(`http://${entry.host}:${entry.port}/call`, { signal: AbortSignal.timeout(3000) }).then((answer) => answer.status);
    await expect(asked.catch((error: Error) => error.name)).resolves.not.toBe(200);
    await containers.connect('back');
    await containers.connect('back');
    expect((await back.inspect()).networks[network]).toContain('back');
    await until(async () => (await text()) === '200');

    await containers.unname('back');
    expect((await back.inspect()).networks[network]).not.toContain('back');
    expect(await text()).not.toBe('200');
    await containers.name('back');
    await containers.name('back');
    await until(async () => (await text()) === '200');

    await containers.squeeze('back', { cpus: 0.1, memoryMb: 64 });
    expect(await back.inspect()).toMatchObject({ cpus: 0.1, memoryBytes: 64 * 1024 * 1024 });
    await containers.relax('back');
    await containers.relax('back');
    expect((await back.inspect()).cpus).toBe(0.5);
    expect((await back.inspect()).memoryBytes).toBeGreaterThan(1024 * 1024 * 1024);
    expect(rig.states('back').slice(2).join(' ')).toBe(
      'disconnected disconnected connected connected unnamed named named squeezed relaxed relaxed',
    );
  });

  it('tells of a service that ends by itself, and says why a service does not get ready, leaving nothing', async () => {
    await using rig = await rigOf({ front: script(`console.log('I say why'); process.exit(3)`) }, [], driver);
    await expect(rig.up()).rejects.toThrow(/Cannot start service 'front' .*exited with code 3 before it was ready[\s\S]*I say why/);
    expect(rig.states('front')).toContain('exited');
    expect(containersOf(rig)).toEqual([]);
    expect(await (await connectEngine()).labelled(`${RUN_LABEL}=${rig.runId}`)).toEqual([]);
  });

  it('says that the harness’s own container went away', async () => {
    await using rig = await rigOf({ front: script(ECHO) }, [], driver);
    const { broken } = await rig.up();
    execFileSync('docker', ['kill', `halfopen-${rig.runId}-halfopen-relay`]);
    await expect(broken).rejects.toThrow(`halfopen-${rig.runId}-halfopen-relay exited with code 137`);
  });

  it('serves a next run with the same containers, clean: no toxic, breakers told again, nothing of the first run in its record', async () => {
    const talkative = script(`${ECHO} console.log('{"halfopen":"breaker","name":"b","state":"closed"}')`);
    const declared = { front: talkative, back: script(ECHO) };
    await using first = await rigOf(declared, edges, driver);
    const one = await first.up();
    await one.proxy.addToxic(
      'front->back',
      { name: 'slow', type: 'latency', stream: 'downstream', attributes: { latency: 1500 } },
      AbortSignal.timeout(5000),
    );
    const before = containersOf(first);
    await one[Symbol.asyncDispose]();
    expect(containersOf(first)).toEqual(before);

    await using second = await rigOf(declared, edges, driver);
    const startedMs = performance.now();
    const two = await second.up();
    const tookMs = performance.now() - startedMs;
    expect(containersOf(first)).toEqual(before);
    expect(containersOf(second)).toEqual([]);
    expect(facts(second, 'clean')).toEqual([expect.stringContaining('2 containers run, connected, named and limited as at the start')]);
    expect(second.lines.map(({ text }) => text)).toEqual(['{"halfopen":"breaker","name":"b","state":"closed"}']);
    const { host, port } = two.entry;
    const askedMs = performance.now();
    expect(await (await fetch(`http://${host}:${port}/call`)).text()).toBe('200');
    expect(performance.now() - askedMs).toBeLessThan(1500);
    await two.proxy.flush(AbortSignal.timeout(5000));
    expect(exchangesOf(second)).toHaveLength(1);
    expect(tookMs).toBeLessThan(10_000);
    await two[Symbol.asyncDispose]();
    await driver.release?.();
    expect(containersOf(first)).toEqual([]);
  });

  it.each([
    ['paused', (name: string) => execFileSync('docker', ['pause', name])],
    ['gone', (name: string) => execFileSync('docker', ['rm', '-f', name])],
    ['off the network', (name: string) => execFileSync('docker', ['network', 'disconnect', '-f', name.replace(/-back$/, ''), name])],
    ['with less to use', (name: string) => execFileSync('docker', ['update', '--cpu-quota', '5000', name])],
  ])('makes everything anew where a container was left %s', async (_, soil) => {
    await using first = await rigOf(services, edges, driver);
    await (await first.up())[Symbol.asyncDispose]();
    soil(`halfopen-${first.runId}-back`);
    await using second = await rigOf(services, edges, driver);
    const system = await second.up();
    expect(facts(second, 'clean')).toEqual([expect.stringMatching(/^made anew: /)]);
    expect(containersOf(first)).toEqual([]);
    expect(await (await fetch(`http://${system.entry.host}:${system.entry.port}/call`)).text()).toBe('200');
  });

  it('starts a service anew whose breaker was not closed', async () => {
    const open = script(`${ECHO} console.log('{"halfopen":"breaker","name":"b","state":"open"}')`);
    await using first = await rigOf({ front: open }, [], driver);
    await (await first.up())[Symbol.asyncDispose]();
    await using second = await rigOf({ front: open }, [], driver);
    await second.up();
    expect(facts(second, 'clean')).toEqual([expect.stringContaining('started anew, as a breaker of theirs was not closed: front')]);
  });
});
