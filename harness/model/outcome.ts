import type { EvidenceRef, Finding } from './finding.ts';
import type { Verdict } from './verdict.ts';

/** A finding with its sentences: what reporters print. */
export interface JudgedFinding extends Omit<Finding, 'expected' | 'measured'> {
  readonly expected: string;
  readonly measured: string;
  readonly resolution?: string;
  readonly sentence: string;
  /** The expectation as code: `recovery({ of: 'storm', within: '8s' })`; the guard's name for a guard. */
  readonly declared: string;
  readonly quantities: { readonly expected?: Finding['expected']; readonly measured?: Finding['measured'] };
}

/** The judged run: what `judge` returns. Findings in order of declaration, guards first. */
export interface RunVerdict {
  readonly verdict: Verdict;
  /** Why, in one sentence: the worst finding's. */
  readonly sentence: string;
  readonly findings: readonly JudgedFinding[];
}

/** `outcome.json`; its JSON Schema is `schema/outcome.schema.json`. */
export interface Outcome {
  readonly schemaVersion: 1;
  readonly verdict: Verdict;
  readonly scenarios: readonly ScenarioOutcome[];
}

export interface ScenarioOutcome {
  readonly name: string;
  readonly title: string;
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly seed: number;
  readonly runId: string;
  /** The run's folder, relative to the output folder. */
  readonly folder: string;
  readonly durationMs: number;
  /** The command that replays it. */
  readonly replay: string;
  readonly findings: readonly {
    readonly check: string;
    readonly subject: string;
    readonly guard: boolean;
    readonly verdict: Verdict;
    readonly expected: string;
    readonly measured: string;
    readonly resolution?: string;
    readonly sentence: string;
    readonly evidence: readonly EvidenceRef[];
  }[];
}
