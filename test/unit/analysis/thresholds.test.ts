import { expect, it } from 'vitest';
import { analyze } from '../../../harness/analysis/analyze.ts';
import { availability } from '../../../harness/analysis/checks/availability.ts';
import { thresholds, thresholdsCheck } from '../../../harness/analysis/checks/thresholds.ts';
import type { ThresholdJudged } from '../../../harness/model/event.ts';
import { SCRIPT_EXCEPTIONS } from '../../../harness/model/script.ts';
import type { Expectation } from '../../../harness/model/scenario.ts';
import { whyLines } from '../../../harness/report/terminal-summary.ts';
import { judge } from '../../../harness/verdict/judge.ts';
import { scenarioOutcome } from '../../../harness/verdict/outcome.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../recordings.ts';

type Sketch = Partial<Omit<ThresholdJudged, 'id' | 'kind' | 'atUs'>>;
const threshold = (sketch: Sketch) =>
  ({
    atMs: 18_100,
    kind: 'threshold',
    metric: 'http_req_duration{name:quote}',
    condition: 'p(95)<500',
    phase: 'recovery',
    judgedBy: 'halfopen',
    isMet: true,
    value: 120,
    samples: 400,
    ...sketch,
  }) as const;
const run = (events: NonNullable<RecordingSketch['events']>, outcome: 'ok' | 'http-error' = 'ok') =>
  recordingOf({ requests: steadily(0, 18_000, 20, { outcome }), events });

const crossed = threshold({ isMet: false, value: 612.5 });
const expectation = availability({ during: 'recovery', min: 0.99 });
const verdictOf = (recording: ReturnType<typeof run>, expectations: readonly Expectation[] = [expectation]) =>
  judge(analyze(recording, expectations, { guards: {} }));

it('reports each threshold and phase as a finding of its own, after all others', () => {
  const { findings } = verdictOf(run([threshold({}), crossed, threshold({ isMet: null, samples: 0, phase: 'fault' })]));
  expect(findings.map(({ check, verdict, reported = false }) => [check, verdict, reported])).toEqual([
    ['availability', 'pass', false],
    ['threshold', 'pass', true],
    ['threshold', 'fail', true],
    ['threshold', 'inconclusive', true],
  ]);
  expect(findings[2]?.sentence).toBe(
    "The script's threshold http_req_duration{name:quote}: p(95)<500 was crossed during recovery (612.5 over 400 samples; judged by halfopen, by the samples in it).",
  );
  expect(findings[3]?.sentence).toContain('had no samples during fault; k6 would call it met');
});

it('lets a crossed threshold decide nothing: neither does it fail a run that passed, nor hide one that failed', () => {
  const passed = verdictOf(run([crossed]));
  expect([passed.verdict, passed.sentence]).toEqual(['pass', 'The one expectation held.']);
  const failed = verdictOf(run([threshold({ isMet: true })], 'http-error'));
  expect(failed.verdict).toBe('fail');
  expect(failed.sentence).toContain('0 % of 500 arrivals');
  const both = verdictOf(run([crossed], 'http-error'));
  expect([both.verdict, both.sentence]).toEqual([failed.verdict, failed.sentence]);
});

it('does not take thresholds for expectations: a run that expects nothing else proved nothing', () => {
  expect(verdictOf(run([threshold({})]), [])).toMatchObject({
    verdict: 'inconclusive',
    sentence: expect.stringContaining('Nothing was expected'),
  });
});

it("leaves out halfopen's own, which the guard of the load judges", () => {
  const findings = analyze(run([threshold({ metric: SCRIPT_EXCEPTIONS, isMet: false })]), [], { guards: {} });
  expect(findings).toEqual([]);
});

it('is carried into the outcome, and told apart by the terminal whatever the verdict is', () => {
  const facts = { name: 'x', title: 'x', seed: 1, environment: 'embedded', runId: 'x', folder: 'x', durationMs: 1, replay: 'x' };
  const told = (outcome: 'ok' | 'http-error'): string[] => {
    const scenario = scenarioOutcome(facts, {
      verdict: verdictOf(run([threshold({}), crossed], outcome)),
      statistics: { unusable: 'not asked for' },
    });
    expect(scenario.findings.map(({ reported }) => reported)).toEqual([undefined, true, true]);
    return whyLines(scenario).map((line) => line.map(({ text }) => text).join(''));
  };
  const line = expect.stringMatching(
    /^ {4}script's thresholds, reported only: 1 of 2 crossed, 0 without samples; the first: The script's threshold/,
  );
  expect(told('ok')).toEqual([line]);
  expect(told('http-error')).toEqual([expect.stringContaining('✗ 0 % of 500 arrivals'), line]);
});

it('decides where it is expected: fails for a crossed one, and cannot tell without samples', () => {
  const verdicts = (events: NonNullable<RecordingSketch['events']>) =>
    verdictOf(run(events), [thresholds({ during: 'recovery' })]).findings.map(({ verdict, sentence }) => [verdict, sentence])[0];
  expect(verdicts([threshold({}), threshold({ phase: 'fault', isMet: false })])).toEqual([
    'pass',
    'The script kept 1 threshold during recovery.',
  ]);
  expect(verdicts([threshold({}), crossed])).toEqual([
    'fail',
    "The script's own thresholds were crossed during recovery: http_req_duration{name:quote}: p(95)<500.",
  ]);
  expect(verdicts([threshold({}), threshold({ isMet: null })])?.[0]).toBe('inconclusive');
  expect(verdicts([crossed, threshold({ isMet: null })])?.[0]).toBe('fail');
  expect(verdicts([])).toEqual(['inconclusive', expect.stringContaining('no thresholds that were judged during recovery')]);
});

it('is refused beside a load that has no thresholds, and for what is no phase', () => {
  const { plan } = recordingOf({}).run;
  const problems = (load: typeof plan.load) => thresholdsCheck.problems?.(thresholds({ during: 'run' }), { ...plan, load }, 'expect[0]');
  expect(problems(plan.load)).toMatchObject([{ path: 'expect[0]', found: "a load of kind 'open'" }]);
  expect(problems({ kind: 'k6-script', file: 'a.js', requests: [], env: {} })).toEqual([]);
  expect(() => thresholds({ during: 'warmup' as 'run' })).toThrow(
    'Cannot expect thresholds to be kept as \'during\' must be one of baseline, fault, recovery, run: current value is "warmup"',
  );
});
