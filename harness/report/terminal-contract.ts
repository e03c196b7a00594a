import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { SinkRecord } from '../model/sink.ts';
import type { Verdict } from '../model/verdict.ts';

/** What the terminal listens to: every row that is recorded, and the life of the suite around it. */
export type TerminalMessage =
  | { readonly kind: 'suite-started'; readonly runs: number; readonly environment: string }
  /** `place` counts from 1. */
  | { readonly kind: 'run-started'; readonly plan: Plan; readonly place: number }
  | { readonly kind: 'record'; readonly record: SinkRecord }
  /** Time passed: microseconds since the current run's start. */
  | { readonly kind: 'tick'; readonly nowUs: number }
  | { readonly kind: 'run-ended'; readonly outcome: ScenarioOutcome }
  /** Something that stands beside the runs: an abort, a file that could not be written. */
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'suite-ended'; readonly outcome: Outcome; readonly files: readonly string[] };

/** How a piece of a line looks; the CLI maps it to colours, or to nothing under `NO_COLOR`. */
export type Style = Verdict | 'plain' | 'strong' | 'faint' | 'ok' | 'degraded' | 'bad';

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Piece[];

export type TerminalMode = 'live' | 'plain';

/** A line as text; without a painter, plain. */
export function lineText(line: Line, paint: (text: string, style: Style) => string = (text) => text): string {
  return line.map(({ text, style }) => (style === 'plain' ? text : paint(text, style))).join('');
}
