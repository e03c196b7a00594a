import { describe, expect, it } from 'vitest';
import { parseCondition, parseMetric } from '../../../../../harness/run/load/k6/thresholds-grammar.ts';
import { VALUES_KEPT, watchThresholds } from '../../../../../harness/run/load/k6/thresholds.ts';

describe('the grammar of k6', () => {
  it.each([
    ['p(95)<500', { aggregation: 'p', quantile: 0.95, operator: '<', limit: 500 }],
    [' p(99.9) <= 1.5e3 ', { aggregation: 'p', quantile: 99.9 / 100, operator: '<=', limit: 1500 }],
    ['avg>=0.1', { aggregation: 'avg', quantile: null, operator: '>=', limit: 0.1 }],
    ['count===0', { aggregation: 'count', quantile: null, operator: '===', limit: 0 }],
    ['rate==1', { aggregation: 'rate', quantile: null, operator: '==', limit: 1 }],
    ['value!=-3', { aggregation: 'value', quantile: null, operator: '!=', limit: -3 }],
    ['med<.5', { aggregation: 'med', quantile: null, operator: '<', limit: 0.5 }],
  ])('reads %s', (text, condition) => {
    expect(parseCondition(text)).toEqual(condition);
  });

  it.each(['p(95)', 'p(101)<1', 'p()<1', 'mean<1', 'avg<much', '', '<', 'avg<1<2'])('takes %j for nothing', (text) => {
    expect(parseCondition(text)).toBeNull();
  });

  it('reads metrics with their tags', () => {
    expect(parseMetric('http_reqs')).toEqual({ metric: 'http_reqs', tags: [] });
    expect(parseMetric('http_req_duration{name:quote, "scenario":\'buying\',group:::a::b}')).toEqual({
      metric: 'http_req_duration',
      tags: [
        ['name', 'quote'],
        ['scenario', 'buying'],
        ['group', '::a::b'],
      ],
    });
    expect(parseMetric('broken{name:quote')).toBeNull();
    expect(parseMetric('broken}')).toBeNull();
  });
});

const RUN = [{ name: 'run', seconds: 10 }] as const;

/** What one threshold comes to over the whole run. */
function judged(type: 'counter' | 'gauge' | 'rate' | 'trend', values: readonly number[], condition: string) {
  const watch = watchThresholds({ m: [condition] });
  for (const v of values) watch.add({ m: 'm', type, v, tags: {} }, null);
  const [one] = watch.judge(RUN);
  return [one?.isMet, one?.value];
}

describe('thresholds', () => {
  it.each([
    ['trend', 'avg<3', [true, 2.5]],
    ['trend', 'min>1', [false, 1]],
    ['trend', 'max<=4', [true, 4]],
    ['trend', 'med==2.5', [true, 2.5]],
    ['trend', 'p(90)<3.7', [false, 3.7]],
    ['trend', 'p(100)!=4', [false, 4]],
    ['counter', 'count>=10', [true, 10]],
    ['counter', 'rate<1', [false, 1]],
    ['gauge', 'value>4', [false, 2]],
  ] as const)('computes a %s’s %s as k6 does', (type, condition, result) => {
    const [isMet, value] = judged(type, [4, 1, 3, 2], condition);
    expect([isMet, Number(Number(value).toFixed(9))]).toEqual(result);
  });

  it('computes a rate by what is not zero', () => {
    expect(judged('rate', [1, 0, 0, 1, 0], 'rate<0.5')).toEqual([true, 0.4]);
  });

  it('has no value without samples, where k6 calls it met; only a count of nothing is 0', () => {
    for (const condition of ['p(95)<1', 'avg<1', 'rate<1', 'value<1']) expect(judged('trend', [], condition)).toEqual([null, undefined]);
    expect(judged('counter', [], 'count<1')).toEqual([true, 0]);
  });

  it('judges each phase by its own samples, and all of them in the run', () => {
    const watch = watchThresholds({ waits: ['max<10'], 'waits{to:a}': ['max<10'], other: ['count<1'] });
    const add = (v: number, phase: 'baseline' | 'fault' | null, to: string): void =>
      watch.add({ m: 'waits', type: 'trend', v, tags: { to } }, phase);
    add(50, null, 'setup');
    add(5, 'baseline', 'a');
    add(20, 'fault', 'b');
    add(7, 'fault', 'a');
    const stretches = [...RUN, { name: 'baseline', seconds: 1 }, { name: 'fault', seconds: 1 }] as const;
    expect(watch.judge(stretches).map(({ metric, phase, isMet, value, samples }) => [metric, phase, isMet, value, samples])).toEqual([
      ['waits', 'run', false, 50, 4],
      ['waits', 'baseline', true, 5, 1],
      ['waits', 'fault', false, 20, 2],
      ['waits{to:a}', 'run', true, 7, 2],
      ['waits{to:a}', 'baseline', true, 5, 1],
      ['waits{to:a}', 'fault', true, 7, 1],
      ['other', 'run', true, 0, 0],
      ['other', 'baseline', true, 0, 0],
      ['other', 'fault', true, 0, 0],
    ]);
  });

  it('keeps a bounded number of values, and says where that bit', () => {
    const watch = watchThresholds({ m: ['max<10'] });
    for (let sample = 0; sample <= VALUES_KEPT; sample++)
      watch.add({ m: 'm', type: 'trend', v: sample === VALUES_KEPT ? 99 : 1, tags: {} }, 'fault');
    expect(watch.judge(RUN)[0]).toMatchObject({ value: 1, samples: VALUES_KEPT + 1 });
    expect(watch.cutShort()).toEqual(['m']);
    expect(watchThresholds({ m: ['max<10'] }).cutShort()).toEqual([]);
  });
});
