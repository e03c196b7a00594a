import type { Fault, FaultReach } from './fault.ts';
import type { Load } from './load.ts';
import type { EnvironmentSettings } from './place.ts';
import type { Plan, Power } from './plan.ts';
import type { Problem } from './problem.ts';
import type { Expectation } from './scenario.ts';
import type { Shape } from './shape.ts';
import type { System } from './system.ts';

/** What the plan must know of one kind, whatever table it stands in. */
export interface Kind {
  readonly kind: string;
  readonly needs: readonly Power[];
  readonly schema: Shape;
}

export interface FaultKind extends Kind {
  describe(fault: Fault): string;
  reach(fault: Fault, system: System): FaultReach;
}

export interface CheckKind extends Kind {
  describe(expectation: Expectation): string;
  /** Limits that this plan's timeline cannot exceed, names that do not fit together: what must be refused before the run. */
  problems(expectation: Expectation, plan: Omit<Plan, 'expectations' | 'needs'>, path: string): readonly Problem[];
}

export interface ProbeKind extends Kind {
  describe(probe: { readonly kind: string }): string;
  readonly canSeeHalfOpen: boolean;
  readonly observerEffect: string;
}

export interface LoadKind extends Kind {
  /** Which loads it can carry out. */
  readonly accepts: readonly Load['kind'][];
  describe(): string;
}

/** What an environment makes of the place that the configuration describes, before anybody is asked anything. */
export interface PlaceReading {
  /** Those of the environment's powers that it has in this place. */
  readonly powers: readonly Power[];
  /** What of the configuration keeps it from running there. */
  readonly problems: readonly Problem[];
  /** What a plan has to say of the place, a line each. */
  readonly notes: readonly string[];
}

export interface EnvironmentKind {
  readonly kind: string;
  readonly powers: readonly Power[];
  /** @default nothing of the configuration matters */
  place?(settings: EnvironmentSettings, system: System): PlaceReading;
  /** Why it lacks powers that one may expect of it, for the plan to say. */
  readonly lacks?: Readonly<Partial<Record<Power, string>>>;
  describe(): string;
}

/** Every row of every table, so that `scenario` and `plan` stay pure and import none of them. */
export interface Catalogue {
  readonly faults: Readonly<Record<string, FaultKind>>;
  readonly checks: Readonly<Record<string, CheckKind>>;
  readonly probes: Readonly<Record<string, ProbeKind>>;
  readonly environments: Readonly<Record<string, EnvironmentKind>>;
  readonly loads: Readonly<Record<string, LoadKind>>;
  /** Kinds of arrivals (`plan/schedule`), so that a scenario's validation sees a wrong rate beside everything else. */
  readonly arrivals?: Readonly<Record<string, Pick<Kind, 'kind' | 'schema'>>>;
}
