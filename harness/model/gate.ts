import type { RunStatistics, UnusableRun } from './run-statistics.ts';

/** A stored run as the gate reads it. */
export interface StoredRun {
  readonly scenario: string;
  /** Where it lies, for people. */
  readonly place: string;
  readonly statistics: RunStatistics | UnusableRun;
}

/** Runs that were kept to compare later ones with: small enough for a repository or a cache. */
export interface Baseline {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly savedAt: string;
  readonly runs: readonly RunStatistics[];
}

export const GATE_ANSWERS = ['fail', 'cannot-tell', 'pass'] as const;

/** `cannot-tell` never opens a gate. */
export type GateAnswer = (typeof GATE_ANSWERS)[number];

/** What was found of one SLO, or of one comparison with a baseline, in one scenario. */
export interface GateFinding {
  readonly kind: 'slo' | 'baseline';
  /** The SLO's name, or what was compared: `recovery after outage`. */
  readonly name: string;
  /** The SLO in words, or the tolerance. */
  readonly demand: string;
  readonly scenario: string;
  readonly answer: GateAnswer;
  /** Why, with the numbers. */
  readonly sentence: string;
  /** What to do next; absent where nothing is to be done. */
  readonly wayOut?: string;
  /** Runs by what they say of an SLO. */
  readonly counts?: { readonly met: number; readonly missed: number; readonly unclear: number };
  /** Bounds of the share of runs that meet it, at the SLO's confidence, each one-sided. */
  readonly share?: { readonly lower: number; readonly upper: number };
  /** Runs in all that pass if none misses any more; null where no number of runs can. */
  readonly runsNeeded?: number | null;
  /** What was measured in each run, oldest first; null where it was not reached. Absent where it is no number. */
  readonly values?: readonly (number | null)[];
  /** Of times: what half of the runs take at most, in milliseconds, with its interval (Kaplan and Meier); null where it was not reached, or not bounded. */
  readonly median?: { readonly value: number | null; readonly lower: number | null; readonly upper: number | null };
  /** Candidate to baseline: a ratio, or a difference where `scale` says so. Null: not bounded on that side. */
  readonly shift?: {
    readonly scale: 'ratio' | 'difference';
    readonly estimate: number | null;
    readonly lower: number | null;
    readonly upper: number | null;
    /** One-sided, adjusted for the number of comparisons. */
    readonly p: number;
    /** The smallest ratio that these runs find in four of five cases; null where it is not known. */
    readonly findableRatio: number | null;
  };
}

/** What the gate says; its JSON is what `halfopen gate --json` prints. */
export interface GateOutcome {
  readonly schemaVersion: 1;
  readonly answer: GateAnswer;
  readonly findings: readonly GateFinding[];
  /** What was left out, and what is odd: other versions, other machines, invalid runs. */
  readonly notes: readonly string[];
}
