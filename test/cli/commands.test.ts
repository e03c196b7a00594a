// Goal: the commands beside `run` do what their help says.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Toxiproxy } from 'toxiproxy-node-client';
import type { Plan } from '../../harness/model/plan.ts';
import { filesUnder, fixture, halfopen, start, temporaryFolder, temporaryProject } from './halfopen.ts';

describe('plan', () => {
  test('prints the timeline for people', async () => {
    const { code, stdout } = await halfopen(['plan', 'holds', '--seed', '5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/2\.5 +3\.5 +storm +front->back: every request is answered 503/);
    expect(stdout).toMatch(/seed +5/);
  });

  test('prints the same data for programs, and the same for the same seed', async () => {
    const [first, second, other] = await Promise.all(
      [5, 5, 6].map((seed) => halfopen(['plan', 'holds', '--json', '--seed', String(seed)])),
    );
    const plan = JSON.parse(first?.stdout ?? '') as Plan;
    expect(plan.scenario.name).toBe('holds');
    expect(plan.faults.map(({ windows }) => windows)).toEqual([[{ fromUs: 2_500_000, toUs: 3_500_000 }]]);
    expect(second?.stdout).toBe(first?.stdout);
    expect(other?.stdout).not.toBe(first?.stdout);
    expect(first?.stdout).not.toContain('planted-');
  });

  test('wants one scenario', async () => {
    const { code, stderr } = await halfopen(['plan', 's']);
    expect(code).toBe(2);
    expect(stderr).toContain('breaks, holds');
  });
});

describe('doctor', () => {
  test('says what it found, and that runs can work here', async () => {
    const { code, stdout } = await halfopen(['doctor', '--json']);
    const found = JSON.parse(stdout) as { about: string; state: string; found: string }[];
    expect(found.filter(({ state }) => state === 'broken')).toEqual([]);
    expect(code).toBe(0);
    expect(found.map(({ about }) => about)).toEqual(
      expect.arrayContaining(['node', 'platform', 'loopback', 'clock', 'timers', 'configuration', 'disk']),
    );
    expect(found.find(({ about }) => about === 'configuration')?.found).toBe(join(fixture, 'halfopen.config.ts'));
  });

  test('ends with 3 where something is broken, and names the way out', async () => {
    const cwd = temporaryProject({ 'halfopen.config.js': "throw new Error('half a config');" });
    const { code, stdout } = await halfopen(['doctor'], { cwd });
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ configuration .*half a config[^]*→ mend the file/);
    expect(stdout).toMatch(/✓ node/);
  });
});

describe('init', () => {
  test('writes a project whose scenario can be planned', async () => {
    const cwd = temporaryProject({});
    const { code, stdout } = await halfopen(['init', '--yes'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('npx halfopen run');
    const planned = await halfopen(['plan', 'backend-outage'], { cwd });
    expect(planned.stderr).toBe('');
    expect(planned.code).toBe(0);
  });

  test('keeps what is there, in files and in package.json', async () => {
    const mine = { name: 'mine', type: 'commonjs', scripts: { chaos: 'mine' }, dependencies: { opossum: '^9.0.0' } };
    const cwd = temporaryProject({ 'package.json': JSON.stringify(mine), '.gitignore': 'mine\n' });
    const { code, stdout } = await halfopen(['init', '--yes'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('left alone .gitignore');
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('mine\n');
    const after = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')) as typeof mine & { devDependencies: Record<string, string> };
    expect(after).toMatchObject(mine);
    expect(Object.keys(after.devDependencies).toSorted()).toEqual(['halfopen', 'node']);
    // A package of CommonJS stays one, and the scenario can be read all the same.
    expect((await halfopen(['list'], { cwd })).stdout).toContain('backend-outage');
    const texts = (): readonly string[] =>
      filesUnder(cwd)
        .filter((path) => !path.includes('node_modules'))
        .map((path) => readFileSync(path, 'utf8'));
    const before = texts();
    expect((await halfopen(['init', '--yes'], { cwd })).stdout).not.toContain('wrote');
    expect(texts()).toEqual(before);
  });

  test('asks first, and where it cannot, writes nothing', async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await halfopen(['init', folder]);
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(filesUnder(folder)).toEqual([]);
  });

  test('a package.json that is no JSON is left as it is', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'package.json'), '{ name: mine }');
    const { code } = await halfopen(['init', '--yes', folder]);
    expect(code).toBe(2);
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe('{ name: mine }');
    expect(existsSync(join(folder, 'scenarios'))).toBe(false);
  });
});

test('report prints where the report is', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'report.html'), '');
  const { code, stdout } = await halfopen(['report', folder]);
  expect(code).toBe(0);
  expect(stdout).toBe(`${join(folder, 'report.html')}\n`);
});

test('proxy speaks to a Toxiproxy client and ends with its signal', async () => {
  const { child, ended, printed, untilPrinted } = start(['proxy', '--port', '0']);
  await untilPrinted('Ctrl-C ends it');
  const [url = ''] = /http:\/\/[\d.:]+/.exec(printed()) ?? [];
  const made = await new Toxiproxy(url).createProxy({ name: 'a', listen: '127.0.0.1:0', upstream: '127.0.0.1:9' });
  expect(made.listen).toMatch(/^127\.0\.0\.1:\d+$/);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(143);
});
