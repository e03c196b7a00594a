import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../model/canonical.ts';
import { HarnessError } from '../../model/problem.ts';
import type { Entry, Owner } from './contract.ts';
import { appendDurably } from './ledger.ts';

/** A ledger that lies on disk, whoever wrote it. */
export interface StoredLedger {
  readonly path: string;
  /** Of what its beginning does not tell, the file's name tells the run. */
  readonly owner: Owner;
  /** Address of the engine that the run used; null where the beginning cannot be read. */
  readonly engine: string | null;
  /** What was made and not crossed out, in the order in which it was made. */
  readonly entries: readonly Entry[];
  /** What could not be read, for people. While there is any, the file must stay. */
  readonly problems: readonly string[];
  /** When it was last written, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/**
 * All ledgers of a folder; none where there is no folder.
 *
 * @throws {HarnessError} if the folder cannot be read
 */
export function readLedgers(folder: string): readonly StoredLedger[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new HarnessError(`Cannot look for what dead runs have left in ${folder}: ${message} (way out: HALFOPEN_STATE)`, { cause });
  }
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .flatMap((name) => readLedger(join(folder, name), name.slice(0, -'.jsonl'.length)) ?? []);
}

function readLedger(path: string, runId: string): StoredLedger | null {
  try {
    return { path, ...parseLedger(readFileSync(path, 'utf8'), runId), writtenMs: statSync(path).mtimeMs };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Its run has ended between the look into the folder and this one.
    if (code === 'ENOENT') return null;
    return { path, owner: unknownOwner(runId), engine: null, entries: [], problems: [message], writtenMs: 0 };
  }
}

/** Reads a ledger's text: one JSON object a line, the first with the owner, the others with what was made or is gone. */
export function parseLedger(text: string, runId: string): Omit<StoredLedger, 'path' | 'writtenMs'> {
  const lines = text.split('\n');
  // Behind the last line's end stands nothing, or a note that never returned: what it names was not made.
  lines.pop();
  const entries = new Map<string, Entry>();
  const problems: string[] = [];
  let owner = unknownOwner(runId);
  let engine: string | null = null;
  for (const [index, line] of lines.entries()) {
    // A line that stops before its end is one of which the writing failed: what it names was not made either.
    if (!line.endsWith('}')) continue;
    const read = parsedLine(line);
    if (read === null) problems.push(`line ${index + 1} cannot be read: ${line.slice(0, 80)}`);
    else if ('owner' in read) ({ owner, engine } = read);
    else if ('made' in read) entries.set(canonicalJson(read.made), read.made);
    else entries.delete(canonicalJson(read.gone));
  }
  return { owner, engine, entries: [...entries.values()], problems };
}

type ReadLine = { readonly owner: Owner; readonly engine: string } | { readonly made: Entry } | { readonly gone: Entry };

function parsedLine(line: string): ReadLine | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  if (isEntry(value['made'])) return { made: value['made'] };
  if (isEntry(value['gone'])) return { gone: value['gone'] };
  if (isOwner(value['owner'])) return { owner: value['owner'], engine: String(value['engine']) };
  return null;
}

const TEXTS: Readonly<Record<Entry['kind'], readonly string[]>> = {
  container: ['name'],
  network: ['name'],
  volume: ['name'],
  compose: ['project'],
  toxic: ['controlUrl', 'proxy', 'toxic'],
  proxy: ['controlUrl', 'proxy'],
  folder: ['path'],
};

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value) || !Object.hasOwn(TEXTS, String(value['kind']))) return false;
  return TEXTS[value['kind'] as Entry['kind']].every((key) => typeof value[key] === 'string' && value[key] !== '');
}

function isOwner(value: unknown): value is Owner {
  if (!isRecord(value)) return false;
  const { runId, pid, startedTicks, bootId } = value;
  return (
    typeof runId === 'string' &&
    runId !== '' &&
    Number.isSafeInteger(pid) &&
    [startedTicks, bootId].every((text) => typeof text === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function unknownOwner(runId: string): Owner {
  return { runId, pid: 0, startedTicks: '', bootId: '' };
}

/** Crosses out an entry of a run that is dead. That somebody else has removed the file meanwhile is no error. */
export function strikeStored({ path }: StoredLedger, entry: Entry): void {
  try {
    appendDurably(path, `\n${JSON.stringify({ gone: entry })}\n`, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes a ledger of which nothing is left. */
export function removeStored({ path }: StoredLedger): void {
  rmSync(path, { force: true });
}
