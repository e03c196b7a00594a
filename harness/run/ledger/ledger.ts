import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../model/problem.ts';
import { OWNER_LABEL, RUN_LABEL, type Entry, type Ledger, type Owner } from './contract.ts';

/** Where the ledgers of this user's runs lie: `HALFOPEN_STATE`, or the state folder of the desktop's convention. */
export function ledgerFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env['HALFOPEN_STATE'] ?? join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'halfopen'), 'ledger');
}

/** Opens the ledger of one run; disposing it removes the file if everything in it was crossed out. Nothing is written before the first note. */
export function openLedger({ folder, runId }: { readonly folder: string; readonly runId: string }): Ledger & Disposable {
  const owner: Owner = { runId, pid: process.pid, startedTicks: startedTicks(process.pid), bootId: bootId() };
  const path = join(folder, `${runId}.jsonl`);
  const open = new Map<string, Entry>();
  let isBegun = false;
  let isClosed = false;
  const write = (line: object): void => {
    try {
      if (!isBegun) mkdirSync(folder, { recursive: true });
      const text = `${isBegun ? '' : `${JSON.stringify({ owner })}\n`}${JSON.stringify(line)}\n`;
      isBegun = true;
      appendDurably(path, text);
    } catch (cause) {
      throw new HarnessError(`Cannot write down what the run makes in ${path}: ${(cause as Error).message} (way out: HALFOPEN_STATE)`, {
        cause,
      });
    }
  };
  const tidy = (): void => {
    if (isClosed && open.size === 0) rmSync(path, { force: true });
  };
  return {
    owner,
    labels: { [RUN_LABEL]: runId, [OWNER_LABEL]: `${owner.bootId}/${owner.pid}/${owner.startedTicks}` },
    note(entry) {
      open.set(JSON.stringify(entry), entry);
      write({ made: entry });
    },
    strike(entry) {
      if (!open.delete(JSON.stringify(entry))) return;
      write({ gone: entry });
      tidy();
    },
    // What is kept for a next run stays written down until it is crossed out.
    [Symbol.dispose]() {
      isClosed = true;
      tidy();
    },
  };
}

function appendDurably(path: string, text: string): void {
  const file = openSync(path, 'a');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Field 22 of /proc/<pid>/stat; empty where the platform does not tell. */
function startedTicks(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
