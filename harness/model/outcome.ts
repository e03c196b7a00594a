import type { EvidenceRef, Finding, Quantity } from './finding.ts';
import type { Power } from './plan.ts';
import type { Program } from './problem.ts';
import type { RunStatistics, UnusableRun } from './run-statistics.ts';
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
  /** Scenarios that were asked for with all others and cannot run in the environment. @default none */
  readonly leftOut?: readonly LeftOut[];
}

/** A scenario that did not run, as the environment or this machine lacks what it needs. */
export interface LeftOut {
  readonly name: string;
  readonly title: string;
  readonly environment: string;
  /** Powers that the environment lacks, programs that this machine lacks. */
  readonly lacks: readonly (Power | Program)[];
  /** Why, in one sentence. */
  readonly sentence: string;
  /** What makes it run: `--env docker`; absent where no environment has all that it needs. */
  readonly wayOut?: string;
}

export interface ScenarioOutcome {
  readonly name: string;
  readonly title: string;
  /** The scenario's file, relative to the configuration's folder. @default it was not loaded from a file, or an older version wrote this */
  readonly file?: string;
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly seed: number;
  /** Where it ran: `embedded`, `docker`; absent in files of older versions. */
  readonly environment?: string;
  readonly runId: string;
  /** The run's folder, relative to the output folder. */
  readonly folder: string;
  readonly durationMs: number;
  /** The command that replays it. */
  readonly replay: string;
  /** What it contributes to a gate, or why nothing; absent in files of older versions. */
  readonly statistics?: RunStatistics | UnusableRun;
  readonly findings: readonly {
    readonly check: string;
    readonly subject: string;
    readonly guard: boolean;
    /** Shown apart; decides nothing: a threshold of the script that sent the load. @default false */
    readonly reported?: boolean;
    readonly verdict: Verdict;
    readonly expected: string;
    readonly measured: string;
    readonly resolution?: string;
    /** What was measured, as a number; absent where there is none: never opened, not recovered. */
    readonly quantity?: Quantity;
    /** How finely, in milliseconds. */
    readonly resolutionMs?: number;
    readonly sentence: string;
    readonly evidence: readonly EvidenceRef[];
  }[];
}
