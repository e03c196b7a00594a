import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import type { Verdict } from '../model/verdict.ts';
import type { RunNote } from './run-note.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

/** Of several runs: one failure is a failure, whatever could not be judged beside it. */
const WORST_FIRST = ['fail', 'invalid', 'inconclusive', 'pass'] as const satisfies readonly Verdict[];

/** Four signs, so that no verdict is told by its colour alone. */
export const SIGNS: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✗', inconclusive: '◐', invalid: '⊘' };

/** One run, with its place in `Outcome.scenarios`. */
export interface PlacedRun {
  readonly scenario: ScenarioOutcome;
  readonly index: number;
}

/** All runs of one scenario, and the worst of their verdicts. */
export interface ScenarioRuns {
  readonly name: string;
  readonly verdict: Verdict;
  readonly runs: readonly [PlacedRun, ...PlacedRun[]];
}

/** A finding that did not pass, over all runs of a scenario. */
export interface Blame {
  readonly check: string;
  readonly subject: string;
  readonly verdict: Verdict;
  /** The expectation as code; the check and what it is about, where no recording says it. */
  readonly declared: string;
  /** In how many runs it ended with that verdict. */
  readonly runs: number;
  /** Whether a run has its verdict from it. */
  readonly isDecisive: boolean;
  /** The first of them, and its run. */
  readonly finding: FindingOutcome;
  readonly run: PlacedRun;
}

/** Scenarios in the order in which they first ran. */
export function scenarioRuns({ scenarios }: Outcome): readonly ScenarioRuns[] {
  const placed = scenarios.map((scenario, index): PlacedRun => ({ scenario, index }));
  return [...Map.groupBy(placed, ({ scenario }) => scenario.name)].flatMap(([name, [first, ...others]]) =>
    first === undefined
      ? []
      : [{ name, verdict: worstOf([first, ...others].map(({ scenario }) => scenario.verdict)), runs: [first, ...others] }],
  );
}

/** What needs somebody's eyes comes first; else the order stays. */
export function worstFirst<T extends { readonly verdict: Verdict }>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((left, right) => WORST_FIRST.indexOf(left.verdict) - WORST_FIRST.indexOf(right.verdict));
}

/** A suite without a run proves nothing. */
function worstOf(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive';
}

/** `1 fail, 4 pass`, worst first. */
export function countsText(verdicts: readonly Verdict[]): string {
  const counts = WORST_FIRST.flatMap((verdict) => {
    const count = verdicts.filter((other) => other === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  return counts.length === 0 ? 'no scenario ran' : counts.join(', ');
}

/**
 * Names each finding of a run for good, so that the same one is found in its other runs: an expectation that is declared twice has a
 * number.
 */
export function findingKeys(findings: readonly Pick<FindingOutcome, 'check' | 'subject'>[]): readonly string[] {
  return numbered(findings.map(({ check, subject }) => `${check} ${subject}`));
}

/** A name that came before gets a number: `recovery storm (2)`, or with a word `payments-outage (run 2)`. */
export function numbered(names: readonly string[], word = ''): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const place = (seen.get(name) ?? 0) + 1;
    seen.set(name, place);
    return place === 1 ? name : `${name} (${word}${place})`;
  });
}

/** What kept runs of a scenario from passing, each finding once; a run that nothing is to blame for stands for itself. */
export function blamesOf({ runs }: ScenarioRuns, notes: readonly RunNote[]): readonly Blame[] {
  const all = runs.flatMap((run) =>
    blamesOfRun(
      run,
      notes.find(({ index }) => index === run.index),
    ),
  );
  return [...Map.groupBy(all, ({ key, verdict }) => `${verdict} ${key}`).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, runs: same.length, isDecisive: same.some(({ isDecisive }) => isDecisive) }];
  });
}

function blamesOfRun(run: PlacedRun, note: RunNote | undefined): readonly (Blame & { readonly key: string })[] {
  const { scenario } = run;
  if (scenario.verdict === 'pass') return [];
  const keys = findingKeys(scenario.findings);
  const blames = scenario.findings.flatMap((finding, place) => {
    if (finding.verdict === 'pass' || finding.reported === true) return [];
    const { check, subject, verdict } = finding;
    const declared = note?.declared[place] ?? `${check} ${subject}`;
    return [
      { key: keys[place] ?? check, check, subject, verdict, declared, runs: 1, isDecisive: verdict === scenario.verdict, finding, run },
    ];
  });
  return blames.some(({ isDecisive }) => isDecisive) ? blames : [...blames, runItself(run)];
}

/** A run that left nothing to judge. */
function runItself(run: PlacedRun): Blame & { readonly key: string } {
  const { name, verdict, sentence } = run.scenario;
  const finding: FindingOutcome = { check: 'run', subject: name, guard: true, verdict, expected: '', measured: '', sentence, evidence: [] };
  return { key: 'run', check: 'run', subject: name, verdict, declared: 'the run has a verdict', runs: 1, isDecisive: true, finding, run };
}
