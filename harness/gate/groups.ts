import type { StoredRun } from '../model/gate.ts';
import { isUsable, type Fingerprint, type RunStatistics } from '../model/run-statistics.ts';

/** The runs of one scenario that may be judged together, and what was left out of it. */
export interface RunGroup {
  readonly scenario: string;
  /** Oldest first. */
  readonly runs: readonly RunStatistics[];
  /** Invalid runs of the scenario: no evidence of anything. */
  readonly unusable: readonly { readonly place: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

/**
 * Sorts stored runs by scenario. Judged together are those that are like the newest one: the same version of the scenario, environment,
 * load driver, pace and variables. A run that is stored twice counts once.
 */
export function groupsOf(stored: readonly StoredRun[]): readonly RunGroup[] {
  const names = [...new Set(stored.map(({ scenario }) => scenario))].sort((a, b) => a.localeCompare(b, 'en'));
  return names.map((name) =>
    groupOf(
      name,
      stored.filter(({ scenario }) => scenario === name),
    ),
  );
}

function groupOf(scenario: string, stored: readonly StoredRun[]): RunGroup {
  const usable = new Map<string, RunStatistics>();
  for (const { statistics } of stored) if (isUsable(statistics)) usable.set(statistics.runId, statistics);
  const ordered = [...usable.values()].sort((a, b) => compareTexts(a.startedAt, b.startedAt) || compareTexts(a.runId, b.runId));
  const unusable = stored.flatMap(({ place, statistics }) => (isUsable(statistics) ? [] : [{ place, reason: statistics.unusable }]));
  const newest = ordered.at(-1);
  if (newest === undefined) return { scenario, runs: [], unusable, notes: [] };
  const runs = ordered.filter((run) => kindOf(run) === kindOf(newest));
  const others = ordered.filter((run) => kindOf(run) !== kindOf(newest));
  return { scenario, runs, unusable, notes: [...othersNote(scenario, newest, others), ...machinesNote(scenario, runs)] };
}

/** What must be the same in runs that are counted together. */
function kindOf({ scenario, environment, driver, pace, overrides }: RunStatistics): string {
  return JSON.stringify([scenario.hash, environment, driver, pace, sorted(overrides)]);
}

function othersNote(scenario: string, newest: RunStatistics, others: readonly RunStatistics[]): readonly string[] {
  if (others.length === 0) return [];
  const differences = new Set(others.flatMap((run) => kindDifferences(run, newest)));
  const runs = others.length === 1 ? '1 run is' : `${others.length} runs are`;
  return [`${scenario}: ${runs} not counted, unlike the newest run in ${[...differences].join(', ')}`];
}

/** In what two runs of a scenario differ, so that they are not judged together. */
export function kindDifferences(run: RunStatistics, other: RunStatistics): readonly string[] {
  const told: readonly (readonly [string, string, string])[] = [
    ['the version of the scenario', run.scenario.hash, other.scenario.hash],
    [`environment (${run.environment})`, run.environment, other.environment],
    [`load driver (${run.driver})`, run.driver, other.driver],
    [`pace (${run.pace})`, run.pace, other.pace],
    [`variables (${variables(run)})`, JSON.stringify(sorted(run.overrides)), JSON.stringify(sorted(other.overrides))],
  ];
  return told.flatMap(([name, one, another]) => (one === another ? [] : [name]));
}

/** Fields of the fingerprint that change how fast a machine is. */
export const MACHINE = ['cores', 'cpu', 'platform', 'arch'] as const satisfies readonly (keyof Fingerprint)[];

function machinesNote(scenario: string, runs: readonly RunStatistics[]): readonly string[] {
  const fields = ([...MACHINE, 'node', 'halfopen'] as const).flatMap((field) => {
    const values = [...new Set(runs.map(({ fingerprint }) => String(fingerprint[field])))];
    return values.length < 2 ? [] : [`${field}: ${values.join(', ')}`];
  });
  return fields.length === 0 ? [] : [`${scenario}: the runs are of different machines or versions (${fields.join('; ')})`];
}

function variables({ overrides }: RunStatistics): string {
  const set = Object.entries(overrides).flatMap(([service, values]) => Object.keys(values).map((name) => `${service}.${name}`));
  return set.length === 0 ? 'none' : set.join(', ');
}

function sorted(overrides: RunStatistics['overrides']): readonly unknown[] {
  return Object.entries(overrides)
    .map(([service, values]) => [service, Object.entries(values).sort(([a], [b]) => compareTexts(a, b))] as const)
    .filter(([, values]) => values.length > 0)
    .sort(([a], [b]) => compareTexts(a, b));
}

/** By code units: the same on every machine. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
