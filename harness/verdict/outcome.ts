import type { LeftOut, Outcome, RunVerdict, ScenarioOutcome } from '../model/outcome.ts';
import type { RunStatistics, UnusableRun } from '../model/run-statistics.ts';
import type { Verdict } from '../model/verdict.ts';

/** What of a run's outcome its recording does not say. */
export type RunFacts = Pick<
  ScenarioOutcome,
  'name' | 'title' | 'file' | 'seed' | 'environment' | 'runId' | 'folder' | 'durationMs' | 'replay'
>;

/** A judged run with what it contributes to a gate. */
export interface JudgedStatistics {
  readonly verdict: RunVerdict;
  readonly statistics: RunStatistics | UnusableRun;
}

export function scenarioOutcome(facts: RunFacts, { verdict: judged, statistics }: JudgedStatistics): ScenarioOutcome {
  const { verdict, sentence, findings } = judged;
  return {
    ...facts,
    verdict,
    sentence,
    findings: findings.map((finding) => ({
      check: finding.check,
      subject: finding.subject,
      guard: finding.guard,
      ...(finding.reported === true ? { reported: true } : {}),
      verdict: finding.verdict,
      expected: finding.expected,
      measured: finding.measured,
      ...(finding.resolution === undefined ? {} : { resolution: finding.resolution }),
      ...(finding.quantities.measured === undefined ? {} : { quantity: finding.quantities.measured }),
      ...(finding.resolutionMs === undefined ? {} : { resolutionMs: finding.resolutionMs }),
      sentence: finding.sentence,
      evidence: finding.evidence,
    })),
    statistics,
  };
}

/** A run that left nothing to judge. */
export function brokenOutcome(facts: RunFacts, reason: string): ScenarioOutcome {
  return { ...facts, verdict: 'invalid', sentence: reason, findings: [], statistics: { unusable: reason } };
}

/** Of a suite: one failure is a failure, whatever could not be judged beside it. */
const SUITE_ORDER = ['fail', 'invalid', 'inconclusive', 'pass'] as const satisfies readonly Verdict[];

/** What was left out is told and decides nothing. */
export function suiteOutcome(scenarios: readonly ScenarioOutcome[], leftOut: readonly LeftOut[] = []): Outcome {
  const worst = SUITE_ORDER.find((verdict) => scenarios.some((scenario) => scenario.verdict === verdict));
  // No run, no proof.
  return { schemaVersion: 1, verdict: worst ?? 'inconclusive', scenarios, ...(leftOut.length === 0 ? {} : { leftOut }) };
}
