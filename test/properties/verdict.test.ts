import fc from 'fast-check';
import { it } from 'vitest';
import { analyze } from '../../harness/analysis/analyze.ts';
import type { Evidence } from '../../harness/analysis/evidence.ts';
import type { Expectation } from '../../harness/model/scenario.ts';
import type { Finding } from '../../harness/model/finding.ts';
import { VERDICTS, worse, type Verdict } from '../../harness/model/verdict.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { recordingOf, steadily } from '../recordings.ts';

const verdicts = fc.constantFrom(...VERDICTS);
const findings = fc.array(
  fc
    .record({
      verdict: verdicts,
      guard: fc.boolean(),
      timingMarginMs: fc.option(fc.nat(100), { nil: undefined }),
      noiseMs: fc.option(fc.nat(100), { nil: undefined }),
    })
    .map(({ verdict, guard, timingMarginMs, noiseMs }): Finding => ({
      check: 'any',
      subject: 'any',
      guard,
      verdict,
      explanation: { code: 'any', values: {} },
      evidence: [],
      ...(!guard && timingMarginMs !== undefined ? { timingMarginMs } : {}),
      ...(guard && noiseMs !== undefined ? { noiseMs } : {}),
    })),
  { maxLength: 8 },
);
const rank = (verdict: Verdict): number => VERDICTS.indexOf(verdict);

it('worse is a join: associative, commutative, idempotent, with pass as its unit and invalid above all', () => {
  fc.assert(
    fc.property(
      verdicts,
      verdicts,
      verdicts,
      (a, b, c) =>
        worse(a, worse(b, c)) === worse(worse(a, b), c) &&
        worse(a, b) === worse(b, a) &&
        worse(a, a) === a &&
        worse(a, 'pass') === a &&
        worse(a, 'invalid') === 'invalid',
    ),
  );
});

it('the order of findings does not change the verdict', () => {
  fc.assert(
    fc.property(
      findings.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => judge(list).verdict === judge(shuffled).verdict,
    ),
  );
});

it('one more finding that is no timing guard never makes a verdict better, but for the first expectation', () => {
  const known: Finding = {
    check: 'any',
    subject: 'any',
    guard: false,
    verdict: 'pass',
    explanation: { code: 'any', values: {} },
    evidence: [],
  };
  fc.assert(
    fc.property(
      findings,
      findings,
      (list, more) =>
        rank(judge([known, ...list, ...more]).verdict) <= Math.max(rank(judge([known, ...list]).verdict), rank('inconclusive')),
    ),
  );
  fc.assert(
    fc.property(
      findings,
      verdicts,
      (list, verdict) => rank(judge([known, ...list, { ...known, verdict }]).verdict) <= rank(judge([known, ...list]).verdict),
    ),
  );
});

it('noise only ever turns pass and fail into inconclusive', () => {
  fc.assert(
    fc.property(findings, fc.nat(200), (list, noiseMs) => {
      const loud: Finding = {
        check: 'any',
        subject: 'any',
        guard: true,
        verdict: 'inconclusive',
        noiseMs,
        explanation: { code: 'any', values: {} },
        evidence: [],
      };
      const judged = judge([...list, loud]).findings;
      return list.every(({ verdict, guard, timingMarginMs }, place) => {
        const turned = judged[place]?.verdict;
        return turned === verdict || (turned === 'inconclusive' && !guard && verdict !== 'invalid' && timingMarginMs !== undefined);
      });
    }),
  );
});

it('a run passes only if something was expected of it and every expectation held', () => {
  fc.assert(
    fc.property(findings, (list) => {
      const { verdict, findings: judged } = judge(list);
      if (verdict !== 'pass') return true;
      const expectations = judged.filter(({ guard }) => !guard);
      return expectations.length > 0 && expectations.every((finding) => finding.verdict === 'pass');
    }),
  );
});

it('the same recording gives the same findings byte for byte, in whatever order its rows come', () => {
  const expectations = [{ check: 'own', breaker: 'orders.payments' }];
  const recording = recordingOf({
    requests: steadily(0, 18_000, 50).map((row) => (row.atMs >= 4000 && row.atMs < 9000 ? { ...row, outcome: 'degraded' as const } : row)),
    exchanges: steadily(3000, 10_000, 100).map((row, place) =>
      row.atMs >= 4000 && row.atMs < 8000 ? { ...row, fault: 'storm', trace: place >> 1 } : row,
    ),
    breakers: {
      'orders.payments': [
        [0, 'closed'],
        [4500, 'open'],
        [8500, 'half-open'],
        [8600, 'closed'],
      ],
    },
    expectations,
  });
  const objective = { fault: 'storm', availability: 0.9, p95Ms: 50, holdMs: 1000 };
  const checks = {
    own: {
      kind: 'own',
      needs: [],
      schema: {},
      describe: () => 'own',
      problems: () => [],
      evaluate: (expectation: Expectation, evidence: Evidence): Finding => ({
        check: 'own',
        subject: 'storm',
        guard: false,
        verdict: 'pass',
        explanation: { code: 'own', values: { stretches: JSON.stringify(evidence.breaker('orders.payments')) } },
        evidence: [],
        timeline: evidence.recovery(objective),
        expectation: { ...expectation },
      }),
    },
  };
  const analysed = (changed: typeof recording): string => JSON.stringify(analyze(changed, expectations, { checks }));
  const original = analysed(recording);
  const shuffled = <T>(rows: readonly T[]) => fc.shuffledSubarray([...rows], { minLength: rows.length });
  fc.assert(
    fc.property(
      shuffled(recording.requests),
      shuffled(recording.exchanges),
      (requests, exchanges) => analysed({ ...recording, requests, exchanges }) === original,
    ),
    { numRuns: 20 },
  );
});
