import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** SHA-256 of each file, by its path in this folder; null where there is no file. */
export function hashedFiles(paths: readonly string[], folder: string): Readonly<Record<string, string | null>> {
  return Object.fromEntries(paths.map((path) => [path, hashOf(resolve(folder, path))]));
}

function hashOf(path: string): string | null {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
