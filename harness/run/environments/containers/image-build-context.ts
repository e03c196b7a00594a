import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceEntry } from './source-entry.ts';

/** Files that are read at the same time. */
const AT_ONCE = 32;
// As git keeps them: other modes depend on the machine, and an image has to be the same everywhere.
const PLAIN = 0o644;
const EXECUTABLE = 0o755;

/** A hash of what would be copied: paths, kinds, bytes, whether executable. */
export function fingerprint(projectFolder: string, entries: readonly SourceEntry[]): Promise<string> {
  return eachEntry(projectFolder, entries, () => Promise.resolve());
}

/** Copies entries into a folder and resolves to the fingerprint of what was copied, which is no other even if a file changed meanwhile. */
export async function copyEntries(projectFolder: string, entries: readonly SourceEntry[], folder: string): Promise<string> {
  for (const path of foldersOf(entries)) {
    await mkdir(join(folder, path), { recursive: true });
    await chmod(join(folder, path), EXECUTABLE);
  }
  return eachEntry(projectFolder, entries, async (entry, bytes) => {
    const target = join(folder, entry.path);
    if (entry.kind === 'link') await symlink(entry.target, target);
    if (entry.kind !== 'file') return;
    await writeFile(target, bytes);
    await chmod(target, entry.isExecutable ? EXECUTABLE : PLAIN);
  });
}

async function eachEntry(
  projectFolder: string,
  entries: readonly SourceEntry[],
  act: (entry: SourceEntry, bytes: Buffer) => Promise<void>,
): Promise<string> {
  const whole = createHash('sha256');
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const lines = await Promise.all(
      entries.slice(from, from + AT_ONCE).map(async (entry) => {
        const bytes = entry.kind === 'file' ? await readFile(join(projectFolder, entry.path)) : Buffer.alloc(0);
        await act(entry, bytes);
        return JSON.stringify([entry.path, entry.kind, detailOf(entry), createHash('sha256').update(bytes).digest('hex')]);
      }),
    );
    whole.update(`${lines.join('\n')}\n`);
  }
  return whole.digest('hex');
}

function detailOf(entry: SourceEntry): string | boolean {
  if (entry.kind === 'link') return entry.target;
  return entry.kind === 'file' && entry.isExecutable;
}

/** Every folder that entries are or lie in, parents first. */
function foldersOf(entries: readonly SourceEntry[]): readonly string[] {
  const folders = new Set(['']);
  for (const { kind, path } of entries) {
    for (let folder = kind === 'folder' ? path : parentOf(path); folder !== ''; folder = parentOf(folder)) folders.add(folder);
  }
  return [...folders].toSorted((left, right) => (left < right ? -1 : 1));
}

function parentOf(path: string): string {
  const folder = dirname(path);
  return folder === '.' ? '' : folder;
}
