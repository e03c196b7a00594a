import { describe, expect, test } from 'vitest';
import { fillerOf, valuesOf } from '../../../../harness/run/load/fill.ts';
import { get, post } from '../../../../harness/scenario/load.ts';

const values = valuesOf({ values: { sku: ['tea', 'a/b "c"'] } }, { seed: 11, runId: 'one' });
const ordinals = Array.from({ length: 50_000 }, (_, index) => index);

describe('placeholders', () => {
  test('a UUID is one of version 4 and never comes twice in a run', () => {
    const uuids = ordinals.map((ordinal) => values['uuid']?.(ordinal) ?? '');
    for (const uuid of uuids.slice(0, 500)) expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(uuids).size).toBe(uuids.length);
  });

  test('UUIDs are of one run, the other values of the seed', () => {
    const other = valuesOf({ values: { sku: ['tea', 'a/b "c"'] } }, { seed: 11, runId: 'two' });
    const few = ordinals.slice(0, 200);
    expect(few.filter((ordinal) => other['uuid']?.(ordinal) === values['uuid']?.(ordinal))).toEqual([]);
    expect(few.map((ordinal) => other['sku']?.(ordinal))).toEqual(few.map((ordinal) => values['sku']?.(ordinal)));
  });

  test('a list’s values come about equally often', () => {
    const teas = ordinals.filter((ordinal) => values['sku']?.(ordinal) === 'tea').length;
    expect(teas / ordinals.length).toBeGreaterThan(0.48);
    expect(teas / ordinals.length).toBeLessThan(0.52);
  });

  test('a value is escaped for the place where it stands', () => {
    const odd = ordinals.find((ordinal) => values['sku']?.(ordinal) !== 'tea') ?? -1;
    const fill = fillerOf(
      post('r', '/{sku}/{seq}', { headers: { 'x-sku': 's={sku}' }, body: { sku: 'the {sku}', list: ['{seq}'] } }),
      values,
    );
    const filled = fill(odd);
    expect(filled.path).toBe(`/a%2Fb%20%22c%22/${odd}`);
    expect(filled.headers).toEqual({ 'content-type': 'application/json', 'x-sku': 's=a/b "c"' });
    expect(JSON.parse(filled.body ?? '')).toEqual({ sku: 'the a/b "c"', list: [String(odd)] });
  });

  test('a declared content type stays, and a request without a body has none', () => {
    const typed = fillerOf(post('r', '/', { headers: { 'Content-Type': 'application/merge-patch+json' }, body: {} }), values)(0);
    expect(typed.headers).toEqual({ 'Content-Type': 'application/merge-patch+json' });
    expect(fillerOf(get('r', '/'), values)(0)).toEqual({ method: 'GET', path: '/', headers: {}, body: null });
  });
});
