/**
 * How far a kind of fault on an edge is covered, least first. `exercised`: in a valid run it was felt there; `asserted`: and an expectation that is about it was
 * decided.
 */
export const COVERAGE_STATES = ['untested', 'exercised', 'asserted'] as const;
export type CoverageState = (typeof COVERAGE_STATES)[number];

/** One kind of fault on one edge, with the scenarios that cover it, by name. */
export interface CoverageCell {
  readonly edge: string;
  readonly kind: string;
  readonly state: CoverageState;
  /** Scenarios that put such a fault there, whether they ran or not. */
  readonly declaredBy: readonly string[];
  readonly exercisedBy: readonly string[];
  readonly assertedBy: readonly string[];
}

/** The matrix of one system: a cell for each edge and kind. */
export interface SystemCoverage {
  readonly system: string;
  readonly edges: readonly string[];
  readonly kinds: readonly string[];
  /** By edge, then by kind. */
  readonly cells: readonly CoverageCell[];
}

/** Which dependency failures the scenarios cover. Plain data, fit to be kept and compared. */
export interface Coverage {
  readonly schemaVersion: 1;
  /** By name. */
  readonly systems: readonly SystemCoverage[];
  /** All scenarios that were looked at, by name. */
  readonly scenarios: readonly { readonly name: string; readonly runs: number; readonly validRuns: number }[];
}

/** What became of a scenario that once covered a cell. */
export type LostBecause = 'gone' | 'not-run' | 'no-valid-run' | 'not-felt' | 'not-asserted';

/** A cell that is covered less, or more, than before. */
export interface CoverageChange {
  readonly system: string;
  readonly edge: string;
  readonly kind: string;
  readonly from: CoverageState;
  readonly to: CoverageState;
  /** Scenarios that gave the better of both states, and give it no longer (or did not before); of lost ones with what became of them. */
  readonly scenarios: readonly { readonly name: string; readonly because?: LostBecause }[];
}

export interface CoverageDifference {
  readonly lost: readonly CoverageChange[];
  readonly gained: readonly CoverageChange[];
  /** Edges that only one side has: who calls whom has changed, so that their cells are neither lost nor gained. */
  readonly edgesGone: readonly { readonly system: string; readonly edge: string }[];
  readonly edgesNew: readonly { readonly system: string; readonly edge: string }[];
}
