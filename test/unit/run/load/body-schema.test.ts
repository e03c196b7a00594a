import { expect, test } from 'vitest';
import { z } from 'zod';
import { UsageError } from '../../../../harness/model/problem.ts';
import { compileBodyCheck } from '../../../../harness/run/load/body-schema.ts';
import { jsonSchemaOf } from '../../../../harness/scenario/body-schema.ts';

test('a body that does not match says where and why', () => {
  const check = compileBodyCheck(jsonSchemaOf(z.object({ fee: z.object({ amount: z.number().min(1) }) }), 'r'), 'r');
  expect(check({ fee: { amount: 2 }, more: true })).toBeNull();
  expect(check({ fee: { amount: 0 } })).toBe('/fee/amount must be >= 1');
  expect(check({})).toBe("body must have required property 'fee'");
});

test.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema', undefined])(
  'a schema of dialect %s compiles',
  ($schema) => {
    const check = compileBodyCheck({ ...($schema === undefined ? {} : { $schema }), type: 'object', required: ['a'] }, 'r');
    expect(check({ a: 1 })).toBeNull();
    expect(check({})).not.toBeNull();
  },
);

test('an email that zod refuses is refused here', () => {
  const check = compileBodyCheck(jsonSchemaOf(z.object({ to: z.email() }), 'r'), 'r');
  expect(check({ to: 'a@b.example' })).toBeNull();
  expect(check({ to: 'nobody' })).not.toBeNull();
});

test('what is no schema is the scenario’s fault and names the request', () => {
  expect(() => compileBodyCheck({ type: 'nonsense' }, 'quote')).toThrow(UsageError);
  expect(() => compileBodyCheck({ type: 'nonsense' }, 'quote')).toThrow(/answers of 'quote'/);
});
