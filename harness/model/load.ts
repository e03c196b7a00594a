import type { Observe } from './system.ts';

/** A load shape; rates in arrivals a second. Each kind is a row in `plan/schedule`. */
export type Arrivals =
  | { readonly kind: 'constant'; readonly ratePerSecond: number }
  | { readonly kind: 'poisson'; readonly ratePerSecond: number }
  /** Rises (or falls) linearly over the whole timeline. */
  | { readonly kind: 'ramp'; readonly ratePerSecond: number; readonly toRatePerSecond: number }
  /** A base rate with one spike; its start counts from the end of the baseline. */
  | {
      readonly kind: 'spike';
      readonly ratePerSecond: number;
      readonly peakRatePerSecond: number;
      readonly fromMs: number;
      readonly forMs: number;
    };

/** One kind of request with its weight. `{sku}` in path, headers or body takes a value of the generator of that name. */
export interface RequestTemplate<N extends string = string> {
  readonly name: N;
  readonly method: string;
  readonly path: string;
  readonly weight: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON value; placeholders in its strings are filled in. */
  readonly body?: unknown;
  /** When the client gives up, in milliseconds from the actual start. */
  readonly timeoutMs: number;
  /** What the driver reads from each answer. */
  readonly observe?: Observe;
  /** JSON Schema that every 2xx body must match; an answer that does not is `wrong`. */
  readonly schema?: unknown;
}

/** A way of a user through pages in a real browser: code in a file of its own, gone by arrival rate or by users. */
export type JourneyTemplate<N extends string = string> = JourneyByRate<N> | JourneyByUsers<N>;

interface JourneyWay<N extends string> {
  readonly name: N;
  /** Relative to the project's folder. */
  readonly file: string;
  /** The file's export that is the journey. */
  readonly export: string;
  /** When a user gives up, in milliseconds from the actual start. */
  readonly timeoutMs: number;
}

/** An open model: users set out whatever became of those before them. */
export interface JourneyByRate<N extends string = string> extends JourneyWay<N> {
  /** Users that set out on it, evenly spaced, in arrivals a second. */
  readonly ratePerSecond: number;
  readonly users?: never;
  readonly thinkMs?: never;
}

/** A closed model: each of so many users goes again when they have come to the end, for as long as the load lasts. */
export interface JourneyByUsers<N extends string = string> extends JourneyWay<N> {
  readonly users: number;
  /** From the end of a user's journey to the beginning of their next, in milliseconds. */
  readonly thinkMs: number;
  readonly ratePerSecond?: never;
}

/** Open-model load: the schedule is fixed before the run and never waits for an answer. Journeys by users are beside it: nobody can schedule them. */
export interface OpenLoad<R extends string = string> {
  readonly kind: 'open';
  readonly arrivals: Arrivals;
  readonly requests: readonly RequestTemplate<R>[];
  /** Lists from which placeholders are drawn; `{uuid}` and `{seq}` are always there. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** Journeys beside the requests, at rates of their own or by users. @default none */
  readonly journeys?: readonly JourneyTemplate<R>[];
}

/** A user's own k6 script: it brings its arrivals along. */
export interface ScriptLoad<R extends string = string> {
  readonly kind: 'k6-script';
  /** Relative to the project's folder. */
  readonly file: string;
  /** Which of its calls are which, by method and path (`{…}` stands for one part of a path); a call that is none of them is `other`. */
  readonly requests: readonly RequestTemplate<R>[];
  /** Variables that the script finds in `__ENV`; `{entry}` stands for the entry service's URL. */
  readonly env: Readonly<Record<string, string>>;
}

export type Load<R extends string = string> = OpenLoad<R> | ScriptLoad<R>;

/** What a script's calls are called that no declared request matches. */
export const OTHER_REQUEST = 'other';

/** The driver of a load where nobody names one. */
const DEFAULT_DRIVERS: { readonly [K in Load['kind']]: string } = { open: 'builtin', 'k6-script': 'k6' };

/** Who sends this load: the one that was asked for, else the one that its kind asks for. */
export function driverOf({ kind }: Load, asked: string | undefined): string {
  return asked ?? DEFAULT_DRIVERS[kind];
}

/** How one arrival ended. Every arrival has exactly one. */
export const OUTCOMES = ['ok', 'degraded', 'wrong', 'http-error', 'refused', 'reset', 'timeout', 'dns', 'tls', 'aborted', 'shed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The reserved name of the requests that measure the machine itself (DESIGN §8, "machine was quiet"). */
export const SENTINEL = 'halfopen:sentinel';
