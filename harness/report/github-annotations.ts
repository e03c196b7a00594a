import type { LeftOut, Outcome } from '../model/outcome.ts';
import { clipped } from './bounded.ts';
import type { Surroundings } from './contract.ts';
import { leftOutText } from './left-out-text.ts';
import { plainText } from './plain-text.ts';
import type { RunNote } from './run-note.ts';
import { blamesOf, scenarioRuns, worstFirst, type Blame, type ScenarioRuns } from './scenario-runs.ts';

/** GitHub shows so many of a kind for each step, and drops the rest without a word. */
const OF_A_KIND_MAX = 10;
const TITLE_MAX = 200;
const MESSAGE_MAX = 4000;

interface Annotation {
  readonly kind: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  /** Inside the repository. */
  readonly file?: string;
}

/** Workflow commands, one a line: an error for what failed, a warning for what could not be judged, a notice for what was left out. */
export function githubAnnotations(outcome: Outcome, notes: readonly RunNote[], { projectPrefix = '' }: Surroundings = {}): string {
  const annotations = [
    ...worstFirst(scenarioRuns(outcome)).flatMap((entry) => ofScenario(entry, notes, projectPrefix)),
    ...(outcome.leftOut ?? []).map(ofLeftOut),
  ];
  const kinds = (['error', 'warning', 'notice'] as const).flatMap((kind) => collapsed(annotations.filter((one) => one.kind === kind)));
  return kinds.map((one) => `${command(one)}\n`).join('');
}

function ofScenario(entry: ScenarioRuns, notes: readonly RunNote[], projectPrefix: string): readonly Annotation[] {
  return blamesOf(entry, notes)
    .filter(({ isDecisive }) => isDecisive)
    .map((blame) => ofBlame(blame, entry, projectPrefix));
}

function ofBlame({ verdict, check, subject, runs, finding, run }: Blame, entry: ScenarioRuns, projectPrefix: string): Annotation {
  const { file, replay } = run.scenario;
  const often = entry.runs.length === 1 ? '' : ` in ${runs} of ${entry.runs.length} runs`;
  const measured = finding.measured === '' ? [] : [`measured ${finding.measured}, expected ${finding.expected}`];
  return {
    kind: verdict === 'fail' ? 'error' : 'warning',
    title: `${entry.name}: ${check} ${subject}: ${verdict}${often}`,
    message: [finding.sentence, ...measured, `replay: ${replay}`].join('\n'),
    ...(file === undefined ? {} : { file: `${projectPrefix}${file}` }),
  };
}

function ofLeftOut(entry: LeftOut): Annotation {
  return { kind: 'notice', title: `${entry.name}: left out`, message: leftOutText(entry) };
}

/** The last one that is shown stands for all that are not. */
function collapsed(annotations: readonly Annotation[]): readonly Annotation[] {
  if (annotations.length <= OF_A_KIND_MAX) return annotations;
  const rest = annotations.slice(OF_A_KIND_MAX - 1);
  const names = [...new Set(rest.map(({ title }) => title))].join('\n');
  const [first] = rest;
  const kind = first?.kind ?? 'notice';
  return [
    ...annotations.slice(0, OF_A_KIND_MAX - 1),
    { kind, title: `and ${rest.length} more, in the summary and in report.html`, message: names },
  ];
}

function command({ kind, title, message, file }: Annotation): string {
  const properties = [...(file === undefined ? [] : [`file=${propertyText(file)}`]), `title=${propertyText(clipped(title, TITLE_MAX))}`];
  return `::${kind} ${properties.join(',')}::${dataText(clipped(message, MESSAGE_MAX))}`;
}

function dataText(value: string): string {
  return plainText(value).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function propertyText(value: string): string {
  return dataText(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
