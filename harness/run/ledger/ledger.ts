import { closeSync, constants, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../model/canonical.ts';
import { HarnessError } from '../../model/problem.ts';
import type { Entry, Ledger, Owner } from './contract.ts';
import { engineAddress } from './folder.ts';
import { labelsOf, ownerHere } from './owner.ts';
import { keepReaper, letReaperGo } from './reaper-client.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;

export interface LedgerOptions {
  readonly folder: string;
  readonly runId: string;
}

/** Opens the ledger of one run; disposing it removes the file if everything in it was crossed out. Nothing is written before the first note. */
export function openLedger({ folder, runId }: LedgerOptions): Ledger & Disposable {
  const owner = ownerHere(runId);
  const file = ledgerFile(folder, owner);
  const open = new Map<string, Entry>();
  let isClosed = false;
  const tidy = (): void => {
    if (!isClosed || open.size > 0) return;
    file.remove();
    letReaperGo(folder, owner);
  };
  return {
    owner,
    labels: labelsOf(owner),
    note(entry) {
      file.write({ made: entry }, [...open.values()]);
      open.set(canonicalJson(entry), entry);
      keepReaper(folder, owner);
    },
    strike(entry) {
      if (!open.delete(canonicalJson(entry))) return;
      file.cross(entry);
      tidy();
    },
    // What is kept for a next run stays written down until it is crossed out.
    [Symbol.dispose]() {
      isClosed = true;
      tidy();
    },
  };
}

interface LedgerFile {
  /** On disk when it returns. `open` is what the file must hold besides, where it has to be begun anew. */
  write(line: { readonly made: Entry }, open: readonly Entry[]): void;
  cross(entry: Entry): void;
  remove(): void;
}

function ledgerFile(folder: string, owner: Owner): LedgerFile {
  const path = join(folder, `${owner.runId}.jsonl`);
  let isBegun = false;
  // A line that did not get onto the disk as a whole must not swallow the next one.
  let isTorn = false;
  const append = (lines: readonly object[], flags: number): void => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    try {
      appendDurably(path, isTorn ? `\n${text}` : text, flags);
      isTorn = false;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw cause;
      isTorn = code !== 'EEXIST';
      const reason = code === 'EEXIST' ? 'another run has that name (way out: halfopen clean)' : `${message} (way out: HALFOPEN_STATE)`;
      throw new HarnessError(`Cannot write down what the run makes in ${path}: ${reason}`, { cause });
    }
  };
  const begin = (lines: readonly object[]): void => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new HarnessError(
        `Cannot make the folder ${folder}, in which runs write down what they make: ${(cause as Error).message} (way out: HALFOPEN_STATE)`,
        { cause },
      );
    }
    try {
      append([{ owner, engine: engineAddress() }, ...lines], O_CREAT | O_EXCL);
      isBegun = true;
    } finally {
      // Half a beginning is in the way of the next one.
      if (isTorn) rmSync(path, { force: true });
      isTorn = false;
    }
  };
  return {
    write(line, open) {
      if (!isBegun) return begin([line]);
      try {
        append([line], 0);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        // Somebody cleaned it away under the living run.
        begin([...open.map((entry) => ({ made: entry })), line]);
      }
    },
    cross(entry) {
      try {
        append([{ gone: entry }], 0);
      } catch {
        // It is gone all the same: whoever reads the ledger later looks for it and finds nothing.
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}

/** Without `O_CREAT` a file that another process has removed meanwhile stays removed. */
export function appendDurably(path: string, text: string, flags: number): void {
  const file = openSync(path, O_WRONLY | O_APPEND | flags, 0o600);
  try {
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
