/** Goal: a Dockerfile's context is what `docker build` would send, but for history, results and secrets that nobody named. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contextOf } from '../../../../../harness/run/environments/containers/image-build-dockerfile.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halfopen-context-'));
  for (const path of ['app/main.ts', 'app/.env', '.env', '.git/HEAD', 'reports/a.json', 'node_modules/pg/index.js']) write(path);
  write('docker/Dockerfile', 'FROM node:24-slim\nCOPY . .\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
async function sent(): Promise<readonly string[]> {
  const { entries } = await contextOf('orders', 'docker/Dockerfile', folder);
  return entries.flatMap(({ kind, path }) => (kind === 'folder' ? [] : [path]));
}

it('is the project without what nobody named', async () => {
  symlinkSync('/etc/hostname', join(folder, 'app/host'));
  expect(await sent(), 'links are sent as they are').toEqual(['app/host', 'app/main.ts', 'docker/Dockerfile', 'node_modules/pg/index.js']);
});

it('has what the Dockerfile or an exception names', async () => {
  write('docker/Dockerfile', 'FROM node:24-slim\nCOPY .git/HEAD app/.env /srv/\n');
  expect(await sent()).toEqual(['.env', '.git/HEAD', 'app/.env', 'app/main.ts', 'docker/Dockerfile', 'node_modules/pg/index.js']);
  write('docker/Dockerfile', 'FROM node:24-slim\nCOPY . .\n');
  write('.dockerignore', 'node_modules\n!reports\n');
  expect(await sent()).toEqual(['app/main.ts', 'docker/Dockerfile', 'reports/a.json']);
});

it('goes by the ignore file of the Dockerfile, then by the one of the project; the Dockerfile itself is always sent', async () => {
  write('.dockerignore', '*\n!app/main.ts\n');
  expect(await sent()).toEqual(['app/main.ts', 'docker/Dockerfile']);
  write('docker/Dockerfile.dockerignore', '*\n!node_modules/pg/index.js\n');
  expect(await sent()).toEqual(['docker/Dockerfile', 'node_modules/pg/index.js']);
});

it('is refused where it is too large, with the way out', async () => {
  truncateSync(join(folder, 'node_modules/pg/index.js'), 300 * 1024 * 1024);
  await expect(sent()).rejects.toThrow(
    /services\.orders\.dockerfile: expected at most 200 MB, found 301 MB, of which 300 MB in node_modules\/pg \(name in \.dockerignore what/,
  );
  write('.dockerignore', 'node_modules');
  expect(await sent()).toEqual(['app/main.ts', 'docker/Dockerfile']);
});
