import type { Fault, FaultReach } from './fault.ts';
import type { Load } from './load.ts';
import type { EnvironmentSettings } from './place.ts';
import type { BrowserSettings, Expectation, GuardLimits, K6Settings } from './scenario.ts';
import type { System } from './system.ts';

/**
 * What an environment can do, and what a fault, probe or check may need: `process` – services can be killed and frozen; `container` –
 * they can leave the network, lose their name, be squeezed; `backing` – databases, caches and brokers are started with them; `netem` –
 * the kernel shapes packets.
 */
export const POWERS = ['tcp', 'http', 'tap', 'process', 'container', 'backing', 'netem', 'stdout', 'readiness'] as const;
export type Power = (typeof POWERS)[number];

export const PHASES = ['warmup', 'baseline', 'fault', 'recovery'] as const;
export type PhaseName = (typeof PHASES)[number];

/** A stretch of the timeline, in microseconds since the load's start. */
export interface Phase {
  readonly name: PhaseName;
  readonly fromUs: number;
  readonly toUs: number;
}

/** One fault with the windows in which it is active, in microseconds since the load's start. */
export interface PlannedFault {
  readonly name: string;
  readonly fault: Fault;
  readonly summary: string;
  readonly reach: FaultReach;
  readonly windows: readonly { readonly fromUs: number; readonly toUs: number }[];
  readonly needs: readonly Power[];
}

/**
 * The arrival schedule: parallel lists, ordered by time. `request` indexes `load.requests` and, behind them, `load.journeys`. Journeys by
 * users have no arrivals here: `model/users.ts` numbers them behind these.
 */
export interface Schedule {
  readonly intendedUs: readonly number[];
  readonly request: readonly number[];
}

/** Everything that a run will do, fixed before anything starts. Plain data. */
export interface Plan {
  readonly schemaVersion: 1;
  readonly scenario: { readonly name: string; readonly title: string; readonly tags: readonly string[]; readonly hash: string };
  readonly environment: string;
  /** What the environment offers. */
  readonly powers: readonly Power[];
  /** What the environment was told about the place. */
  readonly settings: EnvironmentSettings;
  readonly seed: number;
  readonly pace: 'full' | 'fast';
  /** `--set service.VAR=value`, as service → variable → value. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly system: System;
  /** The load driver, by its name in the table. */
  readonly driver: string;
  readonly load: Load;
  readonly k6: K6Settings;
  readonly browser: BrowserSettings;
  /** Files with code that the load runs: journeys, a k6 script. Paths are relative to the project's folder. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly phases: readonly Phase[];
  readonly faults: readonly PlannedFault[];
  readonly schedule: Schedule;
  readonly expectations: readonly Expectation[];
  readonly needs: readonly Power[];
  readonly guards: GuardLimits;
  readonly redact: readonly string[];
  /** Breakers that nobody can watch in this environment, as their probe needs what it lacks: their state is unknown. @default none */
  readonly unwatched?: readonly string[];
  /** The sentinel's spacing, in microseconds. */
  readonly sentinelEveryUs: number;
  readonly limits: { readonly exchanges: number; readonly events: number; readonly effects: number; readonly drainMs: number };
}
