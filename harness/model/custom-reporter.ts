import type { Outcome, RunVerdict, ScenarioOutcome } from './outcome.ts';
import type { Recording } from './recording.ts';

/** A suite that is about to begin. */
export interface SuiteAhead {
  /** One entry a run, in order: a scenario that is repeated stands here more than once. */
  readonly runs: readonly { readonly name: string; readonly title: string; readonly tags: readonly string[]; readonly seed: number }[];
  readonly environment: string;
  /** The output folder, as an absolute path. */
  readonly output: string;
}

/** One run that has been judged. */
export interface EndedRun {
  /** Place in `SuiteAhead.runs`, and in `Outcome.scenarios`. */
  readonly index: number;
  readonly outcome: ScenarioOutcome;
  /** What was seen and what was found; null where the run broke down before anything was recorded. */
  readonly judged: { readonly recording: Recording; readonly verdict: RunVerdict } | null;
}

/** Files that a reporter writes into the output folder: their text by their name. A name is no path. */
export type ReportTexts = Readonly<Record<string, string>>;

/**
 * A reporter of one's own: the default export of a module that `reporters` or `--reporter` names by its path, or what a function that is
 * the default export returns. Every hook may be left out, and may be asynchronous: the suite waits for it, at most 30 s. What it is given is frozen. A hook that throws is told and ends the
 * command with exit code 3 (1 where a scenario failed); the reporter is not called again, all others are.
 */
export interface CustomReporter {
  /** Before the first run. */
  onBegin?(suite: SuiteAhead): void | Promise<void>;
  /** After each run, once it is judged. The recording is let go afterwards: keep what you need of it. */
  onRunEnd?(run: EndedRun): void | Promise<void>;
  /** After the last run, also when the suite was interrupted. */
  onEnd?(outcome: Outcome): ReportTexts | void | Promise<ReportTexts | void>;
}
