/**
 * What the k6 extension and the harness say to each other: one JSON object a line, over a unix socket that the harness listens on and
 * k6 connects to (`HALFOPEN_K6_SOCKET`). Moments are microseconds on the machine's monotonic clock, as k6's process reads it.
 */

/** Of this protocol: both sides refuse another one. */
export const K6_PROTOCOL = 1;
/** The only k6 that the extension is built with. */
export const K6_VERSION = 'v2.2.0';
/** Majors of k6 that the driver works with. */
export const K6_MAJORS: readonly number[] = [2];

/** One executor of the script, as k6 has derived it from options and flags. */
export interface K6Scenario {
  readonly executor: string;
  readonly exec: string;
  readonly startTimeMs: number;
  readonly gracefulStopMs: number;
  /** Arrivals of `timeUnitMs`; arrival-rate executors only. */
  readonly rate?: number;
  readonly timeUnitMs?: number;
  readonly durationMs?: number;
  readonly stages?: readonly { readonly target: number; readonly durationMs: number }[];
  readonly vus?: number;
  readonly vusMax?: number;
  /** Executors of iterations only; `durationMs` is then their `maxDuration`. */
  readonly iterations?: number;
}

/** The first line: the script is loaded, and what it asks for. */
export interface Hello {
  readonly t: 'hello';
  readonly protocol: number;
  readonly extension: string;
  readonly k6: string;
  readonly go: string;
  readonly pid: number;
  readonly scenarios: Readonly<Record<string, K6Scenario>>;
  /** Metric (with its tags) → conditions as the script has them. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  /** `--execution-segment` of this process; null where it has the whole. */
  readonly segment: string | null;
}
/** The answer to `clock`. */
export interface ClockAnswer {
  readonly t: 'clock';
  readonly id: number;
  readonly at: number;
}
/** Virtual users that wait in `next()` for an arrival; told whenever the number has reached a new height. */
export interface VusWaiting {
  readonly t: 'waiting';
  readonly vus: number;
}
/** A call goes out: `http.RoundTripper` was entered. Every one has a `req` later, or is unfinished. */
export interface Begin {
  readonly t: 'begin';
  /** Unique in this process. */
  readonly i: number;
  readonly at: number;
  /** The arrival's ordinal in the plan's schedule, where the generic runner made it. */
  readonly ord?: number;
  /** k6's scenario, virtual user, and its iteration; `it` counts iterations of this process. */
  readonly sc: string;
  readonly vu: number;
  readonly it: number;
  /** The iteration's start, and whether this is its first call. */
  readonly itAt: number;
  readonly first: boolean;
  /** The `begin` of which this continues: the hop of a redirect. */
  readonly prev?: number;
  readonly method: string;
  readonly url: string;
  /** Trace id: 32 hex digits; the call carries it as `traceparent`. Empty where it carries none: its origin is not traced. */
  readonly tid: string;
}
/** A call has ended: its body was read to the end or closed, or it failed. */
export interface Req {
  readonly t: 'req';
  readonly i: number;
  readonly at: number;
  /** First byte of the answer's head; null where none came. */
  readonly fb: number | null;
  readonly st: number;
  readonly err: 'refused' | 'reset' | 'timeout' | 'dns' | 'tls' | 'canceled' | 'other' | null;
  readonly msg?: string;
  readonly bytes: number;
  readonly reused: boolean;
  /**
   * The answer's body as text, where `job.bodies` asks for it; `cut` (and an empty text) where it was longer than allowed. Gzip and deflate
   * are undone; absent where another encoding cannot be.
   */
  readonly body?: string;
  readonly cut?: true;
}
/** An iteration of a user's own script begins; of the generic runner nobody tells. */
export interface Enter {
  readonly t: 'enter';
  readonly sc: string;
  readonly vu: number;
  readonly it: number;
  readonly at: number;
  /** When the scenario's executor started; 0 where that is not known. */
  readonly scAt: number;
}
/**
 * An iteration of the script has ended; `err` is the exception that ended it, `interrupted` says that k6 has (the test's end, `test.abort()`).
 * The generic runner's `next()` tells none.
 */
export interface Iteration {
  readonly t: 'iter';
  readonly sc: string;
  readonly vu: number;
  readonly it: number;
  readonly from: number;
  readonly at: number;
  readonly err?: string;
  readonly interrupted?: true;
}
/** An arrival for which there was no virtual user: of the generic runner with its ordinal, else of k6's own executor. */
export interface Drop {
  readonly t: 'drop';
  readonly at: number;
  readonly ord?: number;
  readonly sc: string;
  readonly n: number;
}
/** A sample of any metric, for the thresholds; sent where `job.samples` asks for them. */
export interface Sample {
  readonly t: 'sample';
  readonly at: number;
  /** When what it measures began, where that is known: calls and iterations. */
  readonly from?: number;
  readonly m: string;
  readonly type: 'counter' | 'gauge' | 'rate' | 'trend';
  readonly v: number;
  readonly tags: Readonly<Record<string, string>>;
}
export interface MarkSet {
  readonly t: 'mark';
  readonly at: number;
  readonly name: string;
  readonly detail?: string;
}
/** Once a second. CPU in microseconds since the process began, memory in bytes. */
export interface K6Health {
  readonly t: 'health';
  readonly at: number;
  readonly cpuUs: number;
  readonly rss: number;
  readonly goroutines: number;
  /** Lines that wait to be written. */
  readonly queued: number;
  readonly vus: number;
  readonly vusMax: number;
  readonly inFlight: number;
}
/** The last line: k6 stops its outputs. */
export interface End {
  readonly t: 'end';
  readonly at: number;
  readonly err?: string;
  readonly begun: number;
  readonly ended: number;
  readonly dropped: number;
  /** Thresholds that k6 itself says were crossed: metric → conditions. */
  readonly crossed?: Readonly<Record<string, readonly string[]>>;
}
export type FromK6 = Hello | ClockAnswer | VusWaiting | Begin | Req | Enter | Iteration | Drop | Sample | MarkSet | K6Health | End;

/** What the harness wants of this process; the answer to `hello`. */
export interface Job {
  readonly c: 'job';
  /** Only the generic runner has one: its own arrivals, by time since the load's start. */
  readonly schedule: { readonly ordinals: readonly number[]; readonly atUs: readonly number[]; readonly request: readonly number[] } | null;
  /** Calls whose bodies are wanted: method and regular expression (RE2) of the URL's path; empty: none. */
  readonly bodies: readonly { readonly method: string; readonly path: string }[];
  readonly bodyBytes: number;
  readonly samples: boolean;
  /** Origins (`http://127.0.0.1:8080`) whose calls get a `traceparent`. */
  readonly traced: readonly string[];
}
export type ToK6 =
  | Job
  | { readonly c: 'clock'; readonly id: number }
  /** The schedule's zero; until then `next()` waits. */
  | { readonly c: 'begin'; readonly at: number }
  | { readonly c: 'phase'; readonly name: string }
  /** Ends the test: nothing more is sent, what is in flight is given up. */
  | { readonly c: 'stop' };
