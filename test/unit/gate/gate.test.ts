/** Goal: the gate never opens on missing data, and says what is missing. */
import { describe, expect, it, test } from 'vitest';
import { gate } from '../../../harness/gate/gate.ts';
import type { Baseline, StoredRun } from '../../../harness/model/gate.ts';
import type { Measured, RunStatistics } from '../../../harness/model/run-statistics.ts';
import { seededRandom } from '../../../harness/model/random.ts';
import { faultOf, phaseOf, runOf, slo, type RunSketch } from './runs.ts';

const RECOVERY = 'recovery after storm (99 % ok, p95 300 ms, held 1000 ms)';
const RELATIVE = { tolerance: 0.2, confidence: 0.95, isAnyMachine: false };
const fast = slo({ name: 'fast', bound: '8s', proportion: 0.95 });

function recovered(measured: Measured, sketch: RunSketch = {}): (index: number) => StoredRun {
  return (index) => {
    const statistics = runOf({
      runId: `run-${String(index).padStart(3, '0')}`,
      startedAt: new Date(1_767_225_600_000 + index * 60_000).toISOString(),
      faults: [faultOf({ recovery: { ...measured, resolutionMs: 250 } })],
      ...sketch,
    });
    return { scenario: statistics.scenario.name, place: `reports/outage/${index}`, statistics };
  };
}

function times(count: number, each: (index: number) => StoredRun, from = 0): readonly StoredRun[] {
  return Array.from({ length: count }, (_, index) => each(from + index));
}

const invalid = (index: number): StoredRun => ({
  scenario: 'outage',
  place: `reports/outage/bad-${index}`,
  statistics: { unusable: 'the fault was never felt' },
});

const judged = (runs: readonly StoredRun[], slos = [fast]) => gate({ slos, runs, relative: RELATIVE });

describe('SLOs', () => {
  test.each([
    ['59 of 59 in time', 'pass', times(59, recovered({ value: 2000 }))],
    ['58 of 58 in time', 'cannot-tell', times(58, recovered({ value: 2000 }))],
    ['one run', 'cannot-tell', times(1, recovered({ value: 2000 }))],
    ['no run', 'cannot-tell', []],
    ['three of three too late', 'fail', times(3, recovered({ value: 9000 }))],
    ['one of one too late: one may miss', 'cannot-tell', times(1, recovered({ value: 9000 }))],
    ['all censored at the bound or later', 'fail', times(3, recovered({ censoredAtMs: 8000 }))],
    ['all censored before the bound', 'cannot-tell', times(60, recovered({ censoredAtMs: 7000 }))],
    ['all exactly on the bound', 'pass', times(59, recovered({ value: 8000 }))],
    ['NaN in every run', 'cannot-tell', times(60, recovered({ value: Number.NaN }))],
    ['unknown in every run', 'cannot-tell', times(60, recovered({ unknown: 'nobody called' }))],
    ['all invalid', 'cannot-tell', times(60, invalid)],
    ['59 in time, 60 invalid', 'cannot-tell', [...times(59, recovered({ value: 2000 })), ...times(60, invalid)]],
    ['59 in time, one invalid', 'pass', [...times(59, recovered({ value: 2000 })), invalid(1)]],
    ['59 in time, one unclear', 'cannot-tell', [...times(59, recovered({ value: 2000 })), recovered({ unknown: 'nobody called' })(99)]],
    ['one run stored 59 times', 'cannot-tell', times(59, () => recovered({ value: 2000 })(1))],
  ] as const)('%s: %s', (_, answer, runs) => {
    expect(judged(runs).answer).toBe(answer);
  });

  it('says how many runs are missing, and the command that makes them', () => {
    const { findings } = judged(
      times(18, recovered({ value: 2000 }, { environment: 'docker', pace: 'fast', overrides: { orders: { A: '1' } } })),
    );
    expect(findings).toMatchObject([
      {
        answer: 'cannot-tell',
        runsNeeded: 59,
        sentence: '18 of 18 runs had at most 8 s, median 2 s (2 s to 2 s): too few to tell; 59 runs would do if none of the others misses',
        wayOut: '41 more: npx halfopen run outage --repeat 41 --env docker --pace fast --set orders.A=1',
      },
    ]);
  });

  it('tells the median with runs that never recovered, and none where most never did', () => {
    const never = recovered({ censoredAtMs: 15_000 });
    const median = (runs: readonly StoredRun[]) => judged(runs).findings[0]?.median;
    const spread = times(9, (index) => recovered({ value: 1000 * (index + 1) })(index));
    expect(median([...spread, ...times(2, never, 50)])).toMatchObject({ value: 6000 });
    expect(median([...times(2, recovered({ value: 1000 })), ...times(9, never, 50)])).toMatchObject({ value: null, upper: null });
    expect(median(times(5, never))).toEqual({ value: null, lower: null, upper: null });
  });

  it('refuses a bound finer than the measurement, whatever came out', () => {
    const { findings } = judged(times(80, recovered({ value: 100 })), [slo({ name: 'too-fine', bound: '200ms' })]);
    expect(findings).toMatchObject([{ answer: 'cannot-tell', wayOut: 'no number of runs can tell' }]);
  });

  it('does not pass an SLO that no run measures, or that names a scenario which was not run', () => {
    const available = slo({ name: 'available', objective: 'availability', during: 'recovery', bound: 0.99 });
    expect(judged(times(60, recovered({ value: 1 })), [available]).findings).toMatchObject([{ answer: 'cannot-tell' }]);
    const both = slo({ name: 'both', bound: '8s', scenarios: { names: ['outage', 'slow'] } });
    expect(judged(times(60, recovered({ value: 1 })), [both]).findings).toMatchObject([
      { scenario: 'outage', answer: 'pass' },
      { scenario: 'slow', answer: 'cannot-tell', wayOut: 'npx halfopen run slow' },
    ]);
  });

  it('is not about a scenario that does not say what recovery is', () => {
    const { servedAgain: _, ...silent } = faultOf({});
    const flaky = recovered({ value: 1 }, { scenario: { name: 'flaky' }, faults: [silent] });
    expect(judged([...times(60, recovered({ value: 1 })), ...times(3, flaky, 100)]).answer).toBe('pass');
  });

  it('judges each scenario alone: many good runs of one do not hide another', () => {
    const slow = recovered({ value: 20_000 }, { scenario: { name: 'slow' } });
    const { answer, findings } = judged([...times(200, recovered({ value: 1000 })), ...times(4, slow, 500)]);
    expect(answer).toBe('fail');
    expect(findings.map(({ scenario, answer: each }) => [scenario, each])).toEqual([
      ['outage', 'pass'],
      ['slow', 'fail'],
    ]);
  });

  it('counts only runs like the newest, and says what it left out', () => {
    const other = recovered({ value: 9000 }, { scenario: { hash: 'older' } });
    const { answer, notes } = judged([...times(10, other), ...times(59, recovered({ value: 1000 }), 100)]);
    expect(answer).toBe('pass');
    expect(notes).toEqual(['outage: 10 runs are not counted, unlike the newest run in the version of the scenario']);
  });

  it('says that runs are of different machines', () => {
    const other = recovered({ value: 1000 }, { fingerprint: { ...runOf({}).fingerprint, cores: 16, node: '26.0.0' } });
    const { notes } = judged([...times(30, recovered({ value: 1000 })), ...times(30, other, 100)]);
    expect(notes).toEqual(['outage: the runs are of different machines or versions (cores: 2, 16; node: 24.0.0, 26.0.0)']);
  });

  it('gives the same answer in whatever order the runs come', () => {
    const runs = [...times(57, recovered({ value: 2000 })), ...times(4, recovered({ value: 9000 }), 100), invalid(1)];
    expect(judged(runs.toReversed())).toEqual(judged(runs));
  });
});

describe('baselines', () => {
  const random = seededRandom(7, 'gate');
  const noisy = (middleMs: number): number => middleMs * (0.95 + 0.1 * random());
  const run =
    (middleMs: number, sketch: RunSketch = {}) =>
    (index: number) =>
      recovered(
        { value: noisy(middleMs) },
        { phases: [phaseOf({ phase: 'recovery', latency: [{ quantile: 0.95, value: noisy(80) }] })], ...sketch },
      )(index);
  const statistics = (runs: readonly StoredRun[]): readonly RunStatistics[] => runs.map((stored) => stored.statistics as RunStatistics);
  const baselineOf = (runs: readonly StoredRun[]): Baseline => ({
    schemaVersion: 1,
    name: 'main',
    savedAt: '2026-01-01T00:00:00.000Z',
    runs: statistics(runs),
  });
  const compared = (before: readonly StoredRun[], now: readonly StoredRun[], isAnyMachine = false) =>
    gate({ slos: [], runs: now, baseline: baselineOf(before), relative: { ...RELATIVE, isAnyMachine } });

  it('passes what is as it was, and finds what takes half as long again', () => {
    const before = times(12, run(2000));
    expect(compared(before, times(12, run(2000), 100)).answer).toBe('pass');
    const { answer, findings } = compared(before, times(12, run(3000), 100));
    expect(answer).toBe('fail');
    expect(findings.filter((finding) => finding.answer === 'fail').map(({ name }) => name)).toEqual([RECOVERY]);
  });

  it('says nothing below five runs a side, and how many would tell', () => {
    const { answer, findings } = compared(times(4, run(2000)), times(4, run(9000), 100));
    expect(answer).toBe('cannot-tell');
    expect(findings[0]?.wayOut).toMatch(/4 runs before and 4 now can say: \d+ a side are needed/);
  });

  it('finds runs that never recover any more', () => {
    const before = times(12, run(2000));
    expect(compared(before, times(12, recovered({ censoredAtMs: 15_000 }), 100)).findings).toContainEqual(
      expect.objectContaining({ name: RECOVERY, answer: 'fail' }),
    );
  });

  it('does not call a millisecond more a regression', () => {
    const tiny = (value: number) => recovered({ value: 2000 }, { phases: [phaseOf({ latency: [{ quantile: 0.95, value }] })] });
    expect(compared(times(8, tiny(1)), times(8, tiny(4), 100)).answer).toBe('pass');
  });

  it('finds availability that fell, and wrong answers where there were none', () => {
    const phase = (availability: number, wrong: number) =>
      recovered({ value: 2000 }, { phases: [phaseOf({ availability: { value: availability }, wrongAnswers: { value: wrong } })] });
    const { findings } = compared(times(8, phase(0.99, 0)), times(8, phase(0.9, 3), 100));
    expect(findings.filter(({ answer }) => answer === 'fail').map(({ name }) => name)).toEqual([
      'availability during fault',
      'wrong-answers during fault',
    ]);
  });

  test.each([
    ['another machine', { fingerprint: { ...runOf({}).fingerprint, cores: 16 } }, /different machines: cores 16 and 2/],
    ['another version of the scenario', { scenario: { hash: 'older' } }, /differ in the version of the scenario/],
    ['another scenario', { scenario: { name: 'slow' } }, /the baseline has no run of it/],
  ] as const)('refuses a baseline of %s', (_, sketch, sentence) => {
    const { answer, findings } = compared(times(10, run(2000, sketch)), times(10, run(2000), 100));
    expect(answer).toBe('cannot-tell');
    expect(findings[0]?.sentence).toMatch(sentence);
  });

  it('compares other machines where it is told to', () => {
    const other = { fingerprint: { ...runOf({}).fingerprint, cores: 16 } };
    expect(compared(times(12, run(2000, other)), times(12, run(2000), 100), true).answer).toBe('pass');
  });

  it('does not pass a scenario of the baseline that was not run', () => {
    const before = [...times(8, run(2000)), ...times(8, run(2000, { scenario: { name: 'slow' } }), 50)];
    expect(compared(before, times(8, run(2000), 100))).toMatchObject({ answer: 'cannot-tell' });
  });
});
