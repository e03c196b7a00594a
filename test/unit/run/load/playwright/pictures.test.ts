// Goal: the pictures of a run stay within their limits, are kept once, and show what changed.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { LoadEvent } from '../../../../../harness/run/load/contract.ts';
import { openAlbum, PICTURE_LIMITS, type Album, type Sitter } from '../../../../../harness/run/load/playwright/pictures.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

interface Rig {
  readonly album: Album;
  readonly taken: LoadEvent[];
  files(): readonly string[];
  /** A page that looks like this. */
  sitter(looks: Buffer): Sitter;
  at(ms: number): void;
}

function rig(): Rig {
  const runFolder = mkdtempSync(join(tmpdir(), 'halfopen-pictures-'));
  folders.push(runFolder);
  const taken: LoadEvent[] = [];
  let nowMs = 0;
  const album = openAlbum({ runFolder, totalUs: 12_000_000, nowUs: () => nowMs * 1000, onEvent: (event) => taken.push(event) });
  const sitter = (looks: Buffer): Sitter => {
    const page = { viewportSize: () => ({ width: 1280, height: 720 }) };
    const session = { send: async () => ({ data: looks.toString('base64') }) };
    return { journey: 'buying', request: 3, page, session } as unknown as Sitter;
  };
  return { album, taken, files: () => readdirSync(join(runFolder, 'screenshots')), sitter, at: (ms) => (nowMs = ms) };
}

test('the same picture is kept once, and each time it was taken is told', async () => {
  const { album, taken, files, sitter } = rig();
  for (const step of ['open', 'order']) await album.ofStep(sitter(Buffer.from('same')), { step, shown: 'ok' });
  await album.ofOccasion(sitter(Buffer.from('same')), 'fault', 'storm acknowledged');
  expect(
    taken.map((event) => (event.kind === 'screenshot' ? `${event.occasion} ${event.subject} ${event.widthPx}x${event.heightPx}` : '')),
  ).toEqual(['step open 480x270', 'step order 480x270', 'fault storm acknowledged 480x270']);
  expect(files()).toHaveLength(1);
});

test('a step that shows the same again is taken only so often, and at once when it shows something else', async () => {
  const { album, taken, sitter, at } = rig();
  const take = (shown: string) => album.ofStep(sitter(Buffer.from(shown)), { step: 'open', shown });
  await take('ok');
  at(249);
  await take('ok');
  expect(taken).toHaveLength(1);
  await take('stale');
  expect(taken).toHaveLength(2);
  at(499);
  await take('stale');
  expect(taken).toHaveLength(3);
});

test('steps leave room for faults, and what no limit allows is counted', async () => {
  const { album, taken, files, sitter } = rig();
  for (let index = 0; index < PICTURE_LIMITS.ofSteps + 5; index++) {
    await album.ofStep(sitter(Buffer.from(`step ${index}`)), { step: 'open', shown: String(index) });
  }
  expect(files()).toHaveLength(PICTURE_LIMITS.ofSteps);
  for (let index = 0; index < 45; index++) await album.ofOccasion(sitter(Buffer.from(`fault ${index}`)), 'fault', 'storm');
  expect(files()).toHaveLength(PICTURE_LIMITS.files);
  expect(taken).toHaveLength(PICTURE_LIMITS.files);
  expect(await album.close()).toEqual({ leftOut: 10 });
});

test('bytes are a limit of their own', async () => {
  const { album, files, sitter } = rig();
  for (let index = 0; index < 5; index++) await album.ofOccasion(sitter(Buffer.alloc(3 * 1024 * 1024, index)), 'fault', 'storm');
  expect(files()).toHaveLength(2);
  expect(await album.close()).toEqual({ leftOut: 3 });
});
