import type { ScheduledFault } from './fault.ts';
import type { Load } from './load.ts';
import type { EnvironmentSettings } from './place.ts';
import type { SloDeclaration } from './slo.ts';
import type { System } from './system.ts';

/** One thing that a scenario demands; the check's own file says what else it carries. */
export interface Expectation<
  E extends string = string,
  B extends string = string,
  F extends string = string,
  R extends string = string,
  S extends string = string,
> {
  readonly check: string;
  readonly edge?: E;
  readonly breaker?: B;
  readonly of?: F;
  readonly request?: R;
  readonly service?: S;
}

/** Lengths of the four phases' free parts, in milliseconds; the fault phase's length follows from the faults. */
export interface Timeline {
  readonly warmupMs: number;
  readonly baselineMs: number;
  readonly recoveryMs: number;
}

/** One file, one hypothesis: plain data that survives JSON. */
export interface Scenario {
  readonly schemaVersion: 1;
  /** The file's name without `.chaos.ts`; empty until the file is loaded. */
  readonly name: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly system: System;
  readonly load: Load;
  readonly timeline: Timeline;
  /** The shorter timeline for `--pace fast`; fields that it leaves out are those of `timeline`. */
  readonly pace: { readonly fast?: Partial<Timeline> };
  readonly faults: readonly ScheduledFault[];
  readonly expect: readonly Expectation[];
}

/** `halfopen.config.ts`. */
export interface Config extends EnvironmentSettings {
  /** Folders or files with scenarios, relative to the configuration. @default ['scenarios'] */
  readonly scenarios: readonly string[];
  /** @default 'embedded' */
  readonly environment: string;
  /** The load driver. @default the one that a scenario's load asks for: builtin, or k6 for a k6 script */
  readonly load?: string;
  readonly k6?: K6Settings;
  readonly browser?: BrowserSettings;
  /** @default 'reports' */
  readonly output: string;
  /**
   * Names of reporters, and paths of modules that export one's own, relative to the configuration.
   *
   * @default ['terminal', 'html', 'junit', 'json'], in a job of GitHub 'github' as well
   */
  readonly reporters: readonly string[];
  /** @default random for each run, printed */
  readonly seed?: number;
  /** Patterns (regular expressions, as text) whose matches are redacted in everything that is recorded. */
  readonly redact: readonly string[];
  /** Guards' limits that differ from the defaults. */
  readonly guards: Partial<GuardLimits>;
  /** What `halfopen gate` demands of stored runs: SLOs, and paths (of files or folders) to files `*.slo.json` with more. @default none */
  readonly slos?: readonly (SloDeclaration | string)[];
}

/** Where k6 is, and how much of it. */
export interface K6Settings {
  /** A k6 with the extension `k6/x/halfopen`. @default the one that `halfopen k6 build` has built */
  readonly executable?: string;
  /** Processes that share the load. @default 1 */
  readonly instances?: number;
  /** Most virtual users. @default 1000 */
  readonly vusMax?: number;
}

/** The browser that journeys run in. */
export interface BrowserSettings {
  /** @default the Chromium or Chrome found on this machine, else Playwright's own */
  readonly executable?: string;
  /** Flags for its command line, beside those that headless runs need. */
  readonly flags?: readonly string[];
  /** Largest number of journeys at a time; what comes beyond it is shed. @default 20 */
  readonly pagesMax?: number;
  /** Size of a journey's page, in CSS pixels; pictures of it are as wide, up to 480. @default { width: 800, height: 600 } */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Side files of each journey. @default neither */
  readonly trace?: boolean;
  readonly video?: boolean;
}

/** Where the guards of DESIGN §8 draw the line. */
export interface GuardLimits {
  /** Least share of ok answers in the baseline. @default 0.99 */
  readonly baselineOkRatioMin: number;
  /** Largest ratio of the baseline's second half's p95 to the first's, or the reverse. @default 3 */
  readonly baselineDriftRatioMax: number;
  /** Drift below this many milliseconds is none, whatever its ratio. @default 50 */
  readonly baselineDriftMsMin: number;
  /** Least share of the scheduled arrivals that must have been sent. @default 0.99 */
  readonly offeredRatioMin: number;
  /** Largest p99 of the driver's start lag in a phase, in milliseconds. @default 25 */
  readonly startLagP99MsMax: number;
  /** Largest p99 of the harness's event-loop delay, in milliseconds. @default 100 */
  readonly loopDelayP99MsMax: number;
  /** Largest p95 of the sentinel's latency in a phase, in milliseconds. @default 15 */
  readonly sentinelP95MsMax: number;
}
