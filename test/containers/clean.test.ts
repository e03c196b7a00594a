// Goal: on a real engine `clean` removes what dead runs have made, in whatever state it is, and leaves alone what is somebody else's, whatever its name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Entry, Owner } from '../../harness/run/ledger/contract.ts';
import { labelsOf, ownerHere } from '../../harness/run/ledger/owner.ts';
import { startOwnEngine, type OwnEngine } from '../../scripts/prove/own-engine.ts';
import { eventually, halfopen, temporaryFolder, type Ended } from '../cli/halfopen.ts';
import { deadOwner, plantLedger } from '../planted-ledger.ts';
import { describeWithOwnEngine } from './own-engine-at-hand.ts';

/** Small, and it goes on until it is stopped. */
const IMAGE = 'ghcr.io/shopify/toxiproxy:2.12.0';
const LEDGER = new URL('../../harness/run/ledger/index.ts', import.meta.url).href;
const REAPED_WITHIN_MS = 30_000;

type Labels = Readonly<Record<string, string>>;

let engine: OwnEngine;
let state: string;

const flags = (labels: Labels): readonly string[] => Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
const clean = (...words: readonly string[]): Promise<Ended> =>
  halfopen(['clean', ...words], { env: { HALFOPEN_STATE: state, DOCKER_HOST: engine.host } });

async function makeContainer(name: string, labels: Labels, network = 'none'): Promise<void> {
  await engine.docker('run', '--detach', '--name', name, '--network', network, ...flags(labels), IMAGE);
}

async function makeNetwork(name: string, labels: Labels): Promise<void> {
  await engine.docker('network', 'create', ...flags(labels), name);
}

async function makeVolume(name: string, labels: Labels): Promise<void> {
  await engine.docker('volume', 'create', ...flags(labels), name);
}

/** Everything on the engine but what every engine has: `container x`. */
async function things(): Promise<readonly string[]> {
  const lists = await Promise.all([
    engine.docker('ps', '--all', '--format', 'container {{.Names}}'),
    engine.docker('network', 'ls', '--filter', 'type=custom', '--format', 'network {{.Name}}'),
    engine.docker('volume', 'ls', '--format', 'volume {{.Name}}'),
  ]);
  return lists.flatMap((text) => text.split('\n').filter((line) => line !== '')).toSorted();
}

async function removeAll(): Promise<void> {
  const words = { container: ['rm', '--force', '--volumes'], network: ['network', 'rm'], volume: ['volume', 'rm'] } as const;
  for (const [kind, remove] of Object.entries(words)) {
    const names = (await things()).filter((thing) => thing.startsWith(`${kind} `)).map((thing) => thing.slice(kind.length + 1));
    if (names.length > 0) await engine.docker(...remove, ...names);
  }
}

describeWithOwnEngine('clean on an engine', () => {
  beforeAll(async () => void (engine = await startOwnEngine([IMAGE])));
  afterAll(() => engine[Symbol.asyncDispose]());
  beforeEach(() => void (state = temporaryFolder()));
  afterEach(removeAll);

  test('removes all that a dead run has written down: running, paused, stopped, off its network, never made', async () => {
    const owner = deadOwner('1a2b3c4d');
    const labels = labelsOf(owner);
    await makeNetwork('halfopen-1a2b3c4d', labels);
    await makeVolume('halfopen-1a2b3c4d-data', labels);
    const names = ['running', 'paused', 'stopped', 'disconnected'].map((name) => `halfopen-1a2b3c4d-${name}`);
    for (const name of names) await makeContainer(name, labels, 'halfopen-1a2b3c4d');
    await engine.docker('pause', 'halfopen-1a2b3c4d-paused');
    await engine.docker('stop', '--time', '0', 'halfopen-1a2b3c4d-stopped');
    await engine.docker('network', 'disconnect', 'halfopen-1a2b3c4d', 'halfopen-1a2b3c4d-disconnected');
    const entries: readonly Entry[] = [
      { kind: 'network', name: 'halfopen-1a2b3c4d' },
      { kind: 'volume', name: 'halfopen-1a2b3c4d-data' },
      ...[...names, 'halfopen-1a2b3c4d-never-made'].map((name) => ({ kind: 'container', name }) as const),
    ];
    plantLedger(state, { owner, engine: engine.host, entries });
    expect(await things()).toHaveLength(6);

    const { code, stdout } = await clean();
    expect(code, stdout).toBe(0);
    expect(await things()).toEqual([]);
    expect(stdout).toContain('  · container halfopen-1a2b3c4d-never-made was gone already\n');
    expect(stdout).toMatch(/\n6 things undone, nothing is left\. .* at the engine \d+/);
    expect((await clean()).stdout).toMatch(/^Nothing is left behind\. /);
  });

  test('leaves alone what has the names that a dead run has written down, and not its label', async () => {
    const owner = deadOwner('1a2b3c4d');
    const foreign: readonly Labels[] = [{}, { 'dev.halfopen.run': '1a2b3c4' }, { team: '1a2b3c4d' }];
    const entries: Entry[] = [];
    for (const [index, labels] of foreign.entries()) {
      const name = `halfopen-1a2b3c4d-${index}`;
      await makeNetwork(name, labels);
      await makeVolume(name, labels);
      await makeContainer(name, labels, name);
      for (const kind of ['container', 'network', 'volume'] as const) entries.push({ kind, name });
    }
    plantLedger(state, { owner, engine: engine.host, entries });
    const before = await things();
    expect(before).toHaveLength(9);
    const { code, stdout } = await clean('--all');
    expect(code, stdout).toBe(0);
    // The label of another run, with no owner, is that run's: nothing but --all takes it.
    expect(await things()).toEqual(before.filter((thing) => !thing.endsWith('-1')));
  });

  test('finds by its labels what no ledger names, and tells the dead from the living and the unknown', async () => {
    const owners: Readonly<Record<string, Owner>> = {
      dead: deadOwner('dead'),
      living: ownerHere('living'),
      elsewhere: { ...deadOwner('elsewhere'), bootId: 'another-boot.1' },
    };
    for (const [name, owner] of Object.entries(owners)) await makeContainer(name, labelsOf(owner));
    const planned = await clean('--dry-run');
    expect(planned.stdout).toMatch(/run dead .*\n {4}container dead\n/);
    expect(await things()).toHaveLength(3);
    const first = await clean();
    expect(first.code, first.stdout).toBe(0);
    expect(await things()).toEqual(['container elsewhere', 'container living']);
    expect(first.stdout).toMatch(/run living \(process \d+ runs\): one thing left alone\n/);
    expect(first.stdout).toMatch(/run elsewhere .*: one thing left alone \(way out: halfopen clean --all\)\n/);
    await clean('--all');
    expect(await things()).toEqual(['container living']);
  });

  test('takes down a compose project by its labels, and spares what is in it without the run’s own', async () => {
    const owner = deadOwner('1a2b3c4d');
    const project = { 'com.docker.compose.project': 'halfopen-1a2b3c4d' };
    const labels = { ...project, ...labelsOf(owner) };
    await makeNetwork('shop_default', labels);
    await makeVolume('shop_data', labels);
    await makeContainer('shop-orders-1', labels, 'shop_default');
    await makeContainer('shop-foreign-1', project);
    const entry: Entry = { kind: 'compose', project: 'halfopen-1a2b3c4d', files: ['docker-compose.yml'], folder: '/shop' };
    plantLedger(state, { owner, engine: engine.host, entries: [entry] });
    const { code, stdout } = await clean();
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^run 1a2b3c4d .*\n {2}✓ compose project halfopen-1a2b3c4d\none thing undone/);
    expect(await things()).toEqual(['container shop-foreign-1']);
  });

  test('cannot remove a network in which somebody else has a container, and says so until it can', async () => {
    const owner = deadOwner('1a2b3c4d');
    await makeNetwork('halfopen-1a2b3c4d', labelsOf(owner));
    await makeContainer('debugger', {}, 'halfopen-1a2b3c4d');
    plantLedger(state, { owner, engine: engine.host, entries: [{ kind: 'network', name: 'halfopen-1a2b3c4d' }] });
    const first = await clean();
    expect(first.code).toBe(3);
    expect(first.stdout).toMatch(/✗ network halfopen-1a2b3c4d: .*active endpoints.*\n {6}→ docker network rm halfopen-1a2b3c4d\n/);
    expect(await things()).toEqual(['container debugger', 'network halfopen-1a2b3c4d']);
    await engine.docker('network', 'disconnect', 'halfopen-1a2b3c4d', 'debugger');
    expect((await clean()).code).toBe(0);
    expect(await things()).toEqual(['container debugger']);
  });

  test('keeps everything written down while the engine is away', async () => {
    const owner = deadOwner('1a2b3c4d');
    await makeContainer('halfopen-1a2b3c4d-orders', labelsOf(owner));
    plantLedger(state, { owner, engine: engine.host, entries: [{ kind: 'container', name: 'halfopen-1a2b3c4d-orders' }] });
    await engine.crash();
    const first = await clean();
    await engine.start();
    expect(first.code).toBe(3);
    expect(first.stdout).toContain('→ docker rm -f -v halfopen-1a2b3c4d-orders');
    expect(await things()).toEqual(['container halfopen-1a2b3c4d-orders']);
    expect((await clean()).code).toBe(0);
    expect(await things()).toEqual([]);
  });

  test('is not needed where the reaper is: it takes what there was, and what the engine still makes after the death', async () => {
    const runId = '5e6f7a8b';
    const script = `
      import { openLedger } from '${LEDGER}';
      const ledger = openLedger({ folder: process.argv[1], runId: '${runId}' });
      for (const kind of ['network', 'container', 'volume']) ledger.note({ kind, name: 'halfopen-${runId}' });
      ledger.note({ kind: 'container', name: 'halfopen-${runId}-late' });
      console.log(JSON.stringify(ledger.labels));
      setInterval(() => {}, 1000);
    `;
    const folder = join(state, 'ledger');
    const harness = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DOCKER_HOST: engine.host },
    });
    const [line] = (await once(createInterface({ input: harness.stdout }), 'line')) as [string];
    const labels = JSON.parse(line) as Labels;
    await makeNetwork(`halfopen-${runId}`, labels);
    await makeVolume(`halfopen-${runId}`, labels);
    await makeContainer(`halfopen-${runId}`, labels, `halfopen-${runId}`);
    await engine.docker('pause', `halfopen-${runId}`);
    await makeContainer(`halfopen-${runId}-foreign`, {});
    harness.kill('SIGKILL');
    await once(harness, 'exit');
    await makeContainer(`halfopen-${runId}-late`, labels);
    await eventually('only the foreign container is left', REAPED_WITHIN_MS, async () => (await things()).length === 1);
    expect(await things()).toEqual([`container halfopen-${runId}-foreign`]);
  });
});
