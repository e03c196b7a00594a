import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../../model/problem.ts';
import type { LoadContext } from '../contract.ts';

/** A folder that only this user can read, beside the system's other temporary files: its path is short enough for a socket. */
export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder for what one k6 process needs while it lives. Its name carries the run, and it is written down before it is made: what is
 * left of it when the harness is killed is removed by whoever undoes the run.
 *
 * @throws {HarnessError} if it cannot be made
 */
export async function makePrivateFolder({ ledger, runId }: Pick<LoadContext, 'ledger' | 'runId'>): Promise<PrivateFolder> {
  const path = join(tmpdir(), `k6-${runId}-${randomBytes(4).toString('hex')}`);
  const entry = { kind: 'folder', path } as const;
  ledger.note(entry);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    ledger.strike(entry);
    throw new HarnessError(`Cannot make a folder for k6: ${(cause as Error).message} (way out: TMPDIR)`, { cause });
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      ledger.strike(entry);
    },
  };
}
