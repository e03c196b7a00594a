import type { RunnerPlan } from './runner-plan.ts';

/** What the runner for a k6 without the extension finds in its plan file. */
export interface StockPlan extends RunnerPlan {
  /** Which of the requests' answers are told with their bodies, and how much of each, in characters. */
  readonly bodies: readonly boolean[];
  readonly bodyLength: number;
}

/** One arrival, in order of time; `atUs` counts from the schedule's zero. */
export interface StockArrival {
  readonly ordinal: number;
  readonly atUs: number;
  readonly request: number;
}
