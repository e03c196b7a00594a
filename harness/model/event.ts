import type { BreakerState } from './breaker.ts';
import type { PhaseName } from './plan.ts';

/** Something that happened at a moment of the run, in microseconds since run start. `id` numbers events within a run. */
export interface EventOf<K extends string> {
  readonly id: number;
  readonly atUs: number;
  readonly kind: K;
}

/** The load's time zero: the plan's times count from here. */
export type LoadStarted = EventOf<'load-started'>;
/** The driver has no request in flight any more, or gave them up. */
export interface LoadEnded extends EventOf<'load-ended'> {
  readonly scheduled: number;
  readonly sent: number;
}
export interface PhaseBegan extends EventOf<'phase'> {
  readonly phase: PhaseName | 'drain';
}
/** `touched` counts exchanges that the fault touched so far. */
export interface FaultStep extends EventOf<'fault'> {
  readonly fault: string;
  readonly occurrence: number;
  readonly step: 'requested' | 'acknowledged' | 'withdraw-requested' | 'withdrawn' | 'failed';
  readonly touched?: number;
  readonly reason?: string;
}
/** A transition as an interval: after `earliestUs` and by `latestUs`; equal for an event source. */
export interface BreakerMoved extends EventOf<'breaker'> {
  readonly breaker: string;
  readonly instance: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly earliestUs: number;
  readonly latestUs: number;
  readonly source: 'event' | 'log' | 'poll' | 'inferred' | 'process';
}
export interface ServiceMoved extends EventOf<'service'> {
  readonly service: string;
  readonly state:
    | 'starting'
    | 'ready'
    | 'exited'
    | 'killed'
    | 'paused'
    | 'resumed'
    | 'stopped'
    // Of a container: off the network and back, without a name and with it again, with less to use and with all of it again.
    | 'disconnected'
    | 'connected'
    | 'unnamed'
    | 'named'
    | 'squeezed'
    | 'relaxed';
  readonly detail?: string;
}
/** One sample of a service's `ready` path. */
export interface ReadinessSampled extends EventOf<'readiness'> {
  readonly service: string;
  readonly ready: boolean;
  /** When the answer came; `atUs` is when it was asked. */
  readonly answeredUs: number;
  readonly status: number;
}
/** A part of the harness on its own health over the last interval; lengths in milliseconds. */
export interface HealthReported extends EventOf<'health'> {
  readonly part: 'harness' | 'driver' | 'proxy';
  readonly loopDelayP99Ms: number;
  /** CPU share of one core. */
  readonly cpuRatio: number;
  readonly detail?: Readonly<Record<string, number>>;
}
/** What the machine said of itself (pressure, steal); explains the sentinel, judges nothing. */
export interface MachineReported extends EventOf<'machine'> {
  readonly values: Readonly<Record<string, number>>;
}
/** A probe on its own work. */
export interface ProbeReported extends EventOf<'probe'> {
  readonly breaker: string;
  readonly state: 'watching' | 'silent' | 'garbage';
  readonly detail?: string;
}
/** Another process's clock against the run's; both in microseconds. */
export interface ClockSampled extends EventOf<'clock'> {
  readonly source: string;
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}
/** Something about the place where the run happens: an engine, an image with its digest, a system that was used again and is clean. */
export interface EnvironmentTold extends EventOf<'environment'> {
  readonly what: 'engine' | 'image' | 'clean' | 'proxy-recreated' | 'toxiproxy' | 'toxics' | 'sentinel';
  /** What it is about: a service, a proxy, the engine. */
  readonly subject: string;
  readonly detail: string;
}
/** A connection of the harness's own on an edge that has no tap: what a caller would have met. */
export interface CanarySent extends EventOf<'canary'> {
  readonly fault: string;
  readonly occurrence: number;
  readonly edge: string;
  readonly moment: 'before' | 'during' | 'after';
  readonly outcome: 'answered' | 'refused' | 'reset' | 'closed' | 'timeout';
  readonly durationMs: number;
  /** Whether it shows the fault; null where that cannot be told. */
  readonly isBitten: boolean | null;
}
/** What a load driver is made of, how it ended, and what its evidence lacks. */
export interface DriverTold extends EventOf<'driver'> {
  readonly driver: string;
  readonly instance: string;
  readonly what: 'program' | 'extension' | 'script' | 'browser' | 'degraded' | 'exit';
  readonly detail: string;
}
/** A threshold of a k6 script: by k6 itself over the whole run, by halfopen in each phase. */
export interface ThresholdJudged extends EventOf<'threshold'> {
  /** As the script has it: metric with its tags, and the condition. */
  readonly metric: string;
  readonly condition: string;
  readonly phase: PhaseName | 'run';
  readonly judgedBy: 'k6' | 'halfopen';
  /** Null where there were no samples. */
  readonly isMet: boolean | null;
  readonly value?: number;
  readonly samples?: number;
}
/** A mark that load code set. */
export interface Marked extends EventOf<'mark'> {
  readonly instance: string;
  readonly name: string;
  readonly detail?: string;
}
/** One step of a journey, and what the page showed at its end. `atUs` is its end. */
export interface StepTaken extends EventOf<'step'> {
  readonly journey: string;
  /** The arrival's id in `requests`. */
  readonly request: number;
  readonly step: string;
  /** Within the journey, from 0. */
  readonly place: number;
  readonly startedUs: number;
  readonly outcome: 'ok' | 'failed' | 'timeout' | 'crashed' | 'aborted';
  /** Those of the texts that expectations ask for that were visible. */
  readonly shows: readonly string[];
  /** Nothing visible on the page: no text, no picture, no control. */
  readonly isBlank: boolean;
  readonly consoleErrors: number;
  readonly failedRequests: number;
  /** Web Vitals so far; null where the browser has not told one. */
  readonly vitals: { readonly lcpMs: number | null; readonly inpMs: number | null; readonly cls: number | null };
  readonly reason?: string;
}
/** A picture of a page, in the run's folder. */
export interface ScreenshotTaken extends EventOf<'screenshot'> {
  readonly journey: string;
  readonly request: number;
  readonly occasion: 'step' | 'fault' | 'breaker';
  /** The step, the fault's step, or the breaker's move that it was taken at. */
  readonly subject: string;
  /** Relative to the run's folder; the same picture is kept once. */
  readonly file: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bytes: number;
}
/** A limit bit, or evidence was lost. */
export interface EvidenceLost extends EventOf<'lost'> {
  readonly what: string;
  readonly count: number;
  readonly limit: number;
}
/** The last event of a recording that is whole. */
export interface RunEnded extends EventOf<'run-ended'> {
  readonly how: 'completed' | 'interrupted' | 'failed';
  readonly reason?: string;
}

export type RunEvent =
  | LoadStarted
  | LoadEnded
  | PhaseBegan
  | FaultStep
  | BreakerMoved
  | ServiceMoved
  | ReadinessSampled
  | HealthReported
  | MachineReported
  | ProbeReported
  | ClockSampled
  | EnvironmentTold
  | CanarySent
  | DriverTold
  | ThresholdJudged
  | Marked
  | StepTaken
  | ScreenshotTaken
  | EvidenceLost
  | RunEnded;
