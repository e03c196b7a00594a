/** Ledgers as a harness leaves them when it dies: the owner was a real process of this machine and has ended. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Owner } from '../harness/run/ledger/contract.ts';
import { ownerHere } from '../harness/run/ledger/owner.ts';

export function deadOwner(runId: string): Owner {
  return { ...ownerHere(runId), pid: spawnSync('true').pid };
}

export interface Planted {
  readonly owner: Owner;
  readonly entries: readonly Entry[];
  /** Address of the engine that the run used. */
  readonly engine: string;
}

/** Writes a ledger into a state folder (`HALFOPEN_STATE`); answers its path. */
export function plantLedger(state: string, { owner, entries, engine }: Planted): string {
  const folder = join(state, 'ledger');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${owner.runId}.jsonl`);
  const lines = [{ owner, engine }, ...entries.map((made) => ({ made }))];
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}
