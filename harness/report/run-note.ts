import type { JudgedRun } from './contract.ts';

/** What the outcome alone does not say of a run. */
export interface RunNote {
  /** Index of the run in `Outcome.scenarios`. */
  readonly index: number;
  readonly startedAt: string;
  readonly tags: readonly string[];
  /** The expectation as code, for each finding. */
  readonly declared: readonly string[];
}

/** The digest of reporters that print findings and draw nothing. */
export function noteOf({ recording, verdict, index }: JudgedRun): RunNote {
  return {
    index,
    startedAt: recording.run.startedAt,
    tags: recording.run.plan.scenario.tags,
    declared: verdict.findings.map(({ declared }) => declared),
  };
}
