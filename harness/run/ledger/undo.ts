import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '../../model/canonical.ts';
import type { Entry, Owner, Undoer, Undoers } from './contract.ts';

/** What became of one thing that was to be undone. */
export interface Undone {
  readonly entry: Entry;
  /** `absent`: there was nothing of this run under that name. */
  readonly outcome: 'undone' | 'absent' | 'left';
  /** For people: `container halfopen-1a2b-orders`. */
  readonly what: string;
  /** Why it is still there; empty unless it is. */
  readonly reason: string;
  readonly byHand: string;
}

export interface UndoContext {
  readonly owner: Owner;
  readonly undoers: Undoers;
  readonly signal: AbortSignal;
  /** Called as soon as it is known what became of an entry. */
  onUndone(undone: Undone): void;
}

/** Pauses before the second and every further try, in milliseconds: what holds a network is often on its own way out. */
const PAUSES_MS = [200, 600, 1500];
const AT_ONCE = 8;

/**
 * Undoes entries, kind by kind in the order of the undoers' table, each with a few tries. Never rejects: what could not be undone until
 * the signal aborts is `left`.
 */
export async function undoEntries(entries: readonly Entry[], context: UndoContext): Promise<readonly Undone[]> {
  const all: Undone[] = [];
  for (const kind of Object.keys(context.undoers)) {
    const queue = entries.filter((entry) => entry.kind === kind);
    const work = async (): Promise<void> => {
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        const undone = await undoEntry(entry, context);
        context.onUndone(undone);
        all.push(undone);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  return all;
}

/** The row for an entry: it takes the entries of its own kind, and no others are given to it. */
export function undoerOf(entry: Entry, undoers: Undoers): Undoer {
  return undoers[entry.kind] as unknown as Undoer;
}

async function undoEntry(entry: Entry, { owner, undoers, signal }: UndoContext): Promise<Undone> {
  const undoer = undoerOf(entry, undoers);
  const about = { entry, what: undoer.describe(entry), byHand: undoer.byHand(entry) };
  let reason = '';
  for (let tries = 0; ; tries++) {
    try {
      const isUndone = await untilAborted(() => undoer.undo(entry, owner, signal), signal);
      return { ...about, outcome: isUndone || tries > 0 ? 'undone' : 'absent', reason: '' };
    } catch (error) {
      const pauseMs = PAUSES_MS[tries];
      // That time ran out explains less than what went wrong before.
      if (reason === '' || !signal.aborted) reason = (error as Error).message;
      if (pauseMs === undefined || signal.aborted) return { ...about, outcome: 'left', reason };
      // An abort ends the pause, and the try after it is the last.
      await delay(pauseMs, undefined, { signal }).catch((reason: unknown) => reason);
    }
  }
}

async function untilAborted<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const tooLate = (): Error => new Error('it was not undone in time');
  if (signal.aborted) throw tooLate();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(tooLate());
  signal.addEventListener('abort', onAbort, { once: true });
  const work = start();
  // Whoever gave up on it is not interested in how it ends.
  work.catch((error: unknown) => error);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export interface SettledUndo extends UndoContext {
  /** What else carries the run's mark by now. */
  stragglers(): Promise<readonly Entry[]>;
  /** For how long no straggler must turn up, in milliseconds. */
  readonly quietMs: number;
}

const LOOK_EVERY_MS = 250;

/**
 * Undoes entries and whatever else of the run turns up until it is quiet: an engine goes on with what it was asked for when the one who
 * asked is dead.
 */
export async function undoUntilQuiet(entries: readonly Entry[], context: SettledUndo): Promise<readonly Undone[]> {
  const results = [...(await undoEntries(entries, context))];
  const tried = new Set(results.filter(({ outcome }) => outcome === 'left').map(({ entry }) => canonicalJson(entry)));
  let quietSinceMs = performance.now();
  while (!context.signal.aborted) {
    // An engine that does not answer has failed each of its entries already.
    const stragglers = await untilAborted(context.stragglers, context.signal).catch(() => []);
    const found = stragglers.filter((entry) => !tried.has(canonicalJson(entry)));
    if (found.length > 0) {
      const undone = await undoEntries(found, context);
      for (const { entry, outcome } of undone) if (outcome === 'left') tried.add(canonicalJson(entry));
      results.push(...undone);
      quietSinceMs = performance.now();
    }
    if (performance.now() - quietSinceMs >= context.quietMs) break;
    await delay(LOOK_EVERY_MS, undefined, { signal: context.signal }).catch((reason: unknown) => reason);
  }
  return results;
}
