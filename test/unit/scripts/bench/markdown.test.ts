import { expect, it } from 'vitest';
import { ratio, table, withSection } from '../../../../scripts/bench/markdown.ts';

it('aligns a table by its widest cells', () => {
  expect(
    table(
      ['what', 'ms'],
      [
        ['load', '12'],
        ['judge it', '3.5'],
      ],
    ),
  ).toBe(['| what     |  ms |', '| -------- | --: |', '| load     |  12 |', '| judge it | 3.5 |'].join('\n'));
});

it('replaces the section of that title and leaves the others as they are', () => {
  const document = '# Benchmarks\n\npreface\n\n## one\n\nold\n\n## two\n\nkept\n';
  expect(withSection(document, 'one', 'new')).toBe('# Benchmarks\n\npreface\n\n## one\n\nnew\n\n## two\n\nkept\n');
});

it('adds a section that is not there, also to a document without any', () => {
  expect(withSection('# Benchmarks', 'one', 'body')).toBe('# Benchmarks\n\n## one\n\nbody\n');
  expect(withSection('# Benchmarks\n\n## one\n\nbody\n', 'one more', 'text')).toBe(
    '# Benchmarks\n\n## one\n\nbody\n\n## one more\n\ntext\n',
  );
});

it('takes no section for another whose title begins alike', () => {
  expect(withSection('# B\n\n## load driver\n\nkept\n', 'load', 'new')).toContain('## load driver\n\nkept');
});

it('says a ratio with the digits that it deserves, and none where there is none', () => {
  expect([ratio(1, 3), ratio(25, 2), ratio(1, 0)]).toEqual(['0.33×', '13×', '–']);
});
