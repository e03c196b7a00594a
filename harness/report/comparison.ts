import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { formatMs } from '../model/time.ts';
import type { Line, Piece } from './terminal-contract.ts';

/** One suite's results, and what to call it: `docker`. */
export interface Side {
  readonly label: string;
  readonly outcome: Outcome;
}

/** One line of a comparison: a scenario's verdict, or what one of its expectations or guards measured. */
export interface ComparedRow {
  readonly what: string;
  /** One for each side, the first side's first. */
  readonly cells: readonly ComparedCell[];
}

export interface ComparedCell {
  readonly text: string;
  /**
   * Against the first side: `within` – the runs do not differ by more than the resolution that is printed, `beyond` – they do,
   * `same` – nothing to compare or the same word.
   */
  readonly difference: 'same' | 'within' | 'beyond';
}

export interface ComparedScenario {
  readonly name: string;
  readonly verdict: ComparedRow;
  readonly rows: readonly ComparedRow[];
}

export interface Comparison {
  readonly labels: readonly string[];
  readonly scenarios: readonly ComparedScenario[];
  /** Scenarios that do not stand on every side, each with the sides that lack it. */
  readonly missing: readonly { readonly name: string; readonly from: readonly string[] }[];
}

/**
 * Sets suites beside each other, scenario by scenario: verdicts, and every time that was measured. Where a scenario ran more than once, the
 * median stands for its runs and their range is shown; a difference counts where the ranges are further apart than the resolution.
 */
export function compareOutcomes(sides: readonly Side[]): Comparison {
  const names = [...new Set(sides.flatMap(({ outcome }) => outcome.scenarios.map(({ name }) => name)))];
  const runsOf = (name: string): readonly (readonly ScenarioOutcome[])[] =>
    sides.map(({ outcome }) => outcome.scenarios.filter((scenario) => scenario.name === name));
  const isEverywhere = (name: string): boolean => runsOf(name).every((runs) => runs.length > 0);
  return {
    labels: sides.map(({ label }) => label),
    scenarios: names.filter(isEverywhere).map((name) => compareScenario(name, runsOf(name))),
    missing: names
      .filter((name) => !isEverywhere(name))
      .map((name) => ({ name, from: sides.flatMap(({ label }, index) => (runsOf(name)[index]?.length === 0 ? [label] : [])) })),
  };
}

/** Whether a scenario's verdict on some side is not the first side's. */
export function hasOtherVerdicts({ scenarios }: Comparison): boolean {
  return scenarios.some(({ verdict }) => verdict.cells.some(({ difference }) => difference === 'beyond'));
}

type Runs = readonly (readonly ScenarioOutcome[])[];
type FindingOutcome = ScenarioOutcome['findings'][number];

function compareScenario(name: string, runs: Runs): ComparedScenario {
  const verdicts = runs.map((side) => tally(side.map(({ verdict }) => verdict)));
  const keys = [...new Set(runs.flatMap((side) => side.flatMap(({ findings }) => keysOf(findings))))];
  const rows = keys.flatMap((key) => {
    const findings = runs.map((side) => side.flatMap((scenario) => findingAt(scenario.findings, key) ?? []));
    const row = compareFinding(key, findings);
    return row === null ? [] : [row];
  });
  return { name, verdict: { what: 'verdict', cells: wordCells(verdicts) }, rows };
}

/** Names each finding for good: an expectation that is declared twice has a number. */
function keysOf(findings: readonly FindingOutcome[]): readonly string[] {
  const seen = new Map<string, number>();
  return findings.map(({ check, subject }) => {
    const name = `${check} ${subject}`;
    const place = (seen.get(name) ?? 0) + 1;
    seen.set(name, place);
    return place === 1 ? name : `${name} (${place})`;
  });
}

function findingAt(findings: readonly FindingOutcome[], key: string): FindingOutcome | undefined {
  return findings[keysOf(findings).indexOf(key)];
}

/** A row for what was measured in time on some side, or was judged differently; null for the rest. */
function compareFinding(key: string, findings: readonly (readonly FindingOutcome[])[]): ComparedRow | null {
  if (findings.some((side) => side.some((finding) => timeOf(finding) !== null))) return { what: key, cells: timeCells(findings) };
  const verdicts = findings.map((side) => tally(side.map(({ verdict }) => verdict)));
  if (new Set(verdicts).size === 1) return null;
  return { what: key, cells: wordCells(findings.map((side) => tally(side.map(({ verdict, measured }) => `${verdict}: ${measured}`)))) };
}

/** In milliseconds. */
function timeOf({ quantity }: FindingOutcome): number | null {
  if (quantity?.unit === 's') return quantity.value * 1000;
  return quantity?.unit === 'ms' ? quantity.value : null;
}

function timeCells(findings: readonly (readonly FindingOutcome[])[]): readonly ComparedCell[] {
  const resolutionMs = Math.max(0, ...findings.flat().map((finding) => finding.resolutionMs ?? 0));
  const sides = findings.map((side) => {
    const times = side.flatMap((finding) => timeOf(finding) ?? []);
    return { times, unmeasured: side.filter((finding) => timeOf(finding) === null) };
  });
  const [base] = sides;
  return sides.map((side, index) => {
    const text = [
      ...(side.times.length === 0 ? [] : [timesText(side.times, resolutionMs)]),
      ...(side.unmeasured.length === 0 ? [] : [tally(side.unmeasured.map(({ measured }) => measured))]),
    ].join(', ');
    if (index === 0 || base === undefined) return { text: text === '' ? '–' : text, difference: 'same' };
    if (side.times.length === 0 || base.times.length === 0)
      return { text: text === '' ? '–' : text, difference: side.times.length === base.times.length ? 'same' : 'beyond' };
    const changeMs = medianOf(side.times) - medianOf(base.times);
    const isBeyond = gapMs(side.times, base.times) > resolutionMs || side.unmeasured.length > 0 !== base.unmeasured.length > 0;
    return { text: `${text} (${changeMs < 0 ? '' : '+'}${formatMs(changeMs)})`, difference: isBeyond ? 'beyond' : 'within' };
  });
}

function timesText(times: readonly number[], resolutionMs: number): string {
  const range = times.length === 1 ? '' : ` [${formatMs(Math.min(...times))}–${formatMs(Math.max(...times))}, n = ${times.length}]`;
  return `${formatMs(medianOf(times))}${resolutionMs === 0 ? '' : ` ± ${formatMs(resolutionMs)}`}${range}`;
}

/** How far apart two ranges are; 0 where they meet. */
function gapMs(left: readonly number[], right: readonly number[]): number {
  return Math.max(0, Math.min(...left) - Math.max(...right), Math.min(...right) - Math.max(...left));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function wordCells(words: readonly string[]): readonly ComparedCell[] {
  return words.map((text) => ({ text: text === '' ? '–' : text, difference: text === words[0] ? 'same' : 'beyond' }));
}

/** `pass`, or with repeats `3 pass, 1 fail`. */
function tally(words: readonly string[]): string {
  const counts = Map.groupBy(words, (word) => word);
  if (counts.size === 1) return words[0] ?? '';
  return [...counts].map(([word, { length }]) => `${length} ${word}`).join(', ');
}

const INDENT = '  ';

/** The table as people read it: `≠` where a difference is larger than what was printed as the resolution. */
export function comparisonLines({ labels, scenarios, missing }: Comparison): readonly Line[] {
  const rows = scenarios.flatMap(({ verdict, rows: more }) => [verdict, ...more]);
  const marked = (cell: ComparedCell): string => `${cell.difference === 'beyond' ? '≠ ' : ''}${cell.text}`;
  const whatWidth = Math.max(...scenarios.map(({ name }) => name.length), ...rows.map(({ what }) => what.length + INDENT.length), 0);
  const widths = labels.map((label, index) =>
    Math.max(label.length, ...rows.map(({ cells }) => (cells[index] === undefined ? 0 : marked(cells[index]).length))),
  );
  const line = (what: string, cells: readonly Piece[]): Line => [
    { text: what.padEnd(whatWidth), style: 'plain' },
    ...cells.map((cell, index): Piece => ({
      text: `  ${index === cells.length - 1 ? cell.text : cell.text.padEnd(widths[index] ?? 0)}`,
      style: cell.style,
    })),
  ];
  const rowLine = (what: string, row: ComparedRow): Line =>
    line(
      what,
      row.cells.map((cell): Piece => ({ text: marked(cell), style: cell.difference === 'beyond' ? 'degraded' : 'plain' })),
    );
  return [
    line(
      '',
      labels.map((text): Piece => ({ text, style: 'strong' })),
    ),
    ...scenarios.flatMap(({ name, verdict, rows: more }) => [
      rowLine(name, verdict),
      ...more.map((row) => rowLine(`${INDENT}${row.what}`, row)),
    ]),
    ...missing.map(({ name, from }): Line => [{ text: `${name}  not in ${from.join(', ')}`, style: 'degraded' }]),
    [{ text: '≠ differs from the first by more than the resolution that is printed (none: every difference counts)', style: 'faint' }],
  ];
}
