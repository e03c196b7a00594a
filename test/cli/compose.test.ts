/** Goal: `halfopen compose` writes what its inputs say and nothing over a file of somebody else, and asks where it cannot know. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { halfopen, repository, temporaryProject } from './halfopen.ts';

const system = (...names: readonly string[]): string =>
  [
    "import { defineSystem } from 'halfopen';",
    ...names.map(
      (name) =>
        `export const ${name} = defineSystem({ name: '${name}', entry: 'web', services: {
          web: { command: ['node', 'web.js'], calls: { back: 'BACK_URL' } }, back: { command: ['node', 'back.js'] } } });`,
    ),
  ].join('\n');

describe('halfopen compose, where there is no compose file', () => {
  const folder = temporaryProject({ 'one.system.ts': system('one'), 'two.system.ts': system('first', 'second') });
  const compose = (...args: readonly string[]) => halfopen(['compose', ...args], { cwd: folder });
  const read = (): string => readFileSync(join(folder, 'docker-compose.chaos.yml'), 'utf8');

  it('writes a whole one from the system, the same each time, and --check holds it to that', async () => {
    expect((await compose('--system', 'one.system.ts', '--check')).code).toBe(1);
    const first = await compose('--system', 'one.system.ts');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('docker compose -f docker-compose.chaos.yml up');
    const text = read();
    expect(text).toContain('BACK_URL: http://halfopen-relay:20001');
    expect(text).toContain('command: [node, web.js]');
    expect((await compose('--system', 'one.system.ts')).stdout).toContain('is up to date');
    expect(read()).toBe(text);
    expect((await compose('--system', 'one.system.ts', '--check')).code).toBe(0);
    writeFileSync(join(folder, 'docker-compose.chaos.yml'), text.replace('20001', '20002'));
    expect(await compose('--system', 'one.system.ts', '--check')).toMatchObject({
      code: 1,
      stdout: 'docker-compose.chaos.yml is out of date; this writes it: npx halfopen compose --system one.system.ts\n',
    });
    expect((await compose('--system', 'one.system.ts')).code).toBe(0);
    expect(read()).toBe(text);
  });

  it('leaves a file of somebody else alone unless it is told to write over it', async () => {
    writeFileSync(join(folder, 'theirs.yml'), 'services: {}\n');
    const refused = await compose('--system', 'one.system.ts', '--out', 'theirs.yml');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("its first line is not halfopen's (way out: --out, or --force)");
    expect(readFileSync(join(folder, 'theirs.yml'), 'utf8')).toBe('services: {}\n');
    expect((await compose('--system', 'one.system.ts', '--out', 'theirs.yml', '--force')).code).toBe(0);
  });

  it.each([
    ['a file with several systems', ['--system', 'two.system.ts'], '--system two.system.ts#first or --system two.system.ts#second'],
    ['a system that the file lacks', ['--system', 'two.system.ts#third'], 'a system of two.system.ts: first, second'],
    ['a file without a system', ['--system', 'package.json'], 'Cannot read a system from package.json'],
    ['neither a file nor a name', ['--system', 'nowhere.ts'], "'nowhere.ts', which is neither"],
    ['no system at all', [], 'none, and no scenario that uses one'],
    ['a compose file that is not there', ['nowhere.yml', '--system', 'one.system.ts'], 'nowhere.yml does not'],
    ['its own output as input', ['docker-compose.chaos.yml', '--system', 'one.system.ts'], "'--out' must not be one of the files"],
  ])('refuses %s', async (_, args, said) => {
    const { code, stderr } = await compose(...args);
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });

  it('takes the one that is named', async () => {
    expect((await compose('--system', 'two.system.ts#second', '--out', 'second.yml')).stdout).toContain('edges of second');
    expect(readFileSync(join(folder, 'second.yml'), 'utf8')).toContain(
      'npx halfopen compose --system two.system.ts#second --out second.yml',
    );
  });
});

it("this repository's docker-compose.chaos.yml is what its system says (npx halfopen compose writes it)", async () => {
  const { code, stdout, stderr } = await halfopen(['compose', '--check'], { cwd: repository });
  expect(stdout + stderr).toBe('');
  expect(code).toBe(0);
});
