// Goal: what is noted can be read back, whatever happened to the writer, the file or the folder; nothing is made up and nothing is lost.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HarnessError } from '../../../../harness/model/problem.ts';
import { OWNER_LABEL, RUN_LABEL, type Entry } from '../../../../harness/run/ledger/contract.ts';
import { engineAddress, ledgerFolder } from '../../../../harness/run/ledger/folder.ts';
import { openLedger } from '../../../../harness/run/ledger/ledger.ts';
import { parseLedger, readLedgers, removeStored, strikeStored } from '../../../../harness/run/ledger/stored.ts';

const ORDERS: Entry = { kind: 'container', name: 'orders' };
const NET: Entry = { kind: 'network', name: 'net' };
const SHOP: Entry = { kind: 'compose', project: 'shop', files: ['a.yml', 'b.yml'], folder: '/shop' };

let folder: string;
beforeEach(() => {
  vi.stubEnv('HALFOPEN_REAPER', 'off');
  folder = join(mkdtempSync(join(tmpdir(), 'halfopen-ledger-')), 'state', 'ledger');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(folder, '../..'), { recursive: true, force: true });
});

const open = (runId: string) => openLedger({ folder, runId });
const entriesOf = (runId: string): readonly Entry[] | undefined => readLedgers(folder).find(({ owner }) => owner.runId === runId)?.entries;

describe('a ledger', () => {
  it('holds what was noted and not crossed out, in order', () => {
    using ledger = open('a');
    expect(existsSync(folder)).toBe(false);
    for (const entry of [ORDERS, NET, SHOP]) ledger.note(entry);
    ledger.strike({ name: 'orders', kind: 'container' });
    ledger.strike({ kind: 'volume', name: 'never noted' });
    expect(entriesOf('a')).toEqual([NET, SHOP]);
    const [stored] = readLedgers(folder);
    expect(stored).toMatchObject({ owner: ledger.owner, engine: engineAddress(), problems: [] });
    expect(ledger.owner.pid).toBe(process.pid);
    expect(Date.now() - (stored?.writtenMs ?? 0)).toBeLessThan(60_000);
  });

  it('leaves no file once it is closed and empty, in either order', () => {
    {
      using ledger = open('a');
      ledger.note(ORDERS);
      ledger.strike(ORDERS);
      expect(readdirSync(folder)).toEqual(['a.jsonl']);
    }
    expect(readdirSync(folder)).toEqual([]);
    const kept = open('b');
    kept.note(ORDERS);
    kept[Symbol.dispose]();
    expect(entriesOf('b')).toEqual([ORDERS]);
    kept.strike(ORDERS);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has labels that name the run and its owner', () => {
    const { labels, owner } = open('a');
    expect(labels).toEqual({ [RUN_LABEL]: 'a', [OWNER_LABEL]: `${owner.bootId}/${owner.pid}/${owner.startedTicks}` });
  });

  it('does not mix with the one of another run', () => {
    using first = open('a');
    using second = open('b');
    first.note(ORDERS);
    second.note(NET);
    first.note(SHOP);
    expect([entriesOf('a'), entriesOf('b')]).toEqual([[ORDERS, SHOP], [NET]]);
  });

  it('is begun anew where somebody removed it under a living run', () => {
    using ledger = open('a');
    ledger.note(ORDERS);
    rmSync(folder, { recursive: true });
    ledger.strike(ORDERS);
    expect(existsSync(folder)).toBe(false);
    ledger.note(NET);
    rmSync(folder, { recursive: true });
    ledger.note(SHOP);
    expect(readLedgers(folder)[0]).toMatchObject({ owner: ledger.owner, entries: [NET, SHOP], problems: [] });
  });

  it('refuses to write into the ledger of another run of its name', () => {
    open('a').note(ORDERS);
    expect(() => open('a').note(NET)).toThrow(/another run has that name/);
    expect(entriesOf('a')).toEqual([ORDERS]);
  });

  it.each([
    ['its folder cannot be made', () => writeFileSync(join(folder, '..'), ''), /^Cannot make the folder .*HALFOPEN_STATE/],
    ['its file cannot be written', () => mkdirSync(join(folder, 'a.jsonl'), { recursive: true }), /^Cannot write down .*a\.jsonl/],
  ])('says so before anything is made, where %s', (_, obstruct, message) => {
    mkdirSync(join(folder, '../..'), { recursive: true });
    obstruct();
    const ledger = open('a');
    expect(() => ledger.note(ORDERS)).toThrow(HarnessError);
    expect(() => ledger.note(ORDERS)).toThrow(message);
  });
});

describe('reading back', () => {
  it('finds nothing where there is no folder', () => {
    expect(readLedgers(folder)).toEqual([]);
  });

  it.each(['', ' ', '{"made":{"kind":"contai', '{"made"'])('leaves out a last line that was not finished: %j', (torn) => {
    open('a').note(ORDERS);
    appendFileSync(join(folder, 'a.jsonl'), torn);
    expect(readLedgers(folder)[0]).toMatchObject({ entries: [ORDERS], problems: [] });
    const [stored] = readLedgers(folder);
    if (stored !== undefined) strikeStored(stored, ORDERS);
    expect(readLedgers(folder)[0]).toMatchObject({ entries: [], problems: [] });
  });

  it('of a file cut at any byte tells a beginning of what was noted', () => {
    const ledger = open('a');
    for (const entry of [ORDERS, NET, SHOP]) ledger.note(entry);
    const path = join(folder, 'a.jsonl');
    const { length } = readFileSync(path);
    const seen = new Set<number>();
    for (let bytes = length; bytes >= 0; bytes--) {
      truncateSync(path, bytes);
      const [stored] = readLedgers(folder);
      expect(stored?.problems).toEqual([]);
      expect([ORDERS, NET, SHOP].slice(0, stored?.entries.length)).toEqual(stored?.entries);
      seen.add(stored?.entries.length ?? -1);
    }
    expect([...seen]).toEqual([3, 2, 1, 0]);
  });

  it.each([
    ['is no JSON', 'nonsense}'],
    ['names a kind that this version does not know', '{"made":{"kind":"spaceship","name":"x"}}'],
    ['names no name', '{"made":{"kind":"container"}}'],
    ['is JSON of something else', '{"what":{}}'],
    ['would reach into the prototype', '{"made":{"kind":"constructor"}}'],
  ])('tells of a line that %s, and goes on', (_, line) => {
    const { entries, problems } = parseLedger(`${line}\n${JSON.stringify({ made: NET })}\n`, 'a');
    expect(entries).toEqual([NET]);
    expect(problems).toEqual([`line 1 cannot be read: ${line}`]);
  });

  it('knows the run by its file where the beginning is lost', () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'dead.jsonl'), `${JSON.stringify({ made: NET })}\n`);
    expect(readLedgers(folder)[0]).toMatchObject({ owner: { runId: 'dead', pid: 0 }, engine: null, entries: [NET] });
  });

  it('tells of a file that cannot be read, and reads the others', () => {
    open('b').note(ORDERS);
    mkdirSync(join(folder, 'a.jsonl'));
    writeFileSync(join(folder, 'reaper.log'), 'no ledger');
    expect(readLedgers(folder).map(({ owner, entries, problems }) => [owner.runId, entries.length, problems.length])).toEqual([
      ['a', 0, 1],
      ['b', 1, 0],
    ]);
  });

  it('says so where the folder is none', () => {
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, '');
    expect(() => readLedgers(folder)).toThrow(/^Cannot look for what dead runs have left in .*HALFOPEN_STATE/);
  });

  it('leaves removed what two have cleaned at once', () => {
    open('a').note(ORDERS);
    const [stored] = readLedgers(folder);
    if (stored === undefined) throw new Error('there is no ledger');
    removeStored(stored);
    strikeStored(stored, ORDERS);
    expect(readdirSync(folder)).toEqual([]);
    removeStored(stored);
  });
});

describe('the folder of ledgers', () => {
  it.each([
    [{ HALFOPEN_STATE: '/a' }, '/a/ledger'],
    [{ HALFOPEN_STATE: 'a' }, join(process.cwd(), 'a/ledger')],
    [{ XDG_STATE_HOME: '/x', HALFOPEN_STATE: '' }, '/x/halfopen/ledger'],
    [{ XDG_STATE_HOME: 'relative' }, /\/\.local\/state\/halfopen\/ledger$/],
    [{}, /\/\.local\/state\/halfopen\/ledger$/],
  ] as const)('of %j is %s', (env, expected) => {
    if (typeof expected === 'string') expect(ledgerFolder(env)).toBe(expected);
    else expect(ledgerFolder(env)).toMatch(expected);
  });
});
