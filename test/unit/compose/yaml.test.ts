/** Goal: what is written is YAML that says what was meant, whatever is in a text, and a person can read it. */
import { describe, expect, it } from 'vitest';
import { mapping, writeYaml } from '../../../harness/compose/yaml.ts';

describe('writeYaml', () => {
  it('writes mappings, lists, comments and literals as a person would', () => {
    const text = writeYaml({
      entries: [
        { key: 'name', value: 'shop' },
        {
          key: 'services',
          comment: 'What runs.\nAll of it.',
          value: mapping({
            web: mapping({
              command: ['node', 'a b'],
              init: true,
              scale: 2,
              ports: [{ verbatim: '127.0.0.1:${PORT:-80}:80' }],
              volumes: [mapping({ type: 'bind', source: './x' })],
              none: mapping({}),
              nothing: undefined,
              empty: [],
              null: null,
            }),
          }),
        },
        { key: 'config', value: mapping({ content: { literal: '[\n  {"cost":"$5"}\n]\n' } }) },
      ],
    });
    expect(text).toBe(
      [
        'name: shop',
        '',
        '# What runs.',
        '# All of it.',
        'services:',
        '  web:',
        '    command: [node, "a b"]',
        '    init: true',
        '    scale: 2',
        '    ports:',
        '      - "127.0.0.1:${PORT:-80}:80"',
        '    volumes:',
        '      - type: bind',
        '        source: "./x"',
        '    none: {}',
        '    empty: []',
        '    "null": null',
        'config:',
        '  content: |',
        '    [',
        '      {"cost":"$$5"}',
        '    ]',
        '',
      ].join('\n'),
    );
  });

  it('writes a tag where a value replaces what other files say', () => {
    const text = writeYaml(mapping({ a: { tag: '!reset', value: null }, b: { tag: '!override', value: mapping({ c: ['d'] }) } }));
    expect(text).toBe('a: !reset null\nb: !override\n  c: [d]\n');
  });

  it.each([
    ['yes', '"yes"'],
    ['NO', '"NO"'],
    ['null', '"null"'],
    ['~', '"~"'],
    ['1', '"1"'],
    ['1e3', '"1e3"'],
    ['0x1f', '"0x1f"'],
    ['', '""'],
    [' a', '" a"'],
    ['a: b', '"a: b"'],
    ['a:', '"a:"'],
    ['a #b', '"a #b"'],
    ['- a', '"- a"'],
    ['*a', '"*a"'],
    ['!a', '"!a"'],
    ['a\nb\t"c"\\', '"a\\nb\\t\\"c\\"\\\\"'],
    ['${A}', '"$${A}"'],
    ['$$', '"$$$$"'],
    ['\u0085\u2028\ufeff\u007f', '"\\u0085\\u2028\\ufeff\\u007f"'],
    ['grün 🙂', '"grün 🙂"'],
    ['node:24-slim', 'node:24-slim'],
    ['/srv/a.js', '/srv/a.js'],
  ])('writes the text %j as %s', (value, written) => {
    expect(writeYaml(mapping({ k: value }))).toBe(`k: ${written}\n`);
  });

  it('quotes keys as it quotes texts, and does not interpolate in them', () => {
    expect(writeYaml(mapping({ on: 1, 'a b': 2, $c: 3 }))).toBe('"on": 1\n"a b": 2\n"$c": 3\n');
  });

  it('puts a list on lines of its own once it is too long for one', () => {
    const words = Array.from({ length: 20 }, (_, index) => `word-number-${index}`);
    expect(writeYaml(mapping({ k: words })).split('\n')).toHaveLength(22);
  });

  it.each([['half a pair \ud800'], ['nul \0']])('refuses what YAML cannot carry: %j', (value) => {
    expect(() => writeYaml(mapping({ k: value }))).toThrow('a text must be well-formed and without NUL');
  });

  it.each(['a', ' a\n', 'ä\n', ''])('refuses as a literal what would not be read back the same: %j', (literal) => {
    expect(() => writeYaml(mapping({ k: { literal } }))).toThrow('a literal must be printable ASCII');
  });
});
