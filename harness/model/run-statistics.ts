import type { PhaseName } from './plan.ts';
import type { Objective } from './slo.ts';
import type { Verdict } from './verdict.ts';

/** Phases that expectations and SLOs are judged by; nothing judges the warmup. */
export const JUDGED_PHASES = ['baseline', 'fault', 'recovery'] as const satisfies readonly PhaseName[];
export type JudgedPhase = (typeof JUDGED_PHASES)[number];

/** Quantiles of latency that are kept of each phase. */
export const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

/**
 * One number of a run, or why there is none. `censoredAtMs`: it had not come when the run ended so long after its begin, so it is larger, and how
 * large nobody knows.
 */
export type Measured = { readonly value: number } | { readonly censoredAtMs: number } | { readonly unknown: string };

/** A length of time with how finely it could be measured. */
export type MeasuredTime = Measured & { readonly resolutionMs: number };

/** What a scenario's `recovery()` demands of users' traffic before it calls them served again. */
export interface ServedAgain {
  readonly availability: number;
  readonly p95Ms: number;
  readonly holdForMs: number;
}

/** Times of one fault: an entry for each `recovery()` of it in the scenario; without one only `readmission` can be told. */
export interface FaultStatistics {
  readonly fault: string;
  /** Only requests of this name counted. @default all requests */
  readonly request?: string;
  readonly servedAgain?: ServedAgain;
  readonly recovery: MeasuredTime;
  readonly containment: MeasuredTime;
  readonly readmission: MeasuredTime;
  readonly drain: MeasuredTime;
}

/** Users' traffic in one phase, by intended time. */
export interface PhaseStatistics {
  readonly phase: JudgedPhase;
  /** Only requests of this name counted. @default all requests */
  readonly request?: string;
  /** Arrivals, sent or not. */
  readonly samples: number;
  /** Those that the load driver did not send, or gave up: they count as failed after all of their timeout. @default 0 */
  readonly unsent?: number;
  readonly availability: Measured;
  /** A count. */
  readonly wrongAnswers: Measured;
  /** In milliseconds, one for each of `QUANTILES`. */
  readonly latency: readonly (Measured & { readonly quantile: number })[];
}

/** Calls on one edge while one fault was in force. */
export interface EdgeStatistics {
  readonly edge: string;
  readonly fault: string;
  /** Requests that called there. */
  readonly samples: number;
  readonly amplification: Measured;
}

/** A fault that was felt on an edge: one cell of the coverage matrix that this run fills. */
export interface Exercised {
  readonly edge: string;
  /** The fault's kind: `blackhole`. */
  readonly kind: string;
  readonly fault: string;
  /** An expectation that is about this fault, this edge or what came of them was decided. */
  readonly isAsserted: boolean;
}

/** What must be alike in two runs before their times are compared. */
export interface Fingerprint {
  readonly cores: number | null;
  readonly cpu: string;
  readonly platform: string;
  readonly arch: string;
  readonly node: string;
  readonly halfopen: string;
}

/**
 * What one run contributes to a gate: small, and fit for a repository or a cache. The unit that the gate counts is the run; nothing here is taken
 * over more than one phase.
 */
export interface RunStatistics {
  readonly schemaVersion: 1;
  readonly scenario: { readonly name: string; readonly hash: string; readonly tags: readonly string[]; readonly system: string };
  readonly runId: string;
  readonly startedAt: string;
  readonly seed: number;
  readonly environment: string;
  /** The load driver. */
  readonly driver: string;
  readonly pace: 'full' | 'fast';
  /** Variables that were set for this run, as service → variable → value. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly fingerprint: Fingerprint;
  readonly verdict: Exclude<Verdict, 'invalid'>;
  /**
   * How much delay machine, driver and harness may have added to what was measured in each phase, in milliseconds; 0 where they were quiet. What a
   * phase left behind reaches the phases after it; times of faults are reached by that of `recovery`.
   */
  readonly noiseMs: Readonly<Record<JudgedPhase, number>>;
  readonly metrics: {
    readonly faults: readonly FaultStatistics[];
    readonly phases: readonly PhaseStatistics[];
    readonly edges: readonly EdgeStatistics[];
  };
  readonly exercised: readonly Exercised[];
}

/** Nothing may be judged by the data of this run. */
export interface UnusableRun {
  readonly unusable: string;
}

export function isUsable(statistics: RunStatistics | UnusableRun): statistics is RunStatistics {
  return !('unusable' in statistics);
}

/** One measurement of a run, whatever it is of. */
export interface Measurement {
  readonly objective: Objective;
  readonly measured: Measured;
  readonly fault?: string;
  readonly edge?: string;
  readonly during?: JudgedPhase;
  readonly quantile?: number;
  readonly request?: string;
  readonly servedAgain?: ServedAgain;
  readonly resolutionMs?: number;
  readonly samples?: number;
  readonly unsent?: number;
}

/** All measurements of a run, one after the other. */
export function measurementsOf({ metrics: { faults, phases, edges } }: Pick<RunStatistics, 'metrics'>): readonly Measurement[] {
  return [
    ...faults.flatMap(measurementsOfFault),
    ...faults.flatMap((statistics, place) => (isFirstOfFault(statistics, place, faults) ? [readmissionOf(statistics)] : [])),
    ...phases.flatMap(measurementsOfPhase),
    ...edges.map(measurementOfEdge),
  ];
}

/** Breakers do not ask what `recovery()` demands: readmission is the same in all entries of a fault. */
function isFirstOfFault({ fault }: FaultStatistics, place: number, faults: readonly FaultStatistics[]): boolean {
  return faults.findIndex((other) => other.fault === fault) === place;
}

function readmissionOf({ fault, readmission: { resolutionMs, ...measured } }: FaultStatistics): Measurement {
  return { objective: 'readmission', fault, measured, resolutionMs };
}

function measurementsOfFault(statistics: FaultStatistics): readonly Measurement[] {
  const { fault, request, servedAgain, recovery, containment, drain } = statistics;
  const about = { fault, ...(request === undefined ? {} : { request }), ...(servedAgain === undefined ? {} : { servedAgain }) };
  const timed = (objective: Objective, { resolutionMs, ...measured }: MeasuredTime): Measurement => ({
    objective,
    ...about,
    measured,
    resolutionMs,
  });
  // Without a `recovery()` nobody said what being served again means: the scenario does not measure it.
  if (servedAgain === undefined) return [];
  return [timed('recovery', recovery), timed('containment', containment), timed('drain', drain)];
}

function measurementsOfPhase({
  phase,
  request,
  samples,
  unsent,
  availability,
  wrongAnswers,
  latency,
}: PhaseStatistics): readonly Measurement[] {
  const about = { during: phase, ...(request === undefined ? {} : { request }), samples, ...(unsent === undefined ? {} : { unsent }) };
  return [
    { objective: 'availability', ...about, measured: availability },
    { objective: 'wrong-answers', ...about, measured: wrongAnswers },
    ...latency.map(({ quantile, ...measured }): Measurement => ({ objective: 'latency', ...about, quantile, measured })),
  ];
}

function measurementOfEdge({ edge, fault, samples, amplification }: EdgeStatistics): Measurement {
  return { objective: 'amplification', edge, fault, samples, measured: amplification };
}

/** What a measurement is of, as one text; the same in every run of a scenario: `latency p95 of quote during recovery`. */
export function measurementName({ objective, fault, edge, during, quantile, request, servedAgain }: Measurement): string {
  const parts = [
    objective,
    ...(quantile === undefined ? [] : [`p${Number((quantile * 100).toFixed(2))}`]),
    ...(edge === undefined ? [] : [`on ${edge}`]),
    ...(request === undefined ? [] : [`of ${request}`]),
    ...(during === undefined ? [] : [`during ${during}`]),
    ...(fault === undefined ? [] : [objective === 'amplification' ? `during ${fault}` : `after ${fault}`]),
    ...(servedAgain === undefined ? [] : [servedAgainName(servedAgain)]),
  ];
  return parts.join(' ');
}

function servedAgainName({ availability, p95Ms, holdForMs }: ServedAgain): string {
  return `(${Number((availability * 100).toFixed(2))} % ok, p95 ${p95Ms} ms, held ${holdForMs} ms)`;
}
