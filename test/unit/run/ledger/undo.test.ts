// Goal: undoing keeps its order, tries again what may still go, is bounded, and tells of each thing what became of it.
import { describe, expect, it } from 'vitest';
import type { Entry, Owner, Undoer, Undoers } from '../../../../harness/run/ledger/contract.ts';
import { undoEntries, undoUntilQuiet, type Undone } from '../../../../harness/run/ledger/undo.ts';

const owner: Owner = { runId: 'a', pid: 1, startedTicks: '1', bootId: 'x' };
const KINDS = ['toxic', 'proxy', 'compose', 'container', 'network', 'volume'] as const;

/** Undoers that note what is asked of them; `answer` decides how each try ends. */
function world(answer: (name: string, tries: number) => boolean | Promise<boolean>) {
  const asked: string[] = [];
  const tries = new Map<string, number>();
  const row = (kind: Entry['kind']): Undoer => ({
    kind,
    isOnEngine: true,
    async undo(entry) {
      const name = JSON.stringify(entry);
      asked.push(nameOf(entry));
      tries.set(name, (tries.get(name) ?? 0) + 1);
      return answer(nameOf(entry), tries.get(name) ?? 0);
    },
    describe: nameOf,
    byHand: (entry) => `remove ${nameOf(entry)}`,
  });
  return { asked, undoers: Object.fromEntries(KINDS.map((kind) => [kind, row(kind)])) as unknown as Undoers };
}

function nameOf(entry: Entry): string {
  return 'name' in entry ? entry.name : entry.kind;
}

const container = (name: string): Entry => ({ kind: 'container', name });
const network = (name: string): Entry => ({ kind: 'network', name });
const outcomes = (undone: readonly Undone[]): readonly string[] => undone.map(({ what, outcome }) => `${what} ${outcome}`);

function context(undoers: Undoers, signal: AbortSignal = new AbortController().signal) {
  const told: string[] = [];
  return { owner, undoers, signal, told, onUndone: ({ what }: Undone) => void told.push(what) };
}

describe('undoing', () => {
  it('goes through the kinds in the order of the table, each after the one before', async () => {
    const { asked, undoers } = world(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return true;
    });
    const entries = [network('n'), container('c1'), { kind: 'volume', name: 'v' }, container('c2')] as const;
    const undone = await undoEntries(entries, context(undoers));
    expect(asked).toEqual(['c1', 'c2', 'n', 'v']);
    expect(outcomes(undone)).toEqual(['c1 undone', 'c2 undone', 'n undone', 'v undone']);
  });

  it('tells what was not there from what was', async () => {
    const { undoers } = world((name) => name === 'c1');
    expect(outcomes(await undoEntries([container('c1'), container('c2')], context(undoers)))).toEqual(['c1 undone', 'c2 absent']);
  });

  it('tries again what is held at first', async () => {
    const { asked, undoers } = world((_, tries) => {
      if (tries < 3) throw new Error('has active endpoints');
      return true;
    });
    expect(outcomes(await undoEntries([network('n')], context(undoers)))).toEqual(['n undone']);
    expect(asked).toHaveLength(3);
  });

  it('gives up after four tries, with the reason and the command, and goes on with the others', async () => {
    const { asked, undoers } = world((name) => {
      if (name === 'n') throw new Error('has active endpoints');
      return true;
    });
    const told = context(undoers);
    const undone = await undoEntries([network('n'), network('m'), { kind: 'volume', name: 'v' }], told);
    expect(asked.filter((name) => name === 'n')).toHaveLength(4);
    expect(outcomes(undone).toSorted()).toEqual(['m undone', 'n left', 'v undone']);
    expect(undone.find(({ what }) => what === 'n')).toMatchObject({ reason: 'has active endpoints', byHand: 'remove n' });
    expect(told.told.toSorted()).toEqual(['m', 'n', 'v']);
  });

  it('ends with its signal, whatever is hanging', async () => {
    const { undoers } = world((name) => (name === 'c' ? new Promise<boolean>(() => undefined) : true));
    const undone = await undoEntries([container('c'), network('n')], context(undoers, AbortSignal.timeout(50)));
    expect(outcomes(undone)).toEqual(['c left', 'n left']);
    expect(undone[0]?.reason).toBe('it was not undone in time');
  });
});

describe('undoing until it is quiet', () => {
  it('takes what turns up meanwhile, and waits for it as long as told', async () => {
    const { undoers } = world(() => true);
    const late = [[], [container('late')], [], [container('later')]];
    const startedMs = performance.now();
    const undone = await undoUntilQuiet([container('c')], {
      ...context(undoers),
      quietMs: 600,
      stragglers: async () => late.shift() ?? [],
    });
    expect(outcomes(undone)).toEqual(['c undone', 'late undone', 'later undone']);
    expect(performance.now() - startedMs).toBeGreaterThan(600);
  });

  it('looks once where nothing is to be waited for', async () => {
    const { undoers } = world(() => true);
    let looks = 0;
    await undoUntilQuiet([], {
      ...context(undoers),
      quietMs: 0,
      stragglers: async () => {
        looks++;
        return [];
      },
    });
    expect(looks).toBe(1);
  });

  it('does not try for ever what does not go', async () => {
    const { asked, undoers } = world(() => {
      throw new Error('no');
    });
    const undone = await undoUntilQuiet([container('c')], { ...context(undoers), quietMs: 300, stragglers: async () => [container('c')] });
    expect(outcomes(undone)).toEqual(['c left']);
    expect(asked).toHaveLength(4);
  });

  it('bears an engine that does not answer the look', async () => {
    const { undoers } = world(() => true);
    const undone = await undoUntilQuiet([container('c')], {
      ...context(undoers),
      quietMs: 0,
      stragglers: () => Promise.reject(new Error('gone')),
    });
    expect(outcomes(undone)).toEqual(['c undone']);
  });
});
