import type { PhaseName } from './plan.ts';
import type { Verdict } from './verdict.ts';

/** A number with its unit, as findings carry it. */
export interface Quantity {
  readonly value: number;
  readonly unit: 'ms' | 's' | 'ratio' | 'count' | '/s' | 'x';
}

/** A pointer into the recording that proves something: rows of one table, by id. */
export interface EvidenceRef {
  readonly table: 'events' | 'requests' | 'exchanges' | 'effects' | 'windows';
  readonly ids: readonly number[];
  /** Where on the timeline, in microseconds since run start. */
  readonly fromUs?: number;
  readonly toUs?: number;
}

/** What a check found, as data; `verdict/explain` makes the sentences. */
export interface Finding {
  /** The check's name in its table: `opens`, `recovery`, `fault-was-felt`. */
  readonly check: string;
  /** What it is about: `orders.payments`, `storm`, `quote`. */
  readonly subject: string;
  readonly guard: boolean;
  /** Shown apart from what was expected; decides nothing. @default false */
  readonly reported?: boolean;
  readonly verdict: Verdict;
  /**
   * Which sentence explains it, and the values in it. `code` is a row in `verdict/explain`.
   */
  readonly explanation: {
    readonly code: string;
    readonly values: Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;
  };
  readonly expected?: Quantity;
  readonly measured?: Quantity;
  /** How finely it could be measured, in milliseconds. */
  readonly resolutionMs?: number;
  /**
   * How many milliseconds the machine would have had to add (or take) to turn this verdict; absent when no delay of the
   * machine could. Findings whose margin is smaller than the measured noise become inconclusive when the machine, the
   * driver or the harness was not quiet.
   */
  readonly timingMarginMs?: number;
  /** Guards only: how much delay the machine was seen to add, in milliseconds. */
  readonly noiseMs?: number;
  /**
   * Guards only: the same for each phase, where it is known. A phase that is not named had none. What one phase left behind reaches
   * the phases after it, and none before. @default `noiseMs` in every phase
   */
  readonly noiseIn?: Partial<Readonly<Record<PhaseName, number>>>;
  /**
   * Guards only: for how long at most an answer of a phase may have waited behind work that piled up for want of processor time, in
   * milliseconds; on top of `noiseMs`. It can make a finding fail and no finding pass. @default none
   */
  readonly backlogIn?: Partial<Readonly<Record<PhaseName, number>>>;
  readonly evidence: readonly EvidenceRef[];
  /** The expectation as declared; absent for guards. */
  readonly expectation?: Readonly<Record<string, unknown>>;
  /** Further data that a reporter draws: the recovery timeline's moments. */
  readonly timeline?: RecoveryTimeline;
}

export const RECOVERY_MOMENTS = ['t0', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 't8'] as const;
export type RecoveryMoment = (typeof RECOVERY_MOMENTS)[number];

/** The recovery timeline of one fault (DESIGN §8). A moment that was not reached is censored or did not apply. */
export interface RecoveryTimeline {
  readonly fault: string;
  readonly bucketUs: number;
  readonly moments: readonly {
    readonly moment: RecoveryMoment;
    readonly atUs: number | null;
    readonly state: 'seen' | 'censored' | 'not-applicable';
    readonly evidence: readonly EvidenceRef[];
  }[];
  /** t6 − t3 in milliseconds, null when censored. */
  readonly recoveryMs: number | null;
  readonly horizonUs: number;
}
