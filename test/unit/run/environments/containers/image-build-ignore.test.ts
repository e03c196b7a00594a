import { describe, expect, it } from 'vitest';
import { readIgnoreFile } from '../../../../../harness/run/environments/containers/image-build-ignore.ts';

/** pattern file → what it leaves out, what it does not; as `docker build` does. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['node_modules', ['node_modules', 'node_modules/pg/index.js'], ['app/node_modules', 'node_modules2']],
  ['/dist/\n# dist2\n\n', ['dist', 'dist/a'], ['app/dist', 'dist2', '# dist2']],
  ['*.log', ['a.log', '.log', 'x.log/inside'], ['app/a.log', 'alog']],
  ['*/*.log', ['app/a.log'], ['a.log', 'app/b/a.log']],
  ['**/*.log', ['a.log', 'app/b/a.log'], ['a.logs']],
  ['app/**', ['app/a', 'app/a/b'], ['app']],
  ['**/secrets/**', ['secrets/a', 'a/b/secrets/c'], ['secrets', 'secretsx/a']],
  ['a?c', ['abc'], ['ac', 'a/c', 'abbc']],
  ['[a-c]x\n[^a-c]y', ['ax', 'dy'], ['dx', 'ay']],
  ['a+(b).txt', ['a+(b).txt'], ['aab.txt', 'a+(b)xtxt']],
  ['\\*', ['*'], ['a']],
  ['*\n!app\napp/old', ['README.md', 'app/old/x'], ['app', 'app/new']],
  ['!app\n*', ['app'], []],
  ['.\n/', [], ['a', 'a/b']],
];

describe('.dockerignore', () => {
  it.each(CASES)('%j', (text, out, kept) => {
    const { ignores } = readIgnoreFile(text);
    expect(out.filter((path) => !ignores(path))).toEqual([]);
    expect(kept.filter(ignores)).toEqual([]);
  });

  it('tells of exceptions: what is in an ignored folder may be wanted', () => {
    expect(readIgnoreFile('app\n').hasExceptions).toBe(false);
    expect(readIgnoreFile('app\n!app/.env\n')).toMatchObject({ hasExceptions: true, exceptions: 'app/.env' });
  });
});
