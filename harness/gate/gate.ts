import { GATE_ANSWERS, type Baseline, type GateAnswer, type GateFinding, type GateOutcome, type StoredRun } from '../model/gate.ts';
import type { Slo } from '../model/slo.ts';
import { judgeSlo } from './absolute.ts';
import { groupsOf, type RunGroup } from './groups.ts';
import { judgeAgainst, type RelativeOptions } from './relative.ts';
import { describeSlo } from './slo.ts';

export interface GateRequest {
  readonly slos: readonly Slo[];
  readonly runs: readonly StoredRun[];
  readonly baseline?: Baseline;
  readonly relative: RelativeOptions;
}

/**
 * Judges stored runs by SLOs and beside a baseline: the worst answer decides, and what cannot be told never passes. The order of runs
 * and of SLOs decides nothing.
 */
export function gate({ slos, runs, baseline, relative }: GateRequest): GateOutcome {
  const groups = groupsOf(runs);
  const bySlo = slos.flatMap((slo) => findingsOf(slo, groups));
  const byBaseline = baseline === undefined ? [] : groups.flatMap((group) => judgeAgainst(baseline, group, relative));
  const missing = baseline === undefined ? [] : missingFrom(baseline, groups);
  const findings = [...bySlo, ...byBaseline, ...missing];
  return {
    schemaVersion: 1,
    answer: worstOf(findings),
    findings,
    notes: groups.flatMap(({ scenario, notes, unusable }) => [...notes, ...unusableNote(scenario, unusable)]),
  };
}

/** An SLO about which no run says anything has not been kept: nobody knows. */
function findingsOf(slo: Slo, groups: readonly RunGroup[]): readonly GateFinding[] {
  const found = groups.flatMap((group) => judgeSlo(slo, group) ?? []);
  const silent = silentScenarios(slo, groups, found);
  const unknown = (scenario: string, sentence: string): GateFinding => ({
    kind: 'slo',
    name: slo.name,
    demand: describeSlo(slo),
    scenario,
    answer: 'cannot-tell',
    sentence,
    wayOut: scenario === ANY ? 'npx halfopen run' : `npx halfopen run ${scenario}`,
  });
  if (found.length === 0 && silent.length === 0) return [unknown(ANY, 'no stored run measures it')];
  return [...found, ...silent.map(({ scenario, sentence }) => unknown(scenario, sentence))];
}

const ANY = 'any scenario';

/** Scenarios that the SLO asks for by name and nothing is known of, and those of which all runs are invalid. */
function silentScenarios(
  slo: Slo,
  groups: readonly RunGroup[],
  found: readonly GateFinding[],
): readonly { readonly scenario: string; readonly sentence: string }[] {
  const heard = new Set(found.map(({ scenario }) => scenario));
  const named = slo.scenarios.names.filter((name) => !heard.has(name));
  const invalid = groups.filter(
    ({ scenario, runs, unusable }) => runs.length === 0 && unusable.length > 0 && mayBeAbout(slo, scenario) && !heard.has(scenario),
  );
  return [
    ...named.map((scenario) => ({ scenario, sentence: nothingOf(groups.find((group) => group.scenario === scenario)) })),
    ...invalid
      .filter(({ scenario }) => !named.includes(scenario))
      .map((group) => ({ scenario: group.scenario, sentence: nothingOf(group) })),
  ];
}

function nothingOf(group: RunGroup | undefined): string {
  if (group === undefined) return 'there is no stored run of it';
  if (group.runs.length > 0) return 'its runs measure nothing of that kind';
  const [first] = group.unusable;
  return `none of its ${group.unusable.length} stored runs is valid (${first?.reason})`;
}

/** Of an invalid run no tags are known: an SLO that picks by tags may be about it. */
function mayBeAbout({ scenarios: { names, tags } }: Slo, scenario: string): boolean {
  return names.length === 0 || names.includes(scenario) || tags.length > 0;
}

/** A scenario that is in the baseline and was not run has not been shown to be as good. */
function missingFrom({ name, runs }: Baseline, groups: readonly RunGroup[]): readonly GateFinding[] {
  const missing = [...new Set(runs.map(({ scenario }) => scenario.name))].filter((scenario) =>
    groups.every((group) => group.scenario !== scenario),
  );
  return missing.map((scenario) => ({
    kind: 'baseline',
    name: 'all statistics',
    demand: `no worse than baseline '${name}'`,
    scenario,
    answer: 'cannot-tell',
    sentence: 'the baseline has runs of it, and there is none to compare with them',
    wayOut: `npx halfopen run ${scenario}`,
  }));
}

function unusableNote(scenario: string, unusable: RunGroup['unusable']): readonly string[] {
  const [first] = unusable;
  if (first === undefined) return [];
  const runs = unusable.length === 1 ? '1 run is' : `${unusable.length} runs are`;
  return [`${scenario}: ${runs} invalid and not counted (${first.place}: ${first.reason})`];
}

function worstOf(findings: readonly GateFinding[]): GateAnswer {
  return GATE_ANSWERS.find((answer) => findings.some((finding) => finding.answer === answer)) ?? 'cannot-tell';
}
