/** Goal: what is copied into a service's image is what it needs; whatever cannot be copied is told before anything is built. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesOfService, type Declared } from '../../../../../harness/run/environments/containers/files-of-service.ts';

let outer: string;
let folder: string;
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'halfopen-files-'));
  folder = join(outer, 'project');
  write('package.json', '{}');
  write('app/main.ts');
  write('app/deep/word.ts');
  write('other/a.txt');
});
afterEach(() => rmSync(outer, { recursive: true, force: true }));

function write(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
function link(path: string, target: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  symlinkSync(target, join(folder, path));
}
function writePackage(path: string, manifest: object = {}): void {
  write(`${path}/package.json`, JSON.stringify(manifest));
  write(`${path}/index.js`);
}
const declared = (extra: Partial<Declared>): Declared => ({ command: ['node', 'app/main.ts'], ...extra });
async function copied(declaration: Partial<Declared>): Promise<readonly string[]> {
  const { entries } = await filesOfService('orders', declared(declaration), folder);
  return entries.flatMap(({ kind, path }) => (kind === 'folder' ? [] : [path]));
}
async function refusal(declaration: Partial<Declared>): Promise<string> {
  const error: unknown = await filesOfService('orders', declared(declaration), folder).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'UsageError' });
  return (error as Error).message;
}

describe('what a service gets by default', () => {
  it("is package.json and the folder of the program's file", async () => {
    expect(await copied({})).toEqual(['app/deep/word.ts', 'app/main.ts', 'package.json']);
    expect(await copied({ command: ['node', '--import', './deep/word.ts', 'main.ts'], cwd: 'app' })).toEqual([
      'app/deep/word.ts',
      'package.json',
    ]);
    expect(await copied({ command: ['./main.ts'], cwd: './app/' })).toContain('app/main.ts');
    rmSync(join(folder, 'package.json'));
    expect(await copied({})).toEqual(['app/deep/word.ts', 'app/main.ts']);
  });

  it('is everything, but history, results and secrets, for a program beside package.json', async () => {
    for (const path of ['main.js', '.git/HEAD', '.env', 'app/.env.test', 'reports/run/outcome.json', 'app/reports/kept.ts']) write(path);
    expect(await copied({ command: ['node', 'main.js'] })).toEqual([
      'app/deep/word.ts',
      'app/main.ts',
      'app/reports/kept.ts',
      'main.js',
      'other/a.txt',
      'package.json',
    ]);
  });

  it('is nothing of the project for a program that is none of its files', async () => {
    expect(await copied({ command: ['node', '-e', 'setInterval(() => {}, 1000)'] })).toEqual(['package.json']);
    expect(await copied({ command: ['python3', '-m', 'http.server'] })).toEqual(['package.json']);
  });

  it('is refused where the file is missing or outside', async () => {
    expect(await refusal({ command: ['node', 'app/mian.ts'] })).toContain("found no file of the project in 'node app/mian.ts'");
    writeFileSync(join(outer, 'main.js'), '');
    expect(await refusal({ command: ['node', '../main.js'] })).toContain("found no file of the project in 'node ../main.js'");
    expect(await refusal({ cwd: '../elsewhere' })).toContain("services.orders.cwd: expected a folder inside the configuration's");
  });
});

describe('what `files` names', () => {
  it('is copied once, whatever it is called, with the bit that makes it a program', async () => {
    chmodSync(join(folder, 'app/main.ts'), 0o700);
    const { entries } = await filesOfService('orders', declared({ files: ['./app/', 'app', 'app/main.ts', '.env'].slice(0, 3) }), folder);
    expect(entries).toEqual([
      { kind: 'folder', path: 'app' },
      { kind: 'folder', path: 'app/deep' },
      { kind: 'file', path: 'app/deep/word.ts', bytes: 16, isExecutable: false },
      { kind: 'file', path: 'app/main.ts', bytes: 11, isExecutable: true },
    ]);
  });

  it('may be what is left out otherwise', async () => {
    for (const path of ['.env', 'app/.env.test', 'reports/a.json']) write(path);
    expect(await copied({ files: ['.env', 'reports', 'app'] })).toEqual(['.env', 'app/deep/word.ts', 'app/main.ts', 'reports/a.json']);
    expect(await copied({ files: ['app', 'app/.env.test'] })).toContain('app/.env.test');
    expect(await copied({ files: [] })).toEqual([]);
  });

  it('is refused with everything that is wrong at once', async () => {
    const message = await refusal({ files: ['app', '/etc/passwd', '../x', 'ap', 'src/*.ts', 'node_modules/pg'] });
    expect(message.split('\n')).toEqual([
      "Cannot copy into a container what service 'orders' needs:",
      "  services.orders.files[1]: expected a path inside the configuration's folder, found '/etc/passwd'",
      "  services.orders.files[2]: expected a path inside the configuration's folder, found '../x'",
      '  services.orders.files[3]: expected a file or folder that is there, found no ap',
      '  services.orders.files[4]: expected a file or folder that is there, found no src (patterns are not understood: name the folder)',
      '  services.orders.files[5]: expected a package that is installed, found no node_modules (npm i pg)',
    ]);
  });

  it('may have links inside, as long as they lead to what is copied', async () => {
    link('app/same.ts', 'main.ts');
    link('app/words', './deep');
    expect(await copied({ files: ['app'] })).toEqual(['app/deep/word.ts', 'app/main.ts', 'app/same.ts', 'app/words']);
    link('app/far.txt', '../other/a.txt');
    expect(await refusal({ files: ['app'] })).toContain(
      'services.orders.files: expected links that lead to what is copied, found app/far.txt -> ../other/a.txt (name other/a.txt as well)',
    );
    expect(await copied({ files: ['app', 'other'] })).toContain('app/far.txt');
    for (const [path, target, where] of [
      ['app/out', '../../secret', 'out of the project'],
      ['app/absolute', join(folder, 'app/main.ts'), 'out of the project'],
      ['app/dangling', 'gone.ts', 'nowhere'],
      ['app/circle', 'circle', 'in a circle'],
    ] as const) {
      link(path, target);
      expect(await refusal({ files: ['app', 'other'] })).toContain(`found ${path} -> ${target}, which leads ${where}`);
      rmSync(join(folder, path));
    }
  });

  it('may be behind a link, which comes along', async () => {
    link('linked', 'app');
    expect(await copied({ files: ['linked/deep'] })).toEqual(['app/deep/word.ts', 'linked']);
    link('out', '../elsewhere');
    expect(await refusal({ files: ['out/a'] })).toContain('found the link out, which leads out of it');
  });

  it('must be files and folders, and not too much of them', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'app/socket'), resolve));
    expect(await refusal({ files: ['app'] })).toContain('expected files and folders, found a socket, pipe or device: app/socket');
    await new Promise((resolve) => server.close(resolve));
    write('node_modules/huge/blob');
    truncateSync(join(folder, 'node_modules/huge/blob'), 201 * 1024 * 1024);
    expect(await refusal({ files: ['.'] })).toContain('expected at most 200 MB, found 202 MB, of which 201 MB in node_modules/huge');
  });
});

describe('a package that `files` names', () => {
  it('brings what it depends on, as Node would find it', async () => {
    writePackage('node_modules/pg', {
      dependencies: { pool: '1', types: '1' },
      optionalDependencies: { cloud: '1', absent: '1' },
      peerDependencies: { peer: '1', native: '1' },
      peerDependenciesMeta: { native: { optional: true } },
      devDependencies: { tests: '1' },
    });
    for (const name of ['types', 'cloud', 'peer', 'native', 'tests', 'unrelated']) writePackage(`node_modules/${name}`);
    writePackage('node_modules/pool', { dependencies: { pg: '1', '@scope/queue': '1' } });
    writePackage('node_modules/@scope/queue', { dependencies: { types: '1' } });
    // A version of its own, which has a need of its own that lies further up.
    writePackage('node_modules/@scope/queue/node_modules/types', { dependencies: { deep: '1' } });
    writePackage('node_modules/deep');
    const packages = (await copied({ files: ['node_modules/pg'] })).filter((path) => path.endsWith('/index.js'));
    expect(packages.map((path) => path.replace(/\/index\.js$/, '').replace('node_modules/', ''))).toEqual([
      '@scope/queue',
      '@scope/queue/node_modules/types',
      'cloud',
      'deep',
      'peer',
      'pg',
      'pool',
      'types',
    ]);
    expect(await copied({ files: ['node_modules/@scope'] }), 'a scope is all of its packages').toContain('node_modules/deep/index.js');
  });

  it('may lie behind links, as in workspaces and with pnpm', async () => {
    writePackage('packages/ours', { dependencies: { pg: '1' } });
    writePackage('packages/ours/node_modules/tests');
    link('node_modules/@shop/ours', '../../packages/ours');
    writePackage('node_modules/.pnpm/pg@8/node_modules/pg', { dependencies: { types: '1' } });
    link('node_modules/pg', '.pnpm/pg@8/node_modules/pg');
    link('node_modules/.pnpm/pg@8/node_modules/types', '../../types@2/node_modules/types');
    writePackage('node_modules/.pnpm/types@2/node_modules/types');
    const paths = await copied({ files: ['node_modules/@shop/ours'] });
    expect(paths.filter((path) => !path.endsWith('package.json'))).toEqual([
      'node_modules/.pnpm/pg@8/node_modules/pg/index.js',
      'node_modules/.pnpm/pg@8/node_modules/types',
      'node_modules/.pnpm/types@2/node_modules/types/index.js',
      'node_modules/@shop/ours',
      'node_modules/pg',
      'packages/ours/index.js',
    ]);
  });

  it('is refused where something is not installed, or lies above the project', async () => {
    writePackage('node_modules/pg', { dependencies: { pool: '1', types: '1' } });
    mkdirSync(join(outer, 'node_modules/types'), { recursive: true });
    expect((await refusal({ files: ['app', 'node_modules/pg'] })).split('\n').slice(1)).toEqual([
      '  services.orders.files[1]: expected pool, which node_modules/pg needs, found no such package (npm i)',
      `  services.orders.files[1]: expected types, which node_modules/pg needs, found it in ${outer}, outside of the project's folder (npm i in the project's own folder, or an image of its own, by 'dockerfile' or 'image')`,
    ]);
    write('node_modules/broken/package.json', '{');
    expect(await refusal({ files: ['node_modules/broken'] })).toContain('found no readable package.json in node_modules/broken (npm i)');
  });
});
