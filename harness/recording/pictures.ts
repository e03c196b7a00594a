import { readFileSync } from 'node:fs';
import type { RunEvent } from '../model/event.ts';

/** Where a run's pictures lie, relative to its folder; a recording may name nothing else. */
const PICTURE_FILE = /^screenshots\/[A-Za-z0-9][\w.-]*\.(?:jpe?g|png)$/;

/** Reads the pictures that a recording names from its run's folder; those that are not there are left out. */
export function readPictures(runFolder: string, events: readonly RunEvent[]): ReadonlyMap<string, Uint8Array> {
  const pictures = new Map<string, Uint8Array>();
  for (const event of events) {
    if (event.kind !== 'screenshot' || pictures.has(event.file) || !PICTURE_FILE.test(event.file)) continue;
    const bytes = readIfThere(`${runFolder}/${event.file}`);
    if (bytes !== null) pictures.set(event.file, bytes);
  }
  return pictures;
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
