import { mkdirSync, renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HarnessError } from '../model/problem.ts';

/** Room that a run may need before the recording's limits bite, in bytes. */
const ROOM_BYTES = 64 * 1024 * 1024;

/**
 * Makes the output folder and proves that it can be written to, before anything is started.
 *
 * @throws {HarnessError} if it cannot, or if the disk is nearly full
 */
export function prepareOutput(folder: string): void {
  const probe = join(folder, `.halfopen-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (cause) {
    throw new HarnessError(
      `Cannot write results as '--output' must be a writable folder: ${folder}: ${(cause as Error).message}. Choose another with --output`,
      { cause },
    );
  }
  const freeBytes = freeSpace(folder);
  if (freeBytes < ROOM_BYTES) {
    throw new HarnessError(
      `Cannot write results as the disk of ${folder} must have ${ROOM_BYTES / 1024 ** 2} MB free: it has ${Math.floor(freeBytes / 1024 ** 2)} MB. Make room, or choose another with --output`,
    );
  }
}

export function freeSpace(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Makes a folder of its own for one run: `<output>/<scenario>/<time>`, with a number behind it where that is taken.
 *
 * @throws {HarnessError} if it cannot be made
 */
export function makeRunFolder(output: string, scenario: string, now: Date): string {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  const relative = join(scenario, time);
  try {
    mkdirSync(join(output, scenario), { recursive: true });
    for (let place = 1; ; place++) {
      const folder = place === 1 ? relative : `${relative}-${place}`;
      if (isMade(join(output, folder))) return folder;
    }
  } catch (cause) {
    throw new HarnessError(`Cannot make a folder for the run in ${output}: ${(cause as Error).message}. Choose another with --output`, {
      cause,
    });
  }
}

/** Points `<output>/<scenario>/latest` at a run's folder. */
export function pointLatest(output: string, runFolder: string): void {
  const link = join(output, dirname(runFolder), 'latest');
  const fresh = `${link}.${process.pid}.tmp`;
  rmSync(fresh, { force: true });
  symlinkSync(basename(runFolder), fresh);
  renameSync(fresh, link);
}

function isMade(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Writes a file whole or not at all.
 *
 * @throws {HarnessError} if it cannot be written; what stood there before is kept
 */
export function writeWhole(path: string, text: string): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, text);
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new HarnessError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
