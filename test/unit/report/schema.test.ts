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

const statistics = (value: Json): Json => first(value['scenarios'])['statistics'] as Json;
const firstFault = (value: Json): Json => first((statistics(value)['metrics'] as Json)['faults']);

describe('outcome.schema.json', () => {
  test('accepts what the reporter writes', async () => {
    expect({ valid: validate(await written()), errors: validate.errors }).toEqual({ valid: true, errors: null });
  });

  test('accepts what was left out, with and without a way out', async () => {
    const leftOut = { name: 'a', title: '', environment: 'embedded', lacks: ['netem'], sentence: "'embedded' lacks it" };
    expect(validate({ ...(await written()), leftOut: [leftOut, { ...leftOut, wayOut: '--env docker' }] })).toBe(true);
  });

  test('accepts the scenario’s file', async () => {
    const value = await written();
    first(value['scenarios'])['file'] = 'scenarios/payments-outage.chaos.ts';
    expect(validate(value)).toBe(true);
  });

  const mutations: Readonly<Record<string, (outcome: Json) => void>> = {
    'another schema version': (value) => (value['schemaVersion'] = 2),
    'no verdict': (value) => delete value['verdict'],
    'an unknown verdict': (value) => (value['verdict'] = 'passed'),
    'left out without a reason': (value) => (value['leftOut'] = [{ name: 'a', title: '', environment: 'embedded', lacks: ['backing'] }]),
    'an unknown field': (value) => (value['extra'] = 1),
    'a file without a name': (value) => (first(value['scenarios'])['file'] = ''),
    'a run without a seed': (value) => delete first(value['scenarios'])['seed'],
    'a fractional seed': (value) => (first(value['scenarios'])['seed'] = 1.5),
    'a negative duration': (value) => (first(value['scenarios'])['durationMs'] = -1),
    'a finding without a sentence': (value) => delete first(first(value['scenarios'])['findings'])['sentence'],
    'a guard that is no boolean': (value) => (first(first(value['scenarios'])['findings'])['guard'] = 'yes'),
    'a quantity without its unit': (value) => (first(first(value['scenarios'])['findings'])['quantity'] = { value: 1 }),
    'statistics of an invalid run beside the reason': (value) => (statistics(value)['unusable'] = 'why'),
    'statistics of another version': (value) => (statistics(value)['schemaVersion'] = 2),
    'statistics without noise': (value) => delete statistics(value)['noiseMs'],
    'a time without its resolution': (value) => delete (firstFault(value)['recovery'] as Json)['resolutionMs'],
    'a time that is both measured and censored': (value) => ((firstFault(value)['recovery'] as Json)['censoredAtMs'] = 1),
    'a phase that nothing judges': (value) => (first((statistics(value)['metrics'] as Json)['phases'])['phase'] = 'warmup'),
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
