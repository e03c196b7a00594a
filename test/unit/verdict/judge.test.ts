import { describe, expect, it } from 'vitest';
import { analyze } from '../../../harness/analysis/analyze.ts';
import type { Check } from '../../../harness/analysis/checks/contract.ts';
import type { Finding } from '../../../harness/model/finding.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { explain } from '../../../harness/verdict/explain.ts';
import { judge } from '../../../harness/verdict/judge.ts';
import { recordingOf, steadily } from '../../recordings.ts';

const expectation = (verdict: Verdict, timingMarginMs?: number): Finding => ({
  check: 'latency',
  subject: 'quote',
  guard: false,
  verdict,
  explanation: { code: 'of-the-test', values: { seen: `a ${verdict}` } },
  ...(timingMarginMs === undefined ? {} : { timingMarginMs }),
  expected: { value: 250, unit: 'ms' },
  evidence: [],
  expectation: { check: 'latency' },
});

const guard = (verdict: Verdict, noiseMs?: number): Finding => ({
  check: 'machine-was-quiet',
  subject: 'machine',
  guard: true,
  verdict,
  explanation: { code: 'machine-loud', values: { phase: 'fault', p95Ms: 20, maxMs: 15, p99Ms: 40, hops: 1 } },
  ...(noiseMs === undefined ? {} : { noiseMs }),
  evidence: [],
});

describe('the verdict of a run', () => {
  it('is the worst of its findings', () => {
    expect(judge([guard('pass'), expectation('pass'), expectation('pass')]).verdict).toBe('pass');
    expect(judge([guard('pass'), expectation('inconclusive'), expectation('pass')]).verdict).toBe('inconclusive');
    expect(judge([guard('pass'), expectation('inconclusive'), expectation('fail')]).verdict).toBe('fail');
    expect(judge([guard('invalid'), expectation('fail')]).verdict).toBe('invalid');
  });

  it('is never a pass where nothing was expected', () => {
    expect(judge([])).toMatchObject({ verdict: 'inconclusive', findings: [] });
    expect(judge([guard('pass')]).verdict).toBe('inconclusive');
    expect(judge([guard('invalid')]).verdict).toBe('invalid');
    expect(judge([guard('pass')]).sentence).toContain('Nothing was expected');
  });

  it('says why in the sentence of its worst finding', () => {
    const failed = expectation('fail');
    expect(judge([guard('pass'), expectation('inconclusive'), failed]).sentence).toBe(explain(failed).sentence);
    expect(judge([guard('pass'), expectation('pass'), expectation('pass')]).sentence).toBe('All 2 expectations held.');
  });

  it('keeps every finding in order, with words and quantities', () => {
    const { findings } = judge([guard('pass'), expectation('fail'), expectation('pass')]);
    expect(findings.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'pass']);
    expect(findings[1]).toMatchObject({
      expected: expect.any(String),
      quantities: { expected: { value: 250, unit: 'ms' } },
      sentence: expect.stringContaining('a fail'),
    });
  });
});

describe('noise', () => {
  it('turns findings whose margin is smaller, keeps their sentence and says by how much', () => {
    const { verdict, sentence, findings } = judge([guard('inconclusive', 40), expectation('fail', 12)]);
    expect(verdict).toBe('inconclusive');
    expect(sentence).toContain('would fail by 12 ms, but the machine added up to 40 ms');
    expect(sentence).toContain(explain(expectation('fail', 12)).sentence);
    expect(findings[1]?.explanation.values).toMatchObject({ turnedFrom: 'fail', noiseMs: 40, seen: 'a fail' });
  });

  it('turns passes as well as failures', () => {
    expect(judge([guard('inconclusive', 40), expectation('pass', 12)]).verdict).toBe('inconclusive');
  });

  it('leaves findings whose margin is as large, or that no delay can turn', () => {
    expect(judge([guard('inconclusive', 40), expectation('fail', 40)]).verdict).toBe('fail');
    expect(judge([guard('inconclusive', 40), expectation('fail')]).verdict).toBe('fail');
    expect(judge([guard('inconclusive', 40), expectation('pass', 41)]).verdict).toBe('pass');
    expect(judge([guard('inconclusive', 40), expectation('pass', 41)]).sentence).toBe('The one expectation held.');
  });

  it('does not decide a run in which it turned nothing, and stays visible there', () => {
    const { verdict, findings } = judge([guard('inconclusive', 40), expectation('pass')]);
    expect(verdict).toBe('pass');
    expect(findings[0]?.verdict).toBe('inconclusive');
  });

  it('is that of the loudest guard, and none where all guards pass', () => {
    expect(judge([guard('inconclusive', 5), guard('inconclusive', 40), expectation('fail', 12)]).verdict).toBe('inconclusive');
    expect(judge([guard('pass', 40), expectation('fail', 12)]).verdict).toBe('fail');
  });

  it('of one phase reaches what is about that phase, about a later one, or about none, and nothing before it', () => {
    const loud = { ...guard('inconclusive', 40), noiseIn: { baseline: 2, fault: 40 } };
    const about = (phase: string): Finding => ({ ...expectation('pass', 12), expectation: { check: 'latency', phase } });
    const turned = (finding: Finding) => judge([loud, finding]).findings[1]?.verdict;
    expect(turned(about('baseline'))).toBe('pass');
    expect(turned({ ...about('baseline'), timingMarginMs: 1 })).toBe('inconclusive');
    expect(turned(about('fault'))).toBe('inconclusive');
    expect(turned(about('recovery'))).toBe('inconclusive');
    expect(turned(expectation('pass', 12))).toBe('inconclusive');
    expect(judge([loud, guard('inconclusive', 20), about('baseline')]).findings[2]?.explanation.values).toMatchObject({ noiseMs: 20 });
  });

  it('doubts a failure for as long as work may have piled up, and no pass for that', () => {
    const saturated = { ...guard('inconclusive', 40), noiseIn: { fault: 40 }, backlogIn: { fault: 2000 } };
    const about = (verdict: Verdict, phase: string): Finding => ({
      ...expectation(verdict, 500),
      expectation: { check: 'latency', phase },
    });
    const turned = (finding: Finding) => judge([saturated, finding]).findings[1]?.verdict;
    expect(turned(expectation('fail', 500))).toBe('inconclusive');
    expect(turned(expectation('fail', 2040))).toBe('fail');
    expect(turned(expectation('pass', 500))).toBe('pass');
    expect(turned(about('fail', 'fault'))).toBe('inconclusive');
    expect(turned(about('fail', 'recovery'))).toBe('inconclusive');
    expect(turned(about('fail', 'baseline'))).toBe('fail');
    expect(turned(expectation('fail'))).toBe('fail');
  });

  it('of a load that was not all offered is called that, and is no delay of the machine', () => {
    const short: Finding = {
      ...guard('inconclusive', 18_000),
      check: 'load-was-offered',
      explanation: { code: 'load-partly-offered', values: {} },
      measured: { value: 0.8, unit: 'ratio' },
    };
    expect(judge([short, expectation('fail', 12)]).sentence).toContain('it would fail by 12 ms, but not all of the load was offered.');
  });

  it('never turns an invalid run into another one', () => {
    expect(judge([guard('inconclusive', 40), guard('invalid'), expectation('fail', 12)]).verdict).toBe('invalid');
  });

  it('never excuses a guard that could not tell for another reason than time', () => {
    expect(judge([guard('inconclusive'), expectation('pass')]).verdict).toBe('inconclusive');
  });
});

describe('analyze', () => {
  const recording = recordingOf({ requests: steadily(0, 18_000, 20) });
  const row = (evaluate: Check['evaluate']): Check => ({
    kind: 'own',
    needs: [],
    schema: {},
    describe: () => 'own',
    problems: () => [],
    evaluate,
  });
  const passing = row(() => expectation('pass'));

  it('brings guards first, then expectations as they were declared', () => {
    const checks = { first: passing, second: row(() => expectation('fail')) };
    const findings = analyze(recording, [{ check: 'second' }, { check: 'first' }], { checks });
    expect(findings.filter((finding) => !finding.guard).map(({ verdict }) => verdict)).toEqual(['fail', 'pass']);
    expect(findings.findLastIndex((finding) => finding.guard)).toBe(findings.length - 3);
  });

  it('takes a check that throws for one that told nothing', () => {
    const checks = {
      broken: row(() => {
        throw new RangeError('index 7 of 5');
      }),
    };
    const findings = analyze(recording, [{ check: 'broken', request: 'quote' }], { checks });
    expect(findings.at(-1)).toMatchObject({
      subject: 'quote',
      verdict: 'inconclusive',
      explanation: { code: 'check-crashed' },
      expectation: { check: 'broken' },
    });
    expect(judge(findings)).toMatchObject({ verdict: 'inconclusive', sentence: expect.stringContaining('index 7 of 5') });
  });

  it('lets no run pass whose guard threw', () => {
    const broken = {
      check: 'broken',
      evaluate() {
        throw new TypeError('no such row');
      },
    };
    expect(judge(analyze(recording, [{ check: 'own' }], { checks: { own: passing }, guards: { broken } })).verdict).toBe('inconclusive');
    expect(judge(analyze(recording, [{ check: 'own' }], { checks: { own: passing }, guards: {} })).verdict).toBe('pass');
  });

  it('does not pass an expectation of a kind that it does not know', () => {
    const findings = analyze(recording, [{ check: 'constructor' }], { checks: {} });
    expect(findings.at(-1)).toMatchObject({ verdict: 'inconclusive', explanation: { code: 'check-unknown' } });
    expect(judge(findings).verdict).toBe('inconclusive');
  });
});
