import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { failureOf } from '../failure.ts';
import { freeSpace } from '../output-folder.ts';
import { openProject } from '../project.ts';
import type { Diagnosis, Look } from './diagnosis.ts';

const GIGABYTE = 1024 ** 3;
/** Below this a run is refused, and below the other one a long suite may be cut short, in bytes. */
const DISK_LEAST = 64 * 1024 ** 2;
const DISK_ENOUGH = GIGABYTE;

async function configuration(): Promise<Diagnosis> {
  try {
    const { configFile } = await openProject(process.cwd());
    if (configFile !== null) return { about: 'configuration', state: 'fine', found: configFile };
    return { about: 'configuration', state: 'mind', found: 'none here or upwards; the defaults hold', wayOut: 'npx halfopen init' };
  } catch (error) {
    return { about: 'configuration', state: 'broken', found: failureOf(error).text, wayOut: 'mend the file' };
  }
}

function temporary(): Diagnosis {
  return writable('temporary folder', tmpdir(), 'set TMPDIR to a writable folder');
}

async function output(): Promise<Diagnosis> {
  return writable('output folder', await outputFolder(), "choose another with --output or the configuration's output");
}

async function disk(): Promise<Diagnosis> {
  const folder = nearestExisting(await outputFolder());
  const freeBytes = freeSpace(folder);
  const found = `${(freeBytes / GIGABYTE).toFixed(1)} GB free in ${folder}`;
  if (freeBytes >= DISK_ENOUGH) return { about: 'disk', state: 'fine', found };
  return {
    about: 'disk',
    state: freeBytes < DISK_LEAST ? 'broken' : 'mind',
    found,
    wayOut: 'make room, or choose another disk with --output',
  };
}

function writable(about: string, folder: string, wayOut: string): Diagnosis {
  const existing = nearestExisting(folder);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return { about, state: 'fine', found: `${folder} can be written` };
  } catch (error) {
    return { about, state: 'broken', found: `${folder}: ${(error as Error).message}`, wayOut };
  }
}

/** A wrong configuration is told by itself; the other looks go on with the default. */
async function outputFolder(): Promise<string> {
  const project = await openProject(process.cwd()).catch(() => null);
  return project === null ? resolve('reports') : resolve(project.folder, project.config.output);
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

export const folderLooks: Readonly<Record<string, Look>> = { configuration, temporary, output, disk };
