/**
 * Goal: a service's container has what the service needs and nothing else; what did not change is never built again, and what did always is.
 */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Service } from '../../harness/model/system.ts';
import type { Engine } from '../../harness/run/environments/containers/contract.ts';
import { connectEngine } from '../../harness/run/environments/containers/engine.ts';
import { imageOfService, type ServiceImage } from '../../harness/run/environments/containers/image-of-service.ts';
import { root } from '../architecture/source.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const system = `images-test-${process.pid}`;

const service = (extra: Partial<Service>): Service => ({
  command: ['node', 'app/main.ts'],
  portEnv: 'PORT',
  readyWithinMs: 1000,
  ...extra,
});

describeWithEngine('images of services', () => {
  let real: Engine;
  let engine: Engine;
  let built: string[];
  let folder: string;
  beforeAll(async () => {
    real = await connectEngine();
  });
  beforeEach(() => {
    built = [];
    const build: Engine['build'] = (options) => {
      built.push(options.tag);
      return real.build(options);
    };
    engine = { ...real, build };
    folder = mkdtempSync(join(tmpdir(), 'halfopen-images-'));
    write('package.json', '{ "type": "module" }');
    write('app/main.ts', `import { word } from './word.ts';\nconst said: string = word;\nconsole.log(said, process.cwd());\n`);
    write('app/word.ts', `export const word = 'first';\n`);
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const { tags } of await real.images(`dev.halfopen.image=${system}`)) for (const tag of tags) await real.removeImage(tag);
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const imageOf = (name: string, declaration: Service): Promise<ServiceImage> =>
    imageOfService(name, declaration, { engine, projectFolder: folder, system, settings: {} });

  it('has what the program needs by default; builds once, and anew after an edit', async () => {
    write('.env', 'SECRET=1');
    write('app/.env.local', 'SECRET=1');
    write('app/.git/HEAD', 'ref');
    write('elsewhere/big.txt', 'not of this service');
    const first = await imageOf('orders', service({}));
    expect(first).toMatchObject({ builtNow: true, command: ['node', 'app/main.ts'], workingFolder: '/app' });
    expect(await run(first)).toBe('first /app');
    expect(await run(first, ['find', '.', '-type', 'f'])).toBe('./app/main.ts\n./app/word.ts\n./package.json');

    const again = await imageOf('orders', service({}));
    expect(again).toEqual({ ...first, builtNow: false });
    write('app/word.ts', `export const word = 'second';\n`);
    const edited = await imageOf('orders', service({}));
    expect(edited.builtNow).toBe(true);
    expect(await run(edited)).toBe('second /app');
    expect(built).toHaveLength(2);
  });

  it('starts where cwd says, from relative paths, with files that can be run', async () => {
    write('app/start.sh', '#!/bin/sh\nexec node main.ts\n');
    chmodSync(join(folder, 'app/start.sh'), 0o700);
    const image = await imageOf('orders', service({ command: ['./start.sh'], cwd: 'app' }));
    expect(image.workingFolder).toBe('/app/app');
    expect(await run(image)).toBe('first /app/app');
    expect(await run(image, ['stat', '-c', '%a', 'start.sh', 'main.ts'])).toBe('755\n644');
  });

  it('is one for services with the same files, built once though all ask together', async () => {
    const images = await Promise.all(['orders', 'payments', 'shipping'].map((name) => imageOf(name, service({}))));
    expect(new Set(images.map(({ imageId }) => imageId)).size).toBe(1);
    expect(built).toHaveLength(1);
  });

  it('has a package with all that it depends on, nested ones and those behind links included', async () => {
    const modules = join(folder, 'node_modules');
    for (const name of ['pg', 'pg-connection-string', 'pg-pool', 'pg-protocol', 'pg-types', 'pgpass', 'split2', 'pg-int8'])
      cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
    for (const name of ['postgres-array', 'postgres-bytea', 'postgres-date', 'postgres-interval', 'xtend'])
      cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
    write('node_modules/unrelated/package.json', '{}');
    write('packages/ours/package.json', '{ "name": "@shop/ours", "main": "index.cjs", "dependencies": { "pg": "*" } }');
    write('packages/ours/index.cjs', `exports.types = typeof require('pg').Client;`);
    mkdirSync(join(modules, '@shop'));
    symlinkSync('../../packages/ours', join(modules, '@shop/ours'));
    write('app/main.ts', `import ours from '@shop/ours';\nconsole.log(ours.types);\n`);
    const image = await imageOf('orders', service({ files: ['package.json', 'app', 'node_modules/@shop/ours'] }));
    expect(await run(image)).toBe('function');
    expect(await run(image, ['ls', 'node_modules'])).not.toContain('unrelated');
  });

  it('keeps the two before the newest, and whatever is used', async () => {
    const images: ServiceImage[] = [];
    let used = '';
    try {
      for (const word of ['a', 'b', 'c', 'd', 'e']) {
        write('app/word.ts', `export const word = '${word}';\n`);
        const image = await imageOf('orders', service({}));
        images.push(image);
        if (word === 'a') used = await docker('create', image.image, 'true');
      }
      const left = (await real.images(`dev.halfopen.image=${system}`)).flatMap(({ tags }) => tags);
      expect(new Set(left)).toEqual(new Set([0, 2, 3, 4].map((index) => images[index]?.image)));
    } finally {
      if (used !== '') await docker('rm', '-f', used);
    }
  });

  it('is built from a Dockerfile, in the context that docker would send', async () => {
    write('.dockerignore', 'elsewhere\n**/*.log\n!app/kept.log\n');
    write('elsewhere/a.txt', '');
    write('app/old.log', '');
    write('app/kept.log', '');
    write('.env', 'SECRET=1');
    write('reports/run/recording.sqlite', 'one');
    write('docker/Dockerfile', 'FROM node:24-slim AS base\nFROM base\nWORKDIR /srv\nCOPY . .\nCMD ["node", "app/main.ts"]\n');
    const declared = service({ command: [], dockerfile: 'docker/Dockerfile' });
    const first = await imageOf('orders', declared);
    expect(first).toMatchObject({ builtNow: true, command: [] });
    expect(await run(first)).toBe('first /srv');
    expect(await run(first, ['find', '.', '-type', 'f'])).toBe(
      './app/kept.log\n./app/main.ts\n./app/word.ts\n./docker/Dockerfile\n./package.json',
    );
    write('reports/run/recording.sqlite', 'two');
    write('app/old.log', 'more');
    expect((await imageOf('orders', declared)).builtNow, 'neither results nor what is ignored make a new image').toBe(false);
    write('app/word.ts', `export const word = 'second';\n`);
    expect(await run(await imageOf('orders', declared))).toBe('second /srv');
  });

  it('shows what the builder said last, and for whom it built', async () => {
    write('Dockerfile', 'FROM node:24-slim\nCOPY missing.txt .\n');
    await expect(imageOf('orders', service({ dockerfile: 'Dockerfile' }))).rejects.toThrow(
      /Cannot build the image of service 'orders' from Dockerfile\. .*\n.*The builder said:\n[\s\S]*COPY missing\.txt/,
    );
  });

  it('is looked for before it is fetched, and its absence is told with service, image and way out', async () => {
    const present = await imageOf('cache', service({ command: [], image: 'node:24-slim' }));
    expect(present).toEqual({ image: 'node:24-slim', imageId: await real.imageId('node:24-slim'), command: [], builtNow: false });
    const absent = imageOf('cache', service({ image: '127.0.0.1:9/none/such:1' }));
    await expect(absent).rejects.toThrow(
      /Cannot start service 'cache' from its image as 127\.0\.0\.1:9\/none\/such:1 is not at this engine/,
    );
    await expect(absent).rejects.toThrow(/way out/);
  });

  function run({ image, command, workingFolder }: ServiceImage, instead?: readonly string[]): Promise<string> {
    const folderArgs = workingFolder === undefined ? [] : ['--workdir', workingFolder];
    const args = ['run', '--rm', '--network', 'none', '--label', `dev.halfopen.test=${system}`, ...folderArgs, image];
    return docker(...args, ...(instead ?? command)).then((text) =>
      instead?.[0] === 'find' ? text.split('\n').toSorted().join('\n') : text,
    );
  }
});

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args);
  return stdout.trim();
}
