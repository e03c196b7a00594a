// Goal: a folder for k6 is written down before it exists, is this user's alone, and is crossed out when it is gone.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HarnessError } from '../../../../../harness/model/problem.ts';
import type { Entry } from '../../../../../harness/run/ledger/contract.ts';
import { makePrivateFolder } from '../../../../../harness/run/load/k6/private-folder.ts';

let temporary: string;
let told: string[];
const tell = (verb: string) => (entry: Entry) => {
  const path = entry.kind === 'folder' ? entry.path : '';
  told.push(`${verb} ${basename(path).slice(0, 'k6-1a2b3c4d-'.length)}, ${existsSync(path) ? 'there' : 'not there'}`);
};
const ledger = { note: tell('note'), strike: tell('strike') };

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'halfopen-private-'));
  told = [];
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

it('is noted before it is made, and struck when it is gone with all that is in it', async () => {
  const folder = await makePrivateFolder({ ledger, runId: '1a2b3c4d' });
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  writeFileSync(join(folder.path, 'plan.json'), '{}');
  await folder[Symbol.asyncDispose]();
  expect(told).toEqual(['note k6-1a2b3c4d-, not there', 'strike k6-1a2b3c4d-, not there']);
});

it('two of one run are two', async () => {
  await using first = await makePrivateFolder({ ledger, runId: '1a2b3c4d' });
  await using second = await makePrivateFolder({ ledger, runId: '1a2b3c4d' });
  expect(first.path).not.toBe(second.path);
});

it('that cannot be made is struck again, and told', async () => {
  rmSync(temporary, { recursive: true });
  await expect(makePrivateFolder({ ledger, runId: '1a2b3c4d' })).rejects.toThrow(HarnessError);
  expect(told).toEqual(['note k6-1a2b3c4d-, not there', 'strike k6-1a2b3c4d-, not there']);
});
