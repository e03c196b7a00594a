import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../harness/model/limits.ts';
import { observerOf } from '../../../harness/model/observe.ts';

const asIs = (text: string): string => text;

describe('what is read from a body', () => {
  test.each([
    ['true', { a: true }, true],
    ['a text', { a: 'stale' }, true],
    ['an empty text', { a: '' }, false],
    ['false', { a: false }, false],
    ['a number', { a: 1 }, false],
    ['nothing', {}, false],
    ['a second marker', { b: { c: true } }, true],
  ])('a marker that holds %s', (_, body, degraded) => {
    expect(observerOf({ degraded: ['/a', '/b/c'] }, asIs)(body)).toEqual({ degraded });
  });

  test('pointers follow RFC 6901: escapes, list places, and own members only', () => {
    const body = { 'a/b': { '~': [{ x: 7 }] }, '': 1 };
    expect(observerOf({ value: '/a~1b/~0/0/x' }, asIs)(body)).toEqual({ value: 7 });
    expect(observerOf({ value: '/' }, asIs)(body)).toEqual({ value: 1 });
    expect(observerOf({ value: '' }, asIs)('whole')).toEqual({ value: 'whole' });
    expect(observerOf({ value: '/constructor/name' }, asIs)(body)).toBeNull();
  });

  test('what has the wrong type is left out', () => {
    expect(observerOf({ value: '/v', version: '/n', age: '/a' }, asIs)({ v: { deep: 1 }, n: true, a: '12' })).toBeNull();
    expect(observerOf({ value: '/v', version: '/n', age: '/a' }, asIs)({ v: null, n: 'v1', a: 12 })).toEqual({
      value: null,
      version: 'v1',
      ageMs: 12,
    });
  });

  test('long texts are cut until the whole fits its limit', () => {
    const observed = observerOf({ value: '/v', version: '/n' }, asIs)({ v: 'ü'.repeat(5000), n: 'v'.repeat(700) });
    expect(Buffer.byteLength(JSON.stringify(observed))).toBeLessThanOrEqual(LIMITS.observedBytes);
    expect(observed?.value).toMatch(/^ü+…$/);
  });
});
