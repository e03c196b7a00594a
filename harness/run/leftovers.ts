import { canonicalJson } from '../model/canonical.ts';
import { connectEngine } from './environments/containers/engine.ts';
import type { Engine, Labelled } from './environments/containers/contract.ts';
import { PROJECT_LABEL } from './environments/containers/undo.ts';
import { endGroups } from './environments/process-groups.ts';
import { RUN_LABEL, type Entry, type Owner, type Undoers } from './ledger/contract.ts';
import {
  engineAddress,
  ledgerFolder,
  lifeOf,
  ownerInLabels,
  readLedgers,
  removeStored,
  strikeStored,
  undoerOf,
  undoUntilQuiet,
  type Life,
  type StoredLedger,
  type Undone,
} from './ledger/index.ts';
import { entriesOfRun, undoersWith } from './undoers.ts';

/** What one run has left, or has made and still uses. */
export interface RunLeftovers {
  readonly runId: string;
  readonly owner: Owner;
  readonly life: Life;
  /** Written down and not crossed out, or (`ledger` is null or does not name it) found by its label. */
  readonly entries: readonly Entry[];
  readonly ledger: StoredLedger | null;
}

export interface Leftovers {
  readonly runs: readonly RunLeftovers[];
  /** The engine whose labels were looked at as well; null where none answers. */
  readonly engine: { readonly version: string; readonly address: string } | null;
  /** Why no engine was looked at; empty if one was. */
  readonly engineTrouble: string;
}

export interface UndoOptions {
  readonly signal: AbortSignal;
  /** For how long nothing more of a run must turn up, in milliseconds. @default by how fresh its ledger is */
  readonly quietMs?: number;
  onUndone?(undone: Undone, run: RunLeftovers): void;
}

/**
 * Everything that runs have written down or labelled and that is still there, of the dead and of the living.
 *
 * @throws {HarnessError} if the folder cannot be read
 */
export async function findLeftovers(folder: string = ledgerFolder()): Promise<Leftovers> {
  const ledgers = readLedgers(folder);
  try {
    const engine = await connectEngine();
    const labelled = await engine.labelled(RUN_LABEL);
    const about = { version: engine.version, address: engineAddress() };
    return { runs: runsOf(ledgers, labelled), engine: about, engineTrouble: '' };
  } catch (error) {
    return { runs: runsOf(ledgers, []), engine: null, engineTrouble: (error as Error).message };
  }
}

/** Joins what ledgers name with what labels name, run by run. */
export function runsOf(ledgers: readonly StoredLedger[], labelled: readonly Labelled[]): readonly RunLeftovers[] {
  const runs = new Map<string, RunLeftovers>();
  for (const ledger of ledgers) {
    const { owner, entries } = ledger;
    runs.set(owner.runId, { runId: owner.runId, owner, life: lifeOf(owner), entries, ledger });
  }
  for (const { kind, name, labels } of labelled) {
    const owner = ownerInLabels(labels);
    if (owner === null) continue;
    const written = runs.get(owner.runId);
    // A ledger of which the beginning is lost does not tell its owner; what the run made does.
    const about = written === undefined || written.owner.pid === 0 ? { owner, life: lifeOf(owner) } : {};
    const known = { runId: owner.runId, owner, life: lifeOf(owner), entries: [], ledger: null, ...written, ...about };
    const entry: Entry = { kind, name };
    const project = labels[PROJECT_LABEL];
    // What its project takes along is not told twice.
    const isNamed = known.entries.some(
      (each) => canonicalJson(each) === canonicalJson(entry) || ('project' in each && each.project === project),
    );
    runs.set(owner.runId, isNamed ? known : { ...known, entries: [...known.entries, entry] });
  }
  return [...runs.values()];
}

/** Undoes what these runs have left, all of them at once. Never rejects; answers what became of each thing. */
export async function undoLeftovers(runs: readonly RunLeftovers[], options: UndoOptions): Promise<readonly Undone[]> {
  let connecting: Promise<Engine> | undefined;
  // One attempt for all: an engine that does not answer takes its time for saying nothing.
  const connect = (): Promise<Engine> => (connecting ??= connectEngine());
  const undoers = undoersWith(connect);
  return (await Promise.all(runs.map((run) => undoRun(run, { ...options, connect, undoers })))).flat();
}

interface RunUndo extends UndoOptions {
  readonly connect: () => Promise<Engine>;
  readonly undoers: Undoers;
}

async function undoRun(run: RunLeftovers, options: RunUndo): Promise<readonly Undone[]> {
  const { ledger, owner, runId } = run;
  const { undoers, signal, connect } = options;
  const tell = (undone: Undone): void => {
    if (ledger !== null && undone.outcome !== 'left') strikeStored(ledger, undone.entry);
    options.onUndone?.(undone, run);
  };
  const [elsewhere, here] = parted(run, undoers);
  for (const undone of elsewhere) tell(undone);
  const usedEngine = here.some(({ kind }) => undoers[kind].isOnEngine);
  // A command of the run may live on and make more: `docker compose up` does.
  if (run.life.is === 'dead') await endGroups([], runId, { termMs: 0, killMs: 0, sweepMs: 1000 });
  const undone = await undoUntilQuiet(here, {
    owner,
    undoers,
    signal,
    onUndone: tell,
    quietMs: usedEngine ? (options.quietMs ?? quietFor(ledger)) : 0,
    stragglers: async () => (usedEngine ? entriesOfRun(await connect(), runId) : []),
  });
  const all = [...elsewhere, ...undone];
  if (ledger !== null && ledger.problems.length === 0 && all.every(({ outcome }) => outcome !== 'left')) removeStored(ledger);
  return all;
}

/** For people: `container halfopen-1a2b-orders`. */
export function describeEntry(entry: Entry): string {
  return undoerOf(entry, undoersWith(connectEngine)).describe(entry);
}

/** Gives up what a run has written down, without undoing it. */
export function forgetRun({ ledger }: RunLeftovers): void {
  if (ledger !== null) removeStored(ledger);
}

/** Entries of another engine than the one at hand: that nothing is found here says nothing about them. */
function parted({ entries, ledger }: RunLeftovers, undoers: Undoers): readonly [readonly Undone[], readonly Entry[]] {
  const address = engineAddress();
  if (ledger === null || ledger.engine === null || ledger.engine === address) return [[], entries];
  const { engine, entries: written } = ledger;
  const isElsewhere = (entry: Entry): boolean => undoerOf(entry, undoers).isOnEngine && written.includes(entry);
  const reason = `it lies with the engine at ${engine}, and this is the one at ${address}`;
  const elsewhere = entries.filter(isElsewhere).map((entry): Undone => {
    const undoer = undoerOf(entry, undoers);
    const byHand = `DOCKER_HOST=${engine} npx halfopen clean`;
    return { entry, outcome: 'left', what: undoer.describe(entry), reason, byHand };
  });
  return [elsewhere, entries.filter((entry) => !isElsewhere(entry))];
}

/** What an engine was asked for shortly before the death of the one who asked may still be on its way. */
const FRESH_MS = 10_000;
const QUIET_MS = 2000;

function quietFor(ledger: StoredLedger | null): number {
  if (ledger === null) return 0;
  return Math.min(QUIET_MS, Math.max(0, FRESH_MS - (Date.now() - ledger.writtenMs)));
}
