/** Goal: a report shows the pictures of its own run and nothing else that a recording may name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunEvent, ScreenshotTaken } from '../../../harness/model/event.ts';
import { readPictures } from '../../../harness/recording/pictures.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halfopen-pictures-'));
  mkdirSync(join(folder, 'run', 'screenshots', 'folder.jpg'), { recursive: true });
  writeFileSync(join(folder, 'run', 'screenshots', 'a1b2.jpg'), 'picture');
  writeFileSync(join(folder, 'run', 'secret.jpg'), 'secret');
  writeFileSync(join(folder, 'secret.jpg'), 'secret');
});

afterEach(() => rmSync(folder, { recursive: true }));

const shot = (file: string): ScreenshotTaken => ({
  id: 1,
  kind: 'screenshot',
  atUs: 0,
  journey: 'buying',
  request: 0,
  occasion: 'step',
  subject: 'open',
  file,
  widthPx: 480,
  heightPx: 300,
  bytes: 7,
});

const read = (...files: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...readPictures(join(folder, 'run'), files.map(shot) as readonly RunEvent[])].map(([file, bytes]) => [
      file,
      Buffer.from(bytes).toString(),
    ]),
  );

test('reads each picture once and leaves out what is not there', () => {
  expect(read('screenshots/a1b2.jpg', 'screenshots/a1b2.jpg', 'screenshots/gone.jpg', 'screenshots/folder.jpg')).toEqual({
    'screenshots/a1b2.jpg': 'picture',
  });
});

test.each([
  '../secret.jpg',
  'secret.jpg',
  'screenshots/../secret.jpg',
  'screenshots/../../secret.jpg',
  '/etc/hostname',
  'screenshots/.jpg',
  'screenshots/a1b2.svg',
])('reads nothing for %s', (file) => {
  expect(read(file)).toEqual({});
});
