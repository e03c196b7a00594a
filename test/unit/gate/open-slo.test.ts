/** Goal: what OpenSLO can say comes over as it was meant, what it cannot say is refused or named, and hostile files are told what is wrong with them. */
import { describe, expect, it } from 'vitest';
import { exportOpenSlo } from '../../../harness/gate/open-slo.ts';
import { importOpenSlo } from '../../../harness/gate/open-slo-import.ts';
import { describeSlo } from '../../../harness/gate/slo.ts';
import { sloOf } from '../../../harness/model/slo.ts';
import { readSlos } from '../../../harness/scenario/validate-slo.ts';
import { slo } from './runs.ts';

type Json = Record<string, unknown>;

const source = { metricSource: { type: 'Prometheus', spec: { query: 'up' } } };
const ratio = { ratioMetric: { counter: true, good: source, total: source } };
const threshold = { thresholdMetric: source };

function document(spec: Json, metadata: Json = {}): Json {
  return {
    apiVersion: 'openslo/v1',
    kind: 'SLO',
    metadata: { name: 'foo-slo', displayName: 'Foo SLO', ...metadata },
    spec: { service: 'foo', budgetingMethod: 'Occurrences', timeWindow: [{ duration: '28d', isRolling: true }], ...spec },
  };
}

const available = (objective: unknown = { target: 0.98 }, spec: Json = {}) =>
  document({ indicator: { metadata: { name: 'x' }, spec: ratio }, objectives: [objective], ...spec });
const quick = (objective: Json = {}, metadata: Json = { annotations: { 'halfopen/unit': 's' } }) =>
  document(
    { indicator: { metadata: { name: 'x' }, spec: threshold }, objectives: [{ op: 'lte', value: 0.25, target: 0.95, ...objective }] },
    metadata,
  );

const read = (...documents: readonly unknown[]) => importOpenSlo(documents, { file: 'foo.yaml' });
const problemPaths = (...documents: readonly unknown[]) => {
  const { slos, problems } = read(...documents);
  expect(slos).toEqual([]);
  return problems.map(({ path }) => path);
};

describe('import', () => {
  it('takes an availability as steady state', () => {
    expect(read(available())).toEqual({
      slos: [{ name: 'foo-slo', objective: 'availability', during: 'baseline', bound: 0.98 }],
      problems: [],
      notes: ['foo.yaml: spec.timeWindow is not used: the gate counts runs, whenever they were'],
    });
    expect(read(available({ targetPercent: 99.9 })).slos).toMatchObject([{ bound: 0.999 }]);
  });

  it('takes a latency as steady state: the target is the quantile', () => {
    expect(read(quick()).slos).toEqual([{ name: 'foo-slo', objective: 'latency', during: 'baseline', quantile: 0.95, bound: 250 }]);
    expect(importOpenSlo([quick({ value: 40 }, {})], { file: 'foo.yaml', latencyUnit: 'ms' }).slos).toMatchObject([{ bound: 40 }]);
  });

  it('gives each of several objectives a name of its own, and what it gives is valid', () => {
    const several = available(undefined, { objectives: [{ target: 0.98 }, { target: 0.999 }] });
    expect(read(several).slos.map(({ name }) => name)).toEqual(['foo-slo-1', 'foo-slo-2']);
    expect(() => readSlos(read(several, quick({}, { name: 'bar', annotations: { 'halfopen/unit': 's' } })).slos, 'slos')).not.toThrow();
  });

  it('finds an indicator that stands beside its SLO', () => {
    const sli = { apiVersion: 'openslo/v1', kind: 'SLI', metadata: { name: 'foo-error' }, spec: ratio };
    const referring = available(undefined, { indicator: undefined, indicatorRef: 'foo-error', objectives: [{ target: 0.98 }] });
    expect(read(referring, sli).slos).toHaveLength(1);
    expect(read(referring, { ...sli, metadata: { name: 'foo-errors' } }).problems).toMatchObject([
      { path: 'foo.yaml[0] › spec.indicatorRef', hint: "did you mean 'foo-errors'?" },
    ]);
    expect(problemPaths(referring)).toEqual(['foo.yaml › spec.indicatorRef']);
  });

  it('names documents that have no say, and refuses a file without an SLO', () => {
    const service = { apiVersion: 'openslo/v1', kind: 'Service', metadata: { name: 'foo' }, spec: {} };
    expect(read(available(), service).notes).toContain('foo.yaml[1]: a Service has no say in a gate');
    expect(problemPaths(service)).toEqual(['foo.yaml']);
    expect(problemPaths()).toEqual(['foo.yaml']);
  });

  it.each<[string, unknown, string[]]>([
    ['no document', null, ['foo.yaml']],
    ['a list', [], ['foo.yaml']],
    ['an empty object', {}, ['foo.yaml › apiVersion', 'foo.yaml › kind', 'foo.yaml › metadata.name', 'foo.yaml › spec']],
    ['another version', { ...available(), apiVersion: 'openslo.com/v2alpha' }, ['foo.yaml › apiVersion']],
    ['another kind', { ...available(), kind: 'Deployment' }, ['foo.yaml › kind']],
    ['slices of time', available(undefined, { budgetingMethod: 'Timeslices' }), ['foo.yaml › spec.budgetingMethod']],
    ['a slice target', available({ target: 0.9, timeSliceTarget: 0.9 }), ['foo.yaml › spec.objectives[0].timeSliceTarget']],
    ['a weight', available({ target: 0.9, compositeWeight: 2 }), ['foo.yaml › spec.objectives[0].compositeWeight']],
    ['no objectives', available(undefined, { objectives: [] }), ['foo.yaml › spec.objectives']],
    ['an objective that is none', available('99 %'), ['foo.yaml › spec.objectives[0]']],
    ['no target', available({}), ['foo.yaml › spec.objectives[0]']],
    ['both targets', available({ target: 0.9, targetPercent: 90 }), ['foo.yaml › spec.objectives[0]']],
    ['a target of 1', available({ target: 1 }), ['foo.yaml › spec.objectives[0].target']],
    ['a target of NaN', available({ target: Number.NaN }), ['foo.yaml › spec.objectives[0].target']],
    ['a target as text', available({ targetPercent: '99.9' }), ['foo.yaml › spec.objectives[0].targetPercent']],
    ['no indicator', available(undefined, { indicator: undefined }), ['foo.yaml › spec.indicator']],
    ['both kinds of indicator', available(undefined, { indicatorRef: 'x' }), ['foo.yaml › spec.indicator']],
    ['both metrics', available(undefined, { indicator: { spec: { ...ratio, ...threshold } } }), ['foo.yaml › spec.objectives[0]']],
    ['a latency without a unit', quick({}, {}), ['foo.yaml › spec.objectives[0]']],
    ['a latency from below', quick({ op: 'gte' }), ['foo.yaml › spec.objectives[0].op']],
    ['a quantile that no run keeps', quick({ target: 0.9999 }), ['foo.yaml › spec.objectives[0].target']],
    ['a latency of 0', quick({ value: 0 }), ['foo.yaml › spec.objectives[0].value']],
    [
      'an objective of ours that there is not',
      quick({}, { annotations: { 'halfopen/objective': 'speed' } }),
      ['foo.yaml › spec.objectives[0] › halfopen/objective'],
    ],
    [
      'a phase that there is not',
      quick({}, { annotations: { 'halfopen/objective': 'recovery', 'halfopen/during': 'warmup' } }),
      ['foo.yaml › spec.objectives[0] › halfopen/during'],
    ],
    [
      'the wrong direction',
      quick({ op: 'gte' }, { annotations: { 'halfopen/objective': 'recovery' } }),
      ['foo.yaml › spec.objectives[0].op'],
    ],
  ])('refuses %s', (_what, hostile, paths) => {
    expect(problemPaths(hostile)).toEqual(paths);
  });
});

describe('export', () => {
  const request = { service: 'shop', describe: describeSlo };
  const slos = [
    slo({ name: 'recovers', fault: 'storm', scenarios: { tags: ['@smoke', '@payments'] }, proportion: 0.9, confidence: 0.99 }),
    slo({ name: 'contained', objective: 'containment', bound: '2.345s', request: 'quote', scenarios: { names: ['a', 'b'] } }),
    slo({ name: 'readmitted', objective: 'readmission', bound: '333ms' }),
    slo({ name: 'drained', objective: 'drain' }),
    slo({ name: 'up', objective: 'availability', during: 'fault', bound: 0.99 }),
    slo({ name: 'quick', objective: 'latency', during: 'recovery', quantile: 0.99, bound: '250ms' }),
    slo({ name: 'right', objective: 'wrong-answers', during: 'recovery', bound: 0 }),
    slo({ name: 'calm', objective: 'amplification', edge: 'orders->payments', bound: 1.6 }),
  ];

  it('is a threshold on what each run measures, for the proportion of the runs', () => {
    const { documents, notes, problems } = exportOpenSlo(slos.slice(0, 1), request);
    expect(problems).toEqual([]);
    expect(notes).toHaveLength(2);
    expect(documents).toEqual([
      {
        apiVersion: 'openslo/v1',
        kind: 'SLO',
        metadata: {
          name: 'recovers',
          displayName: 'recovers',
          annotations: {
            'halfopen/objective': 'recovery',
            'halfopen/fault': 'storm',
            'halfopen/confidence': '0.99',
            'halfopen/scenario-tags': '@smoke,@payments',
          },
        },
        spec: {
          description: 'recovery after storm is at most 10 s in at least 90 % of the runs (confidence 99 %)',
          service: 'shop',
          indicator: {
            metadata: { name: 'recovers' },
            spec: { thresholdMetric: { metricSource: { type: 'halfopen', spec: { metric: 'recovery_seconds' } } } },
          },
          timeWindow: [{ duration: '28d', isRolling: true }],
          budgetingMethod: 'Occurrences',
          objectives: [{ displayName: 'recovers', op: 'lte', value: 10, target: 0.9 }],
        },
      },
    ]);
  });

  it('comes back as it was, through JSON', () => {
    const written: unknown = JSON.parse(JSON.stringify(exportOpenSlo(slos, request).documents));
    const { slos: back, problems } = read(...(written as unknown[]));
    expect(problems).toEqual([]);
    expect(readSlos(back, 'slos')).toEqual(slos);
  });

  it('refuses names that OpenSLO cannot hold, and lists with commas', () => {
    const { documents, problems } = exportOpenSlo(
      [slo({ name: 'Checkout_Recovers' }), slo({ name: 'fine', scenarios: { tags: ['a,b'] } })],
      request,
    );
    expect(documents).toEqual([]);
    expect(problems).toMatchObject([
      { path: 'Checkout_Recovers › name', hint: "call it 'checkout-recovers'" },
      { path: 'fine › scenarios', found: 'a,b' },
    ]);
  });
});

it('a declaration that says little means the defaults', () => {
  expect(sloOf({ name: 'a', objective: 'drain', bound: '1.5s' })).toEqual({
    name: 'a',
    objective: 'drain',
    bound: 1500,
    proportion: 0.95,
    confidence: 0.95,
    scenarios: { names: [], tags: [] },
  });
});
