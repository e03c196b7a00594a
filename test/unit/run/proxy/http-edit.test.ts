import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editBody } from '../../../../harness/run/proxy/http/body-edit.ts';
import { editHead } from '../../../../harness/run/proxy/http/head-edit.ts';

const body = (text: string, edit: Parameters<typeof editBody>[1]) => editBody(Buffer.from(text), edit).toString();
const at = (text: string, pointer: string, value: unknown) => body(text, { json: [{ pointer, value }] });

describe('a value is put at a JSON pointer', () => {
  test.each([
    ['{"a":1}', '/a', 2, '{"a":2}'],
    ['{"a":{"b":[1,2]}}', '/a/b/0', 'x', '{"a":{"b":["x",2]}}'],
    ['[1,2]', '/2', 3, '[1,2,3]'],
    ['[1,2]', '/-', 3, '[1,2,3]'],
    ['{"a/b":1,"c~d":2}', '/a~1b', 3, '{"a/b":3,"c~d":2}'],
    ['{"a/b":1,"c~d":2}', '/c~0d', 3, '{"a/b":1,"c~d":3}'],
    ['{"~1":1}', '/~01', 3, '{"~1":3}'],
    ['{"":{"":1}}', '//', 3, '{"":{"":3}}'],
    ['{"a":1}', '', [1], '[1]'],
    ['{"a":1}', '/__proto__', 3, '{"a":1,"__proto__":3}'],
  ])('%s at %j', (text, pointer, value, expected) => {
    expect(at(text, pointer, value)).toBe(expected);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test.each([
    ['{"a":1}', '/b/c'],
    ['{"a":1}', '/a/c'],
    ['[ 1 ]', '/2'],
    ['[ 1 ]', '/00'],
    ['[ 1 ]', '/-1'],
    ['[ 1 ]', '/-/a'],
    ['{ "a": 1 }', '/toString/a'],
    ['not JSON', '/a'],
  ])('%s has no place for %j and stays as it is, to the byte', (text, pointer) => {
    expect(at(text, pointer, 2)).toBe(text);
  });
});

test('texts are replaced wherever they occur, as they are, and bytes that are no text stay', () => {
  expect(body('a.b.a', { replace: [{ find: '.', with: '$&' }] })).toBe('a$&b$&a');
  expect(body('über', { replace: [{ find: 'ü', with: 'ue' }] })).toBe('ueber');
  expect(
    body('a', {
      replace: [
        { find: 'a', with: 'b' },
        { find: 'b', with: 'c' },
      ],
    }),
  ).toBe('c');
  const bytes = Buffer.from([255, 97, 195]);
  expect([...editBody(bytes, { replace: [{ find: 'a', with: 'é' }] })]).toEqual([255, 195, 169, 195]);
});

test('an edit without anything to do leaves every head as it is', () => {
  const name = fc.stringMatching(/^[A-Za-z-]{1,8}$/);
  const value = fc.string({ maxLength: 20, unit: fc.constantFrom(' ', ':', 'a', '\t', 'ÿ') });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (fields) => {
      const head = Buffer.from(['GET / HTTP/1.1', ...fields.map((field) => field.join(':')), '', ''].join('\r\n'), 'latin1');
      expect(editHead(head, { removeHeaders: ['absent-one'] }).equals(head)).toBe(true);
      const other = editHead(head, { setHeaders: { 'X-Absent-One': '1' } });
      expect(other.toString('latin1')).toBe(`${head.toString('latin1').slice(0, -2)}X-Absent-One: 1\r\n\r\n`);
    }),
  );
});
