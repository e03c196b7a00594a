import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCaseStore } from '../../../../scripts/prove/case-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halfopen-cases-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const counted = (): { readonly make: () => Promise<{ readonly n: number }>; readonly calls: () => number } => {
  let calls = 0;
  return { make: () => Promise.resolve({ n: ++calls }), calls: () => calls };
};

it('does a case once, also when the next process asks for it', async () => {
  const path = join(folder, 'deep', 'state.json');
  const { make, calls } = counted();
  expect(await openCaseStore(path, 'abc', { isFresh: false }).once('one', make)).toEqual({ n: 1 });
  expect(await openCaseStore(path, 'abc', { isFresh: false }).once('one', make)).toEqual({ n: 1 });
  expect(calls()).toBe(1);
});

it('does it again for another commit, or when asked to start afresh', async () => {
  const path = join(folder, 'state.json');
  const { make, calls } = counted();
  await openCaseStore(path, 'abc', { isFresh: false }).once('one', make);
  await openCaseStore(path, 'def', { isFresh: false }).once('one', make);
  await openCaseStore(path, 'def', { isFresh: true }).once('one', make);
  expect(calls()).toBe(3);
});

it('keeps what was done when a later case fails, and does not keep the failure', async () => {
  const path = join(folder, 'state.json');
  const { make, calls } = counted();
  const store = openCaseStore(path, 'abc', { isFresh: false });
  await store.once('one', make);
  await expect(store.once('two', () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  const next = openCaseStore(path, 'abc', { isFresh: false });
  await next.once('one', make);
  await next.once('two', make);
  expect(calls()).toBe(2);
});
