import { engineUndoers, type UndoEngine } from './environments/containers/undo.ts';
import { RUN_LABEL, type Entry, type Undoers } from './ledger/contract.ts';
import { folderUndoer } from './ledger/undoers/folder.ts';
import { proxyUndoer, toxicUndoer } from './ledger/undoers/toxiproxy.ts';

/** How each kind of entry is undone, in the order in which kinds are: faults first, and what holds something before what it holds. */
export function undoersWith(connect: () => Promise<UndoEngine>): Undoers {
  const { compose, container, network, volume } = engineUndoers(connect, RUN_LABEL);
  return { toxic: toxicUndoer, proxy: proxyUndoer, compose, container, network, volume, folder: folderUndoer };
}

/** Everything of an engine that carries the run's mark. */
export async function entriesOfRun(engine: Pick<UndoEngine, 'labelled'>, runId: string): Promise<readonly Entry[]> {
  return (await engine.labelled(`${RUN_LABEL}=${runId}`)).map(({ kind, name }) => ({ kind, name }));
}
