import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import { json } from '../../../harness/report/json.ts';

const schema = JSON.parse(readFileSync(new URL('../../../schema/outcome.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema);
const outcome = outcomeOf([passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)]);

type Json = Record<string, unknown>;
const written = async (): Promise<Json> => JSON.parse(await json.render(outcome, [])) as Json;
const first = (value: unknown): Json => (value as Json[])[0] ?? {};

describe('outcome.schema.json', () => {
  test('accepts what the reporter writes', async () => {
    expect({ valid: validate(await written()), errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  test('accepts what was left out, with and without a way out', async () => {
    const leftOut = { name: 'a', title: '', environment: 'embedded', lacks: ['netem'], sentence: "'embedded' lacks it" };
    expect(validate({ ...(await written()), leftOut: [leftOut, { ...leftOut, wayOut: '--env docker' }] })).toBe(true);
  });

  const mutations: Readonly<Record<string, (outcome: Json) => void>> = {
    'another schema version': (value) => (value['schemaVersion'] = 2),
    'no verdict': (value) => delete value['verdict'],
    'an unknown verdict': (value) => (value['verdict'] = 'passed'),
    'left out without a reason': (value) => (value['leftOut'] = [{ name: 'a', title: '', environment: 'embedded', lacks: ['backing'] }]),
    'an unknown field': (value) => (value['extra'] = 1),
    'a run without a seed': (value) => delete first(value['scenarios'])['seed'],
    'a fractional seed': (value) => (first(value['scenarios'])['seed'] = 1.5),
    'a negative duration': (value) => (first(value['scenarios'])['durationMs'] = -1),
    'a finding without a sentence': (value) => delete first(first(value['scenarios'])['findings'])['sentence'],
    'a guard that is no boolean': (value) => (first(first(value['scenarios'])['findings'])['guard'] = 'yes'),
    'a quantity without its unit': (value) => (first(first(value['scenarios'])['findings'])['quantity'] = { value: 1 }),
    'evidence of an unknown table': (value) => (first(first(value['scenarios'])['findings'])['evidence'] = [{ table: 'rows', ids: [] }]),
    'evidence with an id that is no number': (value) =>
      (first(first(value['scenarios'])['findings'])['evidence'] = [{ table: 'events', ids: ['1'] }]),
  };
  test.each(Object.keys(mutations))('refuses %s', async (name) => {
    const value = await written();
    mutations[name]?.(value);
    expect(validate(value)).toBe(false);
  });
});
