import {
  COVERAGE_STATES,
  type Coverage,
  type CoverageCell,
  type CoverageChange,
  type CoverageDifference,
  type CoverageState,
  type LostBecause,
  type SystemCoverage,
} from '../model/coverage.ts';
import type { Plan } from '../model/plan.ts';
import { isUsable, type Exercised, type RunStatistics, type UnusableRun } from '../model/run-statistics.ts';

/** A scenario as planned: what of it could be covered. */
export type PlannedScenario = Pick<Plan, 'system' | 'faults'> & { readonly scenario: Pick<Plan['scenario'], 'name'> };

/** A run of it, as its outcome tells. */
export interface CoveringRun {
  readonly name: string;
  readonly statistics: RunStatistics | UnusableRun;
}

export interface CoverageRequest {
  /** Every scenario that there is, whether it ran or not; of several plans of one scenario all count. */
  readonly plans: readonly PlannedScenario[];
  readonly runs: readonly CoveringRun[];
  /** Kinds of faults that the matrix has in any case. @default those that scenarios declare */
  readonly kinds?: readonly string[];
}

/**
 * Which kinds of faults were felt on which edges, and where something that is about them was decided. Only valid runs cover anything. The order of plans and runs
 * decides nothing.
 */
export function coverageOf({ plans, runs, kinds = [] }: CoverageRequest): Coverage {
  const declared = plans.flatMap(({ faults }) => faults.map(({ fault }) => fault.kind));
  const felt = runs.flatMap(({ statistics }) => (isUsable(statistics) ? statistics.exercised.map(({ kind }) => kind) : []));
  const columns = unique([...kinds, ...declared, ...felt]);
  const systems = unique(plans.map(({ system }) => system.name));
  const names = unique([...plans.map(({ scenario }) => scenario.name), ...runs.map(({ name }) => name)]);
  return {
    schemaVersion: 1,
    systems: systems.map((system) => matrixOf(system, columns, { plans, runs })),
    scenarios: names.map((name) => {
      const own = runs.filter((run) => run.name === name);
      return { name, runs: own.length, validRuns: own.filter(({ statistics }) => isUsable(statistics)).length };
    }),
  };
}

function matrixOf(system: string, kinds: readonly string[], { plans, runs }: Pick<CoverageRequest, 'plans' | 'runs'>): SystemCoverage {
  const own = plans.filter((plan) => plan.system.name === system);
  const edges = unique(own.flatMap((plan) => plan.system.edges.map(({ name }) => name)));
  const exercised = runs.flatMap(({ name, statistics }) =>
    isUsable(statistics) && statistics.scenario.system === system
      ? statistics.exercised.map((entry) => ({ ...entry, scenario: name }))
      : [],
  );
  return {
    system,
    edges,
    kinds,
    cells: edges.flatMap((edge) => kinds.map((kind) => cellOf({ edge, kind }, own, exercised))),
  };
}

function cellOf(
  { edge, kind }: Pick<CoverageCell, 'edge' | 'kind'>,
  plans: readonly PlannedScenario[],
  exercised: readonly (Exercised & { readonly scenario: string })[],
): CoverageCell {
  const here = exercised.filter((entry) => entry.edge === edge && entry.kind === kind);
  const declaring = plans.filter(({ faults }) => faults.some(({ fault, reach }) => fault.kind === kind && reach.edges.includes(edge)));
  const assertedBy = unique(here.filter(({ isAsserted }) => isAsserted).map(({ scenario }) => scenario));
  return {
    edge,
    kind,
    state: assertedBy.length > 0 ? 'asserted' : here.length > 0 ? 'exercised' : 'untested',
    declaredBy: unique(declaring.map(({ scenario }) => scenario.name)),
    exercisedBy: unique(here.map(({ scenario }) => scenario)),
    assertedBy,
  };
}

/** What is covered less, and what more, than before. A cell that one side does not have is untested there. */
export function diffCoverage(before: Coverage, after: Coverage): CoverageDifference {
  const edgesIn = (coverage: Coverage): readonly { system: string; edge: string }[] =>
    coverage.systems.flatMap(({ system, edges }) => edges.map((edge) => ({ system, edge })));
  const isIn = (coverage: Coverage) => (wanted: { readonly system: string; readonly edge: string }) =>
    edgesIn(coverage).some(({ system, edge }) => system === wanted.system && edge === wanted.edge);
  const shared = edgesIn(before).filter(isIn(after));
  const changes = shared.flatMap(({ system, edge }) => {
    const kinds = unique([before, after].flatMap((coverage) => cellsOn(coverage, system, edge).map(({ kind }) => kind)));
    return kinds.flatMap((kind) => changeOf({ system, edge, kind }, before, after));
  });
  return {
    lost: changes.filter(({ from, to }) => rank(to) < rank(from)),
    gained: changes.filter(({ from, to }) => rank(to) > rank(from)),
    edgesGone: edgesIn(before).filter((edge) => !isIn(after)(edge)),
    edgesNew: edgesIn(after).filter((edge) => !isIn(before)(edge)),
  };
}

type Place = Pick<CoverageChange, 'system' | 'edge' | 'kind'>;

function changeOf(place: Place, before: Coverage, after: Coverage): readonly CoverageChange[] {
  const was = cellAt(before, place);
  const is = cellAt(after, place);
  if (was.state === is.state) return [];
  const isLoss = rank(is.state) < rank(was.state);
  const [better, worse] = isLoss ? [was, is] : [is, was];
  const names = coverersOf(better).filter((name) => !coverersOf(worse, better.state).includes(name));
  const scenarios = names.map((name) => (isLoss ? { name, because: becauseOf(name, is, after) } : { name }));
  return [{ ...place, from: was.state, to: is.state, scenarios }];
}

/** Scenarios that give a cell this state. */
function coverersOf({ state, exercisedBy, assertedBy }: CoverageCell, wanted: CoverageState = state): readonly string[] {
  return wanted === 'asserted' ? assertedBy : wanted === 'exercised' ? exercisedBy : [];
}

function becauseOf(name: string, { declaredBy, exercisedBy }: CoverageCell, { scenarios }: Coverage): LostBecause {
  const scenario = scenarios.find((entry) => entry.name === name);
  if (exercisedBy.includes(name)) return 'not-asserted';
  if (scenario === undefined || !declaredBy.includes(name)) return 'gone';
  if (scenario.runs === 0) return 'not-run';
  return scenario.validRuns === 0 ? 'no-valid-run' : 'not-felt';
}

function cellAt(coverage: Coverage, { system, edge, kind }: Place): CoverageCell {
  const found = cellsOn(coverage, system, edge).find((cell) => cell.kind === kind);
  return found ?? { edge, kind, state: 'untested', declaredBy: [], exercisedBy: [], assertedBy: [] };
}

function cellsOn({ systems }: Coverage, system: string, edge: string): readonly CoverageCell[] {
  return systems.filter((entry) => entry.system === system).flatMap(({ cells }) => cells.filter((cell) => cell.edge === edge));
}

function rank(state: CoverageState): number {
  return COVERAGE_STATES.indexOf(state);
}

/** Each once, in one order. */
function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}

const BECAUSE: Readonly<Record<LostBecause, string>> = {
  gone: 'puts no such fault there any more',
  'not-run': 'did not run',
  'no-valid-run': 'had no valid run',
  'not-felt': 'ran, and the fault was not felt there',
  'not-asserted': 'ran, and no expectation about it was decided',
};

/** A loss in one sentence: `orders->payments lost its only blackhole scenario: payments-gone did not run.` */
export function describeLoss({ edge, kind, to, scenarios }: CoverageChange): string {
  const reasons = scenarios
    .map(({ name, because }) => `${name} ${because === undefined ? 'covers it no longer' : BECAUSE[because]}`)
    .join('; ');
  const what = scenarios.length === 1 ? `its only ${kind} scenario` : `all ${scenarios.length} ${kind} scenarios`;
  return to === 'untested' ? `${edge} lost ${what}: ${reasons}.` : `Nothing asserts any longer what ${kind} does on ${edge}: ${reasons}.`;
}
