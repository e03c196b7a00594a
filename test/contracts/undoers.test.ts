// Goal: whatever the kind of thing, undoing it removes what carries the run's mark and nothing else, twice is no error, and what is still there is told.
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RUN_LABEL, type Entry, type Owner, type Undoer } from '../../harness/run/ledger/contract.ts';
import { undoersWith } from '../../harness/run/undoers.ts';
import { fakeEngine, fakeToxiproxy, type FakeEngine, type FakeToxiproxy } from './undoers-world.ts';

const RUN = '1a2b3c4d';
const owner: Owner = { runId: RUN, pid: 1, startedTicks: '1', bootId: 'x' };
const OURS = { [RUN_LABEL]: RUN };
const FOREIGN = [{}, { [RUN_LABEL]: `${RUN}0` }, { [RUN_LABEL]: '' }, { team: RUN }];
const NAME = `halfopen-${RUN}-orders`;

let engine: FakeEngine;
let toxiproxy: FakeToxiproxy;
const undoers = undoersWith(async () => engine);

/** Where folders of runs lie; root may remove anything of its own, so that what is held is another user's. */
const temporary = mkdtempSync(join(tmpdir(), 'halfopen-undoers-'));
const FOLDER = join(temporary, `k6-${RUN}-0`);
const isRoot = process.getuid?.() === 0;
const holdFolder = (): void => (isRoot ? chownSync(FOLDER, 65_534, 65_534) : chmodSync(temporary, 0o500));
const freeFolders = (): void => {
  chmodSync(temporary, 0o700);
  for (const name of readdirSync(temporary)) rmSync(join(temporary, name), { recursive: true });
};
afterAll(() => rmSync(temporary, { recursive: true }));

/** How a kind's thing is made in the world, seen there, and kept from going. */
interface Sample {
  entry(): Entry;
  make(): void;
  /** What has the same name, or a like one, and is somebody else's. */
  makeForeign(): void;
  isThere(): boolean;
  hold(): void;
  breakDown(): void;
}

function onEngine(kind: 'container' | 'network' | 'volume'): Sample {
  return {
    entry: () => ({ kind, name: NAME }),
    make: () => void engine.things.push({ kind, name: NAME, labels: OURS }),
    makeForeign: () => {
      for (const labels of FOREIGN) engine.things.push({ kind, name: NAME, labels });
      engine.things.push({ kind, name: `${NAME}-2`, labels: OURS });
    },
    isThere: () => engine.things.some((thing) => thing.kind === kind && thing.name === NAME),
    hold: () => void engine.stuck.add(NAME),
    breakDown: () => void (engine.isDown = true),
  };
}

function onToxiproxy(entry: () => Entry, path: string): Sample {
  return {
    entry,
    make: () => void toxiproxy.paths.add(path),
    makeForeign: () => void toxiproxy.paths.add('/proxies/orders/toxics/storm').add('/proxies/orders'),
    isThere: () => toxiproxy.paths.has(path),
    hold: () => void (toxiproxy.refuses = 500),
    breakDown: () => void (toxiproxy.isFrozen = true),
  };
}

const PROJECT = { 'com.docker.compose.project': `halfopen-${RUN}` };
const samples: Readonly<Record<Entry['kind'], Sample>> = {
  container: onEngine('container'),
  network: onEngine('network'),
  volume: onEngine('volume'),
  toxic: onToxiproxy(
    () => ({ kind: 'toxic', controlUrl: toxiproxy.controlUrl, proxy: 'orders->payments', toxic: `storm#${RUN}` }),
    `/proxies/orders->payments/toxics/storm#${RUN}`,
  ),
  proxy: onToxiproxy(
    () => ({ kind: 'proxy', controlUrl: `${toxiproxy.controlUrl}/`, proxy: `halfopen-sentinel-${RUN}` }),
    `/proxies/halfopen-sentinel-${RUN}`,
  ),
  compose: {
    entry: () => ({ kind: 'compose', project: `halfopen-${RUN}`, files: [], folder: '/' }),
    make: () => {
      for (const kind of ['volume', 'network', 'container'] as const)
        engine.things.push({ kind, name: `${NAME}-${kind}`, labels: { ...PROJECT, ...OURS } });
    },
    makeForeign: () => {
      for (const [index, labels] of FOREIGN.entries())
        engine.things.push({ kind: 'container', name: `${NAME}-${index}`, labels: { ...PROJECT, ...labels } });
      engine.things.push({ kind: 'container', name: 'another', labels: { ...OURS, 'com.docker.compose.project': 'another' } });
    },
    isThere: () => engine.things.some(({ labels }) => labels[RUN_LABEL] === RUN && labels['com.docker.compose.project'] !== 'another'),
    hold: () => void engine.stuck.add(`${NAME}-network`),
    breakDown: () => void (engine.isDown = true),
  },
  folder: {
    entry: () => ({ kind: 'folder', path: FOLDER }),
    make: () => {
      mkdirSync(FOLDER);
      writeFileSync(join(FOLDER, 'plan.json'), '{}');
    },
    makeForeign: () => {
      mkdirSync(`${FOLDER}0`);
      mkdirSync(join(temporary, 'of-the-team'));
      symlinkSync(join(temporary, 'of-the-team'), FOLDER);
    },
    isThere: () => existsSync(FOLDER),
    hold: holdFolder,
    // Nobody is asked: whatever holds it answers at once.
    breakDown: holdFolder,
  },
};

beforeAll(async () => void (toxiproxy = await fakeToxiproxy()));
afterAll(() => toxiproxy[Symbol.asyncDispose]());
beforeEach(() => {
  engine = fakeEngine();
  toxiproxy.paths.clear();
  freeFolders();
  Object.assign(toxiproxy, { isFrozen: false, refuses: null });
});

it('there are undoers to hold to the contract, one for each kind of entry', () => {
  expect(Object.keys(undoers).toSorted()).toEqual(Object.keys(samples).toSorted());
  expect(Object.keys(undoers)).toEqual(['toxic', 'proxy', 'compose', 'container', 'network', 'volume', 'folder']);
});

describe.each(Object.keys(samples) as Entry['kind'][])('%s', (kind) => {
  const undoer = undoers[kind] as unknown as Undoer;
  const sample = samples[kind];
  const undo = (): Promise<boolean> => undoer.undo(sample.entry(), owner, new AbortController().signal);

  it('is what its row says', () => {
    expect(undoer.kind).toBe(kind);
    expect(undoer.describe(sample.entry())).toContain(RUN);
    expect(undoer.describe(sample.entry())).toContain(kind);
    expect(undoer.byHand(sample.entry())).toMatch(/^(docker|curl|rm) .*1a2b3c4d/);
  });

  it('is removed, and what was never made is no error', async () => {
    expect(await undo()).toBe(false);
    sample.make();
    expect(sample.isThere()).toBe(true);
    expect(await undo()).toBe(true);
    expect(sample.isThere()).toBe(false);
    expect(await undo()).toBe(false);
  });

  it('is left alone where it does not carry the mark, whatever its name', async () => {
    sample.makeForeign();
    const world = (): readonly unknown[] => [...engine.things, ...toxiproxy.paths, ...readdirSync(temporary)];
    const before = world();
    expect(before.length).toBeGreaterThan(0);
    expect(await undo()).toBe(false);
    expect(world()).toEqual(before);
  });

  it('is told when it is still there', async () => {
    sample.make();
    sample.hold();
    await expect(undo()).rejects.toThrow(/^Cannot remove .*1a2b3c4d/);
    expect(sample.isThere()).toBe(true);
  });

  it('is told, in bounded time, when whoever has it does not answer', async () => {
    sample.make();
    sample.breakDown();
    const startedMs = performance.now();
    await expect(undo()).rejects.toThrow(/^Cannot /);
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });
});

it.each(['toxic', 'proxy'] as const)('a %s of which the name does not carry the run is not asked for', async (kind) => {
  const entry = { kind, controlUrl: toxiproxy.controlUrl, proxy: 'orders', toxic: 'storm' } as Entry;
  toxiproxy.asked.length = 0;
  const undoer = undoers[kind] as unknown as Undoer;
  await expect(undoer.undo(entry, owner, new AbortController().signal)).rejects.toThrow(/must carry the run's id, 1a2b3c4d/);
  expect(toxiproxy.asked).toEqual([]);
});

it.each(['k6-other-0', `${RUN}/k6`])('a folder called %s, which does not carry the run, is not touched', async (name) => {
  const path = join(temporary, name);
  mkdirSync(path, { recursive: true });
  await expect(undoers.folder.undo({ kind: 'folder', path }, owner, new AbortController().signal)).rejects.toThrow(
    /must carry the run's id, 1a2b3c4d/,
  );
  expect(existsSync(path)).toBe(true);
});

it('a command by hand holds nothing that a shell would read', () => {
  const entry = { kind: 'toxic', controlUrl: "http://h/'$(x)", proxy: 'a', toxic: 'b' } as const;
  expect(undoers.toxic.byHand(entry)).toBe(String.raw`curl -X DELETE 'http://h/'\''$(x)/proxies/a/toxics/b'`);
});
