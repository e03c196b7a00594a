import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = 'test/types/rejected';
const files = readdirSync(`${root}${folder}`).filter((file) => file.endsWith('.ts'));
/** `file:line` of every error in the type tests. */
const errors = new Set<string>();

function compilerOutput(): string {
  try {
    return execFileSync(`${root}node_modules/.bin/tsc`, ['-p', folder, '--pretty', 'false'], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    // tsc answers 1 or 2 when it found errors, which is what these files are for.
    const { status, stdout } = error as { readonly status?: number; readonly stdout?: string };
    if (status === undefined || status > 2 || stdout === undefined) throw error;
    return stdout;
  }
}

beforeAll(() => {
  for (const [, file, line] of compilerOutput().matchAll(/^(test\/types\/[^(]+)\((\d+),\d+\): error TS/gm)) errors.add(`${file}:${line}`);
});

describe('misspelt names do not compile', () => {
  it.each(files)('%s has errors on exactly the lines marked as rejected', (file) => {
    const lines = readFileSync(`${root}${folder}/${file}`, 'utf8').split('\n');
    const marked = lines.flatMap((line, index) => (line.includes('// rejected: ') ? [`${folder}/${file}:${index + 1}`] : []));
    expect(marked.length).toBeGreaterThan(0);
    expect([...errors].filter((place) => place.startsWith(`${folder}/${file}:`)).sort()).toEqual(marked.sort());
  });

  it('and the same declarations spelt right do', () => {
    expect(readdirSync(`${root}test/types/accepted`)).toContain('scenario.ts');
    expect([...errors].filter((place) => place.startsWith('test/types/accepted/'))).toEqual([]);
  });
});
