import type { Stats } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { HarnessError } from '../../../model/problem.ts';
import type { Entry, Owner, Undoer } from '../contract.ts';
import { quoted } from '../quoted.ts';

type FolderEntry = Extract<Entry, { readonly kind: 'folder' }>;

/** A folder for temporary files of a run. Its mark is the run's id in its name. */
export const folderUndoer: Undoer<FolderEntry> = {
  kind: 'folder',
  isOnEngine: false,
  undo: removed,
  describe: ({ path }) => `folder ${path}`,
  byHand: ({ path }) => `rm -r ${quoted(path)}`,
};

async function removed({ path }: FolderEntry, { runId }: Owner): Promise<boolean> {
  if (!isAbsolute(path) || !basename(path).includes(runId)) {
    throw new HarnessError(`Cannot remove the folder ${path} as its name must carry the run's id, ${runId}: it may be somebody else's`);
  }
  const found = await statsOf(path);
  // A link of that name leads to what the run has not made.
  if (found === null || !found.isDirectory()) return false;
  const uid = process.getuid?.() ?? found.uid;
  if (found.uid !== uid)
    throw new HarnessError(`Cannot remove the folder ${path} as it must belong to user ${uid}: it belongs to user ${found.uid}`);
  try {
    await rm(path, { recursive: true });
    return true;
  } catch (cause) {
    throw new HarnessError(`Cannot remove the folder ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function statsOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new HarnessError(`Cannot remove the folder ${path}: ${message}`, { cause: error });
  }
}
