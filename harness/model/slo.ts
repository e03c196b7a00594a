import type { JudgedPhase } from './run-statistics.ts';
import { milliseconds, type Duration } from './time.ts';

/** What an SLO may be about, and how it is measured in one run. */
export interface ObjectiveKind {
  /** What one measurement of it belongs to. */
  readonly per: 'fault' | 'phase' | 'edge';
  /** In what it is counted. `ms`: a length of time; `ratio`: a share from 0 to 1; `count`: arrivals; `x`: attempts for each call. */
  readonly unit: 'ms' | 'ratio' | 'count' | 'x';
  readonly better: 'less' | 'more';
  /** Fields by which an SLO picks among a run's measurements. */
  readonly picks: readonly ('during' | 'quantile' | 'fault' | 'edge' | 'request')[];
  /**
   * What a machine that was not quiet may have changed: `margin` – the value, by as much as it added; `misses` – whether the bound was missed, as
   * slow answers time out and are tried again; `nothing`.
   */
  readonly noise: 'margin' | 'misses' | 'nothing';
  /** How a sentence calls it. */
  readonly words: string;
}

const OF_FAULT = { per: 'fault', unit: 'ms', better: 'less', picks: ['fault', 'request'], noise: 'margin' } as const;

/** Every objective, by its name in an SLO. Moments are those of the recovery timeline (`analysis/recovery-timeline.ts`). */
export const OBJECTIVES = {
  /** t6 − t3: from the fault's withdrawal until users are served as before. */
  recovery: { ...OF_FAULT, words: 'recovery' },
  /** t2 − t0: from the fault's begin until its harm is contained. */
  containment: { ...OF_FAULT, words: 'containment' },
  /** t5 − t3: from the withdrawal until the breakers are closed again. */
  readmission: { ...OF_FAULT, picks: ['fault'], words: 'readmission' },
  /** t7 − t3: from the withdrawal until the last retry and the last late answer. */
  drain: { ...OF_FAULT, words: 'drain' },
  /** Share of the arrivals that were answered ok; a degraded answer is not. */
  availability: {
    per: 'phase',
    unit: 'ratio',
    better: 'more',
    picks: ['during', 'request'],
    noise: 'misses',
    words: 'availability',
  },
  /** A quantile of the response times, counted from the intended moment. */
  latency: { per: 'phase', unit: 'ms', better: 'less', picks: ['during', 'quantile', 'request'], noise: 'margin', words: 'latency' },
  /** Answers whose body was not what it should be. */
  'wrong-answers': { per: 'phase', unit: 'count', better: 'less', picks: ['during', 'request'], noise: 'nothing', words: 'wrong answers' },
  /** Attempts on an edge for each request that called there, while a fault was in force. */
  amplification: { per: 'edge', unit: 'x', better: 'less', picks: ['edge', 'fault'], noise: 'misses', words: 'retry amplification' },
} as const satisfies Readonly<Record<string, ObjectiveKind>>;

export type Objective = keyof typeof OBJECTIVES;

export function objectiveKind(objective: Objective): ObjectiveKind {
  return OBJECTIVES[objective];
}

/** Which runs an SLO is about: those of these scenarios, and those with one of these tags; all where both are left out. */
export interface SloScenarios {
  readonly names?: readonly string[];
  readonly tags?: readonly string[];
}

/** An SLO as people write it, in `halfopen.config.ts` or in a file `*.slo.json`. */
export interface SloDeclaration {
  readonly name: string;
  readonly objective: Objective;
  /** What a run may reach at worst: `'10s'` or milliseconds for times, a share for availability, a number for the rest. */
  readonly bound: Duration;
  /** The phase that counts; needed for availability, latency and wrong answers. */
  readonly during?: JudgedPhase;
  /** Needed for latency: one of `QUANTILES`. */
  readonly quantile?: number;
  /** Least share of the runs that must be within the bound. @default 0.95 */
  readonly proportion?: number;
  /** How sure that must be. @default 0.95 */
  readonly confidence?: number;
  /** @default all scenarios that measure it */
  readonly scenarios?: SloScenarios;
  /** Only this fault. @default each fault of a run must be within the bound */
  readonly fault?: string;
  /** Only this edge. @default each edge of a run must be within the bound */
  readonly edge?: string;
  /** Only requests of this name. @default all requests taken together; for times after a fault, what each `recovery()` demands */
  readonly request?: string;
}

/** An SLO with everything filled in. Whether a run keeps it is `gate/slo.ts`. */
export interface Slo extends SloDeclaration {
  /** In the unit of the objective. */
  readonly bound: number;
  readonly proportion: number;
  readonly confidence: number;
  readonly scenarios: Required<SloScenarios>;
}

export const SLO_DEFAULTS = { proportion: 0.95, confidence: 0.95 } as const;

/** Fills in what a valid declaration leaves out. */
export function sloOf(declaration: SloDeclaration): Slo {
  const { bound, proportion, confidence, scenarios } = declaration;
  return {
    ...declaration,
    bound: milliseconds(bound, 'bound'),
    proportion: proportion ?? SLO_DEFAULTS.proportion,
    confidence: confidence ?? SLO_DEFAULTS.confidence,
    scenarios: { names: scenarios?.names ?? [], tags: scenarios?.tags ?? [] },
  };
}
