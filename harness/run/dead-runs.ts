import { ledgerFolder, readLedgers, type Undone } from './ledger/index.ts';
import { runsOf, undoLeftovers, type RunLeftovers } from './leftovers.ts';

/** How long a run waits for what another one has left, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Runs that this process has dealt with: an engine that does not answer is asked once, not before each scenario. */
const known = new Set<string>();

export interface DeadRunsOptions {
  readonly signal: AbortSignal;
  /** @default this user's */
  readonly folder?: string;
}

/**
 * Undoes what dead runs of this machine have left, as far as their ledgers tell; costs a look into a folder where there is nothing.
 * Answers what a user should know, or null. Never rejects: a run that can go on should not fail for one that could not.
 */
export async function undoDeadRuns({ signal, folder = ledgerFolder() }: DeadRunsOptions): Promise<string | null> {
  let runs: readonly RunLeftovers[];
  try {
    runs = runsOf(readLedgers(folder), []).filter(({ runId, life }) => life.is !== 'alive' && !known.has(runId));
  } catch (error) {
    if (known.has(folder)) return null;
    known.add(folder);
    return (error as Error).message;
  }
  if (runs.length === 0) return null;
  for (const { runId } of runs) known.add(runId);
  const dead = runs.filter(({ life }) => life.is === 'dead');
  const undone = await undoLeftovers(dead, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
  return noteOf(
    dead,
    undone,
    runs.filter(({ life }) => life.is === 'unknown'),
  );
}

function noteOf(dead: readonly RunLeftovers[], undone: readonly Undone[], unknown: readonly RunLeftovers[]): string | null {
  const gone = undone.filter(({ outcome }) => outcome === 'undone');
  const left = undone.filter(({ outcome }) => outcome === 'left');
  const unread = dead.flatMap(({ ledger }) => (ledger?.problems ?? []).map((problem) => `${ledger?.path}: ${problem}`));
  const lines = [
    ...(gone.length === 0 ? [] : [`undone what a dead run had left: ${gone.map(({ what }) => what).join(', ')}`]),
    ...left.map(({ what, reason }) => `a dead run has left ${what}, which could not be undone: ${reason} (way out: halfopen clean)`),
    ...unread.map((problem) => `what a dead run has left cannot be read: ${problem} (way out: halfopen clean)`),
    ...unknown
      .filter(({ entries }) => entries.length > 0)
      .map(
        ({ runId, entries, life }) =>
          `run ${runId} may have left ${count(entries.length)}: ${life.because} (way out: halfopen clean --all)`,
      ),
  ];
  return lines.length === 0 ? null : lines.join('\n');
}

function count(things: number): string {
  return things === 1 ? 'one thing' : `${things} things`;
}
