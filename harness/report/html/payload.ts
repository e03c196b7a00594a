import type { BreakerState } from '../../model/breaker.ts';
import type { FaultReach } from '../../model/fault.ts';
import type { Quantity, RecoveryMoment } from '../../model/finding.ts';
import type { ScreenshotTaken, StepTaken, ThresholdJudged } from '../../model/event.ts';
import type { Outcome as RequestOutcome } from '../../model/load.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { ExchangeOutcome, Observed } from '../../model/recording.ts';
import type { Verdict } from '../../model/verdict.ts';

/** The version of everything below; the viewer refuses any other. */
export const PAYLOAD_VERSION = 2;

/** Outcomes as the report draws them, from the bottom of the stack to its top. */
export const OUTCOME_CLASSES = ['ok', 'degraded', 'wrong', 'error', 'unsent'] as const;
export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];

const CLASS_OF: Readonly<Record<RequestOutcome, OutcomeClass>> = {
  ok: 'ok',
  degraded: 'degraded',
  wrong: 'wrong',
  'http-error': 'error',
  refused: 'error',
  reset: 'error',
  timeout: 'error',
  dns: 'error',
  tls: 'error',
  aborted: 'unsent',
  shed: 'unsent',
};

export function classOf(outcome: RequestOutcome): OutcomeClass {
  return CLASS_OF[outcome];
}

/** What the overview needs; decoded when the file opens. All times of a run are milliseconds since its zero: the first fault's acknowledgement. */
export interface SuitePayload {
  readonly version: typeof PAYLOAD_VERSION;
  readonly outcome: Outcome;
  /** The runs that have a recording, by `index` into `outcome.scenarios`. */
  readonly runs: readonly RunSummary[];
}

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface RunSummary {
  readonly index: number;
  readonly system: string;
  readonly environment: string;
  readonly pace: string;
  /** The load driver, by its name. */
  readonly driver: string;
  /** Whether a driver said that its evidence lacks something. */
  readonly isDegraded: boolean;
  readonly faults: readonly string[];
  readonly span: Stretch;
  /** Share of arrivals that were not ok in each bucket, null where none arrived. */
  readonly strip: { readonly fromMs: number; readonly bucketMs: number; readonly notOk: readonly (number | null)[] };
  readonly bands: readonly Stretch[];
  readonly breaker: { readonly name: string; readonly stretches: readonly (Stretch & { readonly state: BreakerState })[] } | null;
  readonly recovery: RecoverySummary | null;
  readonly measures: readonly Measure[];
}

export interface RecoverySummary {
  readonly fault: string;
  readonly verdict: Verdict;
  /** Null when the run ended before it recovered. */
  readonly recoveryMs: number | null;
  readonly limitMs: number | null;
  readonly resolutionMs: number;
  /** How long the run looked after the fault's end; a censored recovery is at least that long. */
  readonly lookedMs: number | null;
}

export interface Measure {
  readonly check: string;
  readonly subject: string;
  readonly verdict: Verdict;
  readonly measured?: Quantity;
  readonly expected?: Quantity;
}

/** One run in full; decoded when its page is opened. */
export interface RunDetail {
  readonly version: typeof PAYLOAD_VERSION;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What the evidence lacks, as the load drivers told it. */
  readonly degraded: readonly string[];
  readonly zero: 'fault' | 'load' | 'run';
  readonly span: Stretch;
  readonly phases: readonly (Stretch & { readonly name: string })[];
  readonly faults: readonly FaultLane[];
  readonly breakers: readonly BreakerLane[];
  readonly services: readonly ServiceLane[];
  readonly bucketMs: number;
  /** Arrivals by name; the first group is all of them together. */
  readonly arrivals: readonly ArrivalSeries[];
  readonly edges: readonly EdgeSeries[];
  /** The sentinel's latency in each bucket, in milliseconds; null without a sentinel. */
  readonly sentinel: { readonly p95Ms: readonly (number | null)[]; readonly maxMs: readonly (number | null)[] } | null;
  readonly limits: { readonly p95Ms: number | null; readonly sentinelMs: number };
  readonly findings: readonly FindingView[];
  readonly journeys: readonly JourneyView[];
  readonly pictures: readonly PictureView[];
  readonly pictureFiles: PictureFiles;
  readonly thresholds: readonly ThresholdView[];
  readonly events: readonly EventView[];
  readonly samples: Samples;
}

export interface FaultLane {
  readonly name: string;
  readonly summary: string;
  readonly edges: readonly string[];
  /** How its bite is told: by marks of the tap, or by what happened on its edges while it acted. */
  readonly bite: FaultReach['bite'];
  readonly windows: readonly FaultWindow[];
  /** Exchanges that it touched, by bucket of their start. */
  readonly touched: readonly number[];
  /** Exchanges on its edges while it acted. */
  readonly exposed: number;
}

export interface FaultWindow {
  readonly requestedMs: number | null;
  readonly acknowledgedMs: number | null;
  readonly withdrawRequestedMs: number | null;
  readonly withdrawnMs: number | null;
  readonly failed: string | null;
}

export interface BreakerLane {
  readonly name: string;
  readonly instance: string;
  readonly source: string;
  readonly stretches: readonly (Stretch & {
    readonly state: BreakerState;
    /** Where its begin may lie, when it was not seen exactly. */
    readonly earliestMs: number;
    readonly event: number | null;
  })[];
}

export type ServiceState = 'starting' | 'ready' | 'not-ready' | 'down' | 'paused' | Hold;

/** What a fault on its container does to a service that runs all the same. */
export type Hold = 'disconnected' | 'unnamed' | 'squeezed';

export interface ServiceLane {
  readonly service: string;
  readonly stretches: readonly (Stretch & { readonly state: ServiceState })[];
}

/** Columns with one value a bucket; latencies count from the intended time, in milliseconds. */
export interface ArrivalSeries {
  readonly name: string;
  readonly total: number;
  readonly totals: Readonly<Record<OutcomeClass, number>>;
  readonly byOutcome: Readonly<Partial<Record<RequestOutcome, number>>>;
  readonly counts: Readonly<Record<OutcomeClass, readonly number[]>>;
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly maxMs: readonly (number | null)[];
}

export interface EdgeSeries {
  readonly edge: string;
  readonly total: number;
  /** The first of each call of a trace on this edge, and what repeats it: the same trace, method and path again. */
  readonly first: readonly number[];
  readonly repeated: readonly number[];
  /** Calls of either sort that were not answered below 500. */
  readonly failed: readonly number[];
}

export interface EvidenceView {
  readonly table: string;
  readonly count: number;
  /** At most a dozen of the ids. */
  readonly ids: readonly number[];
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface FindingView {
  readonly check: string;
  readonly subject: string;
  readonly guard: boolean;
  /** Shown apart from what was expected: it decides nothing. */
  readonly reported: boolean;
  readonly verdict: Verdict;
  readonly declared: string;
  readonly sentence: string;
  readonly expected: string;
  readonly measured: string;
  readonly resolution: string | null;
  readonly quantities: { readonly expected?: Quantity; readonly measured?: Quantity };
  readonly evidence: readonly EvidenceView[];
  readonly recovery: RecoveryView | null;
}

export interface RecoveryView {
  readonly fault: string;
  readonly recoveryMs: number | null;
  readonly limitMs: number | null;
  readonly resolutionMs: number;
  readonly horizonMs: number;
  readonly moments: readonly {
    readonly moment: RecoveryMoment;
    readonly atMs: number | null;
    readonly state: 'seen' | 'censored' | 'not-applicable';
    readonly evidence: readonly EvidenceView[];
  }[];
}

export interface EventView {
  readonly id: number;
  readonly atMs: number;
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
}

/** One journey: its users, and its steps in each phase. */
export interface JourneyView {
  readonly name: string;
  readonly users: number;
  /** The phases that have anything to show, in order; `drain` is what began after the last, `across` what began in one and ended in another. */
  readonly phases: readonly string[];
  /** The journey as a whole first, then its steps in their order. */
  readonly rows: readonly JourneyRow[];
  /** Steps that failed: at most a few dozen of `failuresTotal`. */
  readonly failures: readonly StepFailure[];
  readonly failuresTotal: number;
}

export interface JourneyRow {
  /** Null for the journey as a whole. */
  readonly step: string | null;
  /** One for each of the journey's phases. */
  readonly cells: readonly JourneyCell[];
}

/** Runs of one step (or of whole journeys) in one phase; what was cut off by the harness is in `runs` alone. */
export interface JourneyCell {
  readonly runs: number;
  readonly ok: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** How many runs showed each text that expectations ask for. */
  readonly shows: readonly { readonly text: string; readonly count: number }[];
  readonly blank: number;
  readonly consoleErrors: number;
  readonly failedRequests: number;
  /** 75th percentiles of the Web Vitals; null where no browser told one. */
  readonly lcpMs: number | null;
  readonly inpMs: number | null;
  readonly cls: number | null;
}

interface StepFailure {
  readonly event: number;
  readonly atMs: number;
  readonly request: number;
  readonly step: string;
  readonly outcome: StepTaken['outcome'];
  readonly reason: string;
  /** The picture that was taken of it, by id. */
  readonly picture: number | null;
}

export interface PictureView {
  readonly id: number;
  readonly atMs: number;
  readonly phase: string;
  readonly journey: string;
  readonly request: number;
  readonly occasion: ScreenshotTaken['occasion'];
  readonly subject: string;
  readonly file: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** 0: a failure, a blank page, or what happened to the system; 1: the page shows other texts than before; 2: the rest. */
  readonly worth: 0 | 1 | 2;
  /** What the page showed, where the picture is that of a step. */
  readonly shown: Pick<StepTaken, 'outcome' | 'shows' | 'isBlank'> | null;
  /** Its place in the run's block of pictures; null where its bytes are not in this file. */
  readonly source: number | null;
}

/** Different pictures of a run: in this file, beside it for want of room, and not found when the report was written. */
export interface PictureFiles {
  readonly inside: number;
  readonly beside: number;
  readonly missing: number;
  readonly maxBytes: number;
}

/** A threshold of a script with every judgement of it. */
export interface ThresholdView {
  readonly metric: string;
  readonly condition: string;
  readonly judgements: readonly (Pick<ThresholdJudged, 'phase' | 'judgedBy' | 'isMet'> & {
    readonly value: number | null;
    readonly samples: number | null;
  })[];
}

/** Why a request is among the samples. */
export type SampleReason = 'cited' | 'not ok' | 'slowest' | 'typical';

export interface RequestView {
  readonly id: number;
  readonly name: string;
  readonly intendedMs: number;
  readonly startedMs: number | null;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  readonly outcome: RequestOutcome;
  readonly status: number;
  readonly traceId: string;
  readonly observed: Observed | null;
  readonly reason: SampleReason;
}

export interface ExchangeView {
  readonly id: number;
  readonly edge: string;
  readonly startedMs: number;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  readonly outcome: ExchangeOutcome;
  readonly status: number;
  readonly call: string;
  readonly traceId: string;
  readonly touch: string | null;
}

interface EffectView {
  readonly id: number;
  readonly atMs: number;
  readonly service: string;
  readonly text: string;
  readonly traceId: string;
}

export interface Samples {
  /** Requests in the recording; the sample is a small part of them. */
  readonly requestsTotal: number;
  readonly exchangesTotal: number;
  readonly requests: readonly RequestView[];
  readonly exchanges: readonly ExchangeView[];
  readonly effects: readonly EffectView[];
}

/** Where a run's page is: `#/s/<name>`, with `~2` for the second run of that name. */
export function runSlug(outcome: Outcome, index: number): string {
  const name = outcome.scenarios[index]?.name ?? '';
  const before = outcome.scenarios.slice(0, index).filter((scenario) => scenario.name === name).length;
  return before === 0 ? name : `${name}~${before + 1}`;
}
