import type { RunEvent } from './event.ts';
import type { Outcome } from './load.ts';
import type { Plan } from './plan.ts';

/** What was read from an answer: never the body itself. At most `LIMITS.observedBytes` as JSON. */
export interface Observed {
  readonly degraded?: boolean;
  readonly value?: string | number | boolean | null;
  readonly version?: string | number;
  readonly ageMs?: number;
  /** Why the answer was `wrong`. */
  readonly mismatch?: string;
}

/** One arrival. Times in microseconds since run start; null where that moment never came. */
export interface RequestRow {
  /** Ordinal in the schedule, from 0, and behind these by user and repetition (`model/users.ts`); sentinel rows count for themselves. */
  readonly id: number;
  readonly name: string;
  readonly instance: string;
  /** When it was due; of a journey by users, for which nothing is due, when it began. */
  readonly intendedUs: number;
  readonly startedUs: number | null;
  readonly firstByteUs: number | null;
  readonly endedUs: number;
  readonly outcome: Outcome;
  /** HTTP status, 0 where there was none. */
  readonly status: number;
  readonly traceId: string;
  readonly bytes: number;
  readonly reused: boolean;
  readonly observed: Observed | null;
}

/** How a call on an edge ended. `unfinished`: still open when the recording stopped. */
export const EXCHANGE_OUTCOMES = ['answered', 'refused', 'reset', 'caller-left', 'truncated', 'unfinished'] as const;
export type ExchangeOutcome = (typeof EXCHANGE_OUTCOMES)[number];

/** One call seen on an edge, on the caller's side of it. */
export interface ExchangeRow {
  readonly id: number;
  readonly edge: string;
  readonly instance: string;
  readonly connection: number;
  readonly startedUs: number;
  readonly firstByteUs: number | null;
  readonly endedUs: number;
  readonly outcome: ExchangeOutcome;
  /** HTTP status that the caller got, 0 where there was none. */
  readonly status: number;
  readonly method: string;
  readonly path: string;
  readonly traceId: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly observed: Observed | null;
  /** The fault that touched it and how (`storm` · `status`), null where none did. */
  readonly fault: string | null;
  readonly touch: string | null;
}

/** A side effect that a service reported, with the key that identifies the intent behind it. */
export interface EffectRow {
  readonly id: number;
  readonly atUs: number;
  readonly service: string;
  readonly effect: string;
  readonly key: string;
  readonly traceId: string;
}

/** A span, as far as a later source brings any; the shape is fixed so that stored runs stay readable. */
export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly startedUs: number;
  readonly endedUs: number;
}

export interface RunInfo {
  readonly schemaVersion: 1;
  readonly runId: string;
  readonly startedAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly fingerprint: Readonly<Record<string, string | number>>;
  readonly plan: Plan;
}

/** Everything that was seen in one run. */
export interface Recording {
  readonly run: RunInfo;
  readonly events: readonly RunEvent[];
  /** Arrivals without the sentinel's, by id. */
  readonly requests: readonly RequestRow[];
  readonly sentinel: readonly RequestRow[];
  /** By start. */
  readonly exchanges: readonly ExchangeRow[];
  readonly effects: readonly EffectRow[];
  readonly spans: readonly SpanRow[];
}
