import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Results of cases that are done, so that a proof that was interrupted goes on where it stopped. */
export interface CaseStore {
  /** The stored result of this case, or what `make` answers, which is then stored. */
  once<R>(id: string, make: () => Promise<R>): Promise<R>;
}

interface Stored {
  readonly commit: string;
  readonly cases: Readonly<Record<string, unknown>>;
}

/** Results of another commit prove nothing about this one: they are left out. Ids name all that a case depends on. */
export function openCaseStore(path: string, commit: string, options: { readonly isFresh: boolean }): CaseStore {
  let cases: Readonly<Record<string, unknown>> = options.isFresh ? {} : readCases(path, commit);
  return {
    async once<R>(id: string, make: () => Promise<R>): Promise<R> {
      if (Object.hasOwn(cases, id)) return cases[id] as R;
      const result = await make();
      cases = { ...cases, [id]: result };
      mkdirSync(dirname(path), { recursive: true });
      const stored: Stored = { commit, cases };
      // Renamed into place: what is interrupted here leaves the old file whole.
      writeFileSync(`${path}.new`, `${JSON.stringify(stored, null, 1)}\n`);
      renameSync(`${path}.new`, path);
      return result;
    },
  };
}

function readCases(path: string, commit: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {};
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored;
  return stored.commit === commit ? stored.cases : {};
}
