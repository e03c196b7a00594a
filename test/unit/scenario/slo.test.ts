/** Goal: an SLO that could not be meant is refused with every problem and its place, whoever wrote it. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/model/problem.ts';
import { defineConfig } from '../../../harness/scenario/config.ts';
import { readSloFile, readSlos, sharedNameProblems, sloProblems, slosProblems } from '../../../harness/scenario/validate-slo.ts';

type Json = Record<string, unknown>;

const recovers: Json = { name: 'recovers', objective: 'recovery', bound: '10s' };
const available: Json = { name: 'available', objective: 'availability', during: 'fault', bound: 0.9 };
const quick: Json = { name: 'quick', objective: 'latency', during: 'recovery', quantile: 0.95, bound: '250ms' };

const paths = (fields: Json, base = recovers): string[] => sloProblems({ ...base, ...fields }, 'slo').map(({ path }) => path);

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.problems.map(({ path, found }) => `${path}: ${found}`);
    throw error;
  }
  return [];
}

describe('valid SLOs', () => {
  it.each([
    [recovers],
    [{ ...recovers, bound: 250, fault: 'storm', request: 'quote', scenarios: { names: ['a'], tags: ['@b'] } }],
    [{ name: 'a', objective: 'containment', bound: '2s' }],
    [{ name: 'a', objective: 'readmission', bound: '2s', fault: 'storm' }],
    [{ name: 'a', objective: 'drain', bound: '2s', proportion: 0.5, confidence: 0.99 }],
    [available],
    [{ ...available, bound: 1 }],
    [quick],
    [{ name: 'a', objective: 'wrong-answers', during: 'baseline', bound: 0 }],
    [{ name: 'a', objective: 'amplification', edge: 'a->b', fault: 'storm', bound: 1.5 }],
  ])('%j', (slo) => {
    expect(sloProblems(slo, 'slo')).toEqual([]);
  });
});

describe('hostile SLOs', () => {
  it.each([[null], [undefined], ['10s'], [7], [[]], [true]])('%j is none', (value) => {
    expect(sloProblems(value, 'slo')).toMatchObject([{ path: 'slo', expected: 'an SLO' }]);
  });

  it.each<[Json, string[]]>([
    [{ name: '' }, ['slo.name']],
    [{ name: 'a/b' }, ['slo.name']],
    [{ name: 7 }, ['slo.name']],
    [{ objective: 'recover' }, ['slo.objective']],
    [{ objective: 'constructor' }, ['slo.objective']],
    [{ objective: undefined }, ['slo.objective']],
    [{ bound: 0 }, ['slo.bound']],
    [{ bound: '0s' }, ['slo.bound']],
    [{ bound: -1 }, ['slo.bound']],
    [{ bound: Number.NaN }, ['slo.bound']],
    [{ bound: Infinity }, ['slo.bound']],
    [{ bound: 'soon' }, ['slo.bound']],
    [{ bound: '10' }, ['slo.bound']],
    [{ bound: null }, ['slo.bound']],
    [{ bound: undefined }, ['slo.bound']],
    [{ proportion: 1 }, ['slo.proportion']],
    [{ proportion: 0 }, ['slo.proportion']],
    [{ proportion: Number.NaN }, ['slo.proportion']],
    [{ proportion: '95%' }, ['slo.proportion']],
    [{ confidence: 0.4 }, ['slo.confidence']],
    [{ confidence: 1 }, ['slo.confidence']],
    [{ scenarios: '@smoke' }, ['slo.scenarios']],
    [{ scenarios: { tags: [] } }, ['slo.scenarios.tags']],
    [{ scenarios: { names: [1] } }, ['slo.scenarios.names']],
    [{ scenarios: { tag: ['a'] } }, ['slo.scenarios.tag']],
    [{ bund: '10s' }, ['slo.bund']],
    [{ during: 'fault' }, ['slo.during']],
    [{ quantile: 0.95 }, ['slo.quantile']],
    [{ edge: 'a->b' }, ['slo.edge']],
    [{ fault: '' }, ['slo.fault']],
    [{ fault: ['storm'] }, ['slo.fault']],
  ])('%j', (fields, expected) => {
    expect(paths(fields)).toEqual(expected);
  });

  it.each<[Json, Json, string[]]>([
    [available, { during: undefined }, ['slo.during']],
    [available, { during: 'warmup' }, ['slo.during']],
    [available, { bound: '10s' }, ['slo.bound']],
    [available, { bound: 99 }, ['slo.bound']],
    [available, { bound: 0 }, ['slo.bound']],
    [quick, { quantile: undefined }, ['slo.quantile']],
    [quick, { quantile: 0.951 }, ['slo.quantile']],
    [quick, { quantile: 95 }, ['slo.quantile']],
    [{ name: 'a', objective: 'wrong-answers', during: 'fault' }, { bound: 0.5 }, ['slo.bound']],
    [{ name: 'a', objective: 'wrong-answers', during: 'fault' }, { bound: -1 }, ['slo.bound']],
    [{ name: 'a', objective: 'amplification' }, { bound: 0.9 }, ['slo.bound']],
    [{ name: 'a', objective: 'readmission', bound: 1 }, { request: 'quote' }, ['slo.request']],
  ])('%j with %j', (base, fields, expected) => {
    expect(paths(fields, base)).toEqual(expected);
  });

  it('tell all problems at once, NaN as NaN', () => {
    expect(
      problemsOf(() => readSlos([{ name: 'a', objective: 'latency', bound: Number.NaN, extra: 1 }, recovers, recovers], 'slos')),
    ).toEqual([
      "slos[0].extra: the unknown field 'extra'",
      'slos[0].bound: NaN',
      'slos[0].during: nothing',
      'slos[0].quantile: nothing',
      "slos[2].name: 'recovers' again",
    ]);
    expect(slosProblems({}, 'slos')).toMatchObject([{ path: 'slos', expected: 'a list of SLOs' }]);
  });

  it('say near words', () => {
    expect(sloProblems({ ...recovers, objective: 'recovry' }, 'slo')[0]?.hint).toBe("did you mean 'recovery'?");
    expect(sloProblems({ ...recovers, proportion: 1 }, 'slo')[0]?.hint).toContain('no number of runs');
  });
});

describe('files', () => {
  it('hold one SLO or a list of them', () => {
    expect(readSloFile(recovers, 'a.slo.json')).toMatchObject([{ name: 'recovers', bound: 10_000 }]);
    expect(readSloFile([recovers, quick], 'a.slo.json').map(({ name }) => name)).toEqual(['recovers', 'quick']);
  });

  it('that are wrong say which file and which field', () => {
    expect(problemsOf(() => readSloFile({ ...recovers, bound: 0 }, 'a.slo.json'))).toEqual(['a.slo.json › bound: 0']);
    expect(problemsOf(() => readSloFile([recovers, { ...quick, bound: 0 }], 'a.slo.json'))).toEqual(['a.slo.json › [1].bound: 0']);
    expect(problemsOf(() => readSloFile([], 'a.slo.json'))).toEqual(['a.slo.json: an empty list']);
    expect(problemsOf(() => readSloFile(null, 'a.slo.json'))).toEqual(['a.slo.json: null']);
  });

  it('may not have names that others have', () => {
    const slos = readSlos([recovers], 'slos');
    expect(
      sharedNameProblems([
        { place: 'config', slos },
        { place: 'a.slo.json', slos },
      ]),
    ).toMatchObject([{ path: 'a.slo.json › recovers', hint: 'config › recovers has it already' }]);
  });
});

describe('the configuration', () => {
  it('holds SLOs and paths of files with more', () => {
    const config = defineConfig({ slos: [{ name: 'recovers', objective: 'recovery', bound: '10s' }, 'slos'] });
    expect(config.slos).toHaveLength(2);
  });

  it('is refused with the places of what is wrong', () => {
    const wrong = { slos: ['slos', { ...recovers, bound: 0 }, '', recovers, recovers] } as never;
    expect(problemsOf(() => defineConfig(wrong))).toEqual([
      'slos[1].bound: 0',
      'slos[2]: ""',
      "slos[3].name: 'recovers' again",
      "slos[4].name: 'recovers' again",
    ]);
    expect(problemsOf(() => defineConfig({ slos: 'slos' } as never))).toEqual(['slos: "slos"']);
  });
});
