/** Goal: a run counts for or against an SLO only where it surely met or missed it. */
import { describe, expect, it } from 'vitest';
import { achievementOf, boundedBy, describeMeasured, describeSlo } from '../../../harness/gate/slo.ts';
import type { MeasuredTime } from '../../../harness/model/run-statistics.ts';
import { faultOf, phaseOf, runOf, slo, type RunSketch } from './runs.ts';

const recoveredIn = (recovery: MeasuredTime, rest: RunSketch = {}) => runOf({ faults: [faultOf({ recovery })], ...rest });
const state = (...[demanded, run]: Parameters<typeof achievementOf>): string => achievementOf(demanded, run).state;
const reason = (...[demanded, run]: Parameters<typeof achievementOf>): string => {
  const achievement = achievementOf(demanded, run);
  return 'reason' in achievement ? achievement.reason : '';
};

describe('a time', () => {
  it('is met up to its bound and missed beyond what was measured', () => {
    expect(state(slo({}), recoveredIn({ value: 10_000, resolutionMs: 250 }))).toBe('met');
    expect(state(slo({}), recoveredIn({ value: 10_251, resolutionMs: 250 }))).toBe('missed');
  });

  it('is unclear within the resolution above the bound: it may have come before', () => {
    expect(state(slo({}), recoveredIn({ value: 10_250, resolutionMs: 250 }))).toBe('unclear');
    expect(reason(slo({}), recoveredIn({ value: 10_200, resolutionMs: 250 }))).toBe(
      'it was measured to 250 ms only, and 10.2 s is that near to 10 s',
    );
  });

  it('refuses a bound that is finer than the resolution, whatever was measured', () => {
    for (const measured of [{ value: 1 }, { value: 9000 }, { censoredAtMs: 9000 }, { unknown: 'why' }]) {
      expect(achievementOf(slo({ bound: '250ms' }), recoveredIn({ ...measured, resolutionMs: 250 }))).toMatchObject({
        state: 'refused',
        reason: expect.stringContaining('250 ms is not above 250 ms') as string,
      });
    }
    expect(state(slo({ bound: '251ms' }), recoveredIn({ value: 1, resolutionMs: 250 }))).toBe('met');
    // Measured to the microsecond.
    expect(state(slo({ bound: 1 }), recoveredIn({ value: 0, resolutionMs: 0 }))).toBe('met');
  });

  it('is missed when it was censored beyond the bound, and unclear when the run ended before the bound', () => {
    expect(state(slo({}), recoveredIn({ censoredAtMs: 10_000, resolutionMs: 250 }))).toBe('missed');
    expect(state(slo({}), recoveredIn({ censoredAtMs: 9999, resolutionMs: 250 }))).toBe('unclear');
    expect(reason(slo({}), recoveredIn({ censoredAtMs: 4000, resolutionMs: 250 }))).toBe(
      "the run watched for 4 s only, and 10 s are allowed; lengthen the scenario's recovery phase",
    );
  });

  it('is unclear with its reason where there is no number, and where the number is none', () => {
    expect(reason(slo({}), recoveredIn({ unknown: 'nobody saw it', resolutionMs: 250 }))).toBe('nobody saw it');
    expect(state(slo({}), recoveredIn({ value: Number.NaN, resolutionMs: 250 }))).toBe('unclear');
    expect(state(slo({}), recoveredIn({ value: Infinity, resolutionMs: 250 }))).toBe('unclear');
  });

  it('is unclear when the machine added more than the margin', () => {
    const noiseMs = { baseline: 0, fault: 0, recovery: 400 };
    expect(state(slo({}), recoveredIn({ value: 9601, resolutionMs: 0 }, { noiseMs }))).toBe('unclear');
    expect(state(slo({}), recoveredIn({ value: 9600, resolutionMs: 0 }, { noiseMs }))).toBe('met');
    expect(state(slo({}), recoveredIn({ value: 10_399, resolutionMs: 0 }, { noiseMs }))).toBe('unclear');
    expect(state(slo({}), recoveredIn({ value: 10_400, resolutionMs: 0 }, { noiseMs }))).toBe('missed');
  });
});

describe('several faults and requests', () => {
  const two = runOf({
    faults: [
      faultOf({ recovery: { value: 1000, resolutionMs: 250 } }),
      faultOf({ fault: 'cut', recovery: { value: 20_000, resolutionMs: 250 } }),
      faultOf({ fault: 'cut', request: 'quote', recovery: { unknown: 'why', resolutionMs: 0 } }),
    ],
  });

  it('must all be within the bound: the worst decides', () => {
    expect(achievementOf(slo({}), two)).toMatchObject({ state: 'missed', deciding: { fault: 'cut' } });
    expect(state(slo({ fault: 'storm' }), two)).toBe('met');
    expect(state(slo({ fault: 'cut', request: 'quote' }), two)).toBe('unclear');
  });

  it('are none of it where the run measures nothing of the kind, and it says what there is', () => {
    expect(achievementOf(slo({ fault: 'strom' }), two)).toEqual({
      state: 'unconcerned',
      reason: "outage has no fault 'strom' (it has storm, cut)",
    });
    expect(state(slo({ objective: 'availability', during: 'fault', bound: 0.9 }), two)).toBe('unconcerned');
  });
});

describe('phases', () => {
  const run = runOf({
    phases: [
      phaseOf({ phase: 'baseline', availability: { value: 1 }, wrongAnswers: { value: 0 } }),
      phaseOf({ availability: { value: 0.5 }, wrongAnswers: { value: 3 } }),
      phaseOf({ request: 'stock', availability: { value: 0.999 } }),
      phaseOf({
        phase: 'recovery',
        availability: { unknown: '3 arrivals' },
        latency: [
          { quantile: 0.95, value: 100 },
          { quantile: 0.99, value: 900 },
        ],
      }),
    ],
  });
  const available = (fields: Parameters<typeof slo>[0]) => slo({ objective: 'availability', bound: 0.99, ...fields });

  it('are judged one by one: a bad fault phase does not hide behind a good baseline', () => {
    expect(state(available({ during: 'baseline' }), run)).toBe('met');
    expect(state(available({ during: 'fault' }), run)).toBe('missed');
    expect(state(available({ during: 'recovery' }), run)).toBe('unclear');
    expect(boundedBy(available({ during: 'fault' }), run)).toHaveLength(1);
  });

  it('are of all requests, or of one kind', () => {
    expect(state(available({ during: 'fault', request: 'stock' }), run)).toBe('met');
    expect(reason(available({ during: 'fault', request: 'stok' }), run)).toBe("outage has no request 'stok' (it has stock)");
  });

  it('have quantiles and counts of their own', () => {
    expect(state(slo({ objective: 'latency', during: 'recovery', quantile: 0.95, bound: '500ms' }), run)).toBe('met');
    expect(state(slo({ objective: 'latency', during: 'recovery', quantile: 0.99, bound: '500ms' }), run)).toBe('missed');
    expect(state(slo({ objective: 'wrong-answers', during: 'baseline', bound: 0 }), run)).toBe('met');
    expect(state(slo({ objective: 'wrong-answers', during: 'fault', bound: 2 }), run)).toBe('missed');
  });

  it('doubt a miss that a loud machine or an unsent arrival may have made, and never a wrong answer', () => {
    const noiseMs = { baseline: 0, fault: 30, recovery: 30 };
    const loud = { ...run, noiseMs };
    expect([state(available({ during: 'fault' }), loud), state(available({ during: 'baseline' }), loud)]).toEqual(['unclear', 'met']);
    expect(state(slo({ objective: 'wrong-answers', during: 'fault', bound: 2 }), loud)).toBe('missed');
    const unsent = runOf({ phases: [phaseOf({ availability: { value: 0.98 }, unsent: 2 })] });
    expect(reason(available({ during: 'fault' }), unsent)).toBe('the load driver did not send 2 of 200 arrivals, which count as failed');
    expect(state(available({ during: 'fault', bound: 0.98 }), unsent)).toBe('met');
  });
});

describe('edges', () => {
  const edge = (name: string, samples: number, amplification: { value: number } | { unknown: string }) => ({
    edge: name,
    fault: 'storm',
    samples,
    amplification,
  });
  const bound = (fields: Parameters<typeof slo>[0] = {}) => slo({ objective: 'amplification', bound: 1.6, ...fields });

  it('on which nobody called decide nothing beside others, and cannot say when asked for', () => {
    const run = runOf({
      edges: [edge('a->b', 50, { value: 1.2 }), edge('a->c', 0, { unknown: 'nobody called' }), edge('b->c', 3, { unknown: 'too few' })],
    });
    expect(state(bound({ edge: 'a->b' }), run)).toBe('met');
    expect(state(bound({ edge: 'a->c' }), run)).toBe('unclear');
    expect(state(bound(), run)).toBe('unclear');
    expect(state(bound(), runOf({ edges: [edge('a->b', 50, { value: 1.2 }), edge('a->c', 0, { unknown: 'nobody called' })] }))).toBe('met');
  });
});

it('an SLO is about scenarios by name or tag, and about all without either', () => {
  const run = recoveredIn({ value: 1, resolutionMs: 0 });
  for (const [scenarios, expected] of [
    [{ names: ['outage'] }, 'met'],
    [{ tags: ['@smoke'] }, 'met'],
    [{ names: ['other'], tags: ['@smoke'] }, 'met'],
    [{ names: ['other'] }, 'unconcerned'],
    [{ tags: ['@slow'] }, 'unconcerned'],
  ] as const) {
    expect([scenarios, state(slo({ scenarios }), run)]).toEqual([scenarios, expected]);
  }
});

it('SLOs and what was measured read as sentences', () => {
  expect(describeSlo(slo({ fault: 'storm', proportion: 0.9 }))).toBe(
    'recovery after storm is at most 10 s in at least 90 % of the runs (confidence 95 %)',
  );
  expect(describeSlo(slo({ objective: 'latency', during: 'recovery', quantile: 0.95, request: 'quote', bound: '250ms' }))).toBe(
    'latency p95 of quote during recovery is at most 250 ms in at least 95 % of the runs (confidence 95 %)',
  );
  expect(describeSlo(slo({ objective: 'availability', during: 'fault', bound: 0.995 }))).toContain(
    'availability during fault is at least 99.5 %',
  );
  expect(
    [{ value: 1.5 }, { censoredAtMs: 15_000 }, { unknown: 'why' }].map((measured) => describeMeasured('amplification', measured)),
  ).toEqual(['1.5 ×', '> 15 s', 'why']);
});
