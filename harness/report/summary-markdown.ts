import type { LeftOut, Outcome } from '../model/outcome.ts';
import { formatMs } from '../model/time.ts';
import { bytesOf, clipped, fitting } from './bounded.ts';
import type { Surroundings } from './contract.ts';
import { runSlug } from './html/payload.ts';
import { leftOutText } from './left-out-text.ts';
import { htmlText, markdownCode, markdownLink, markdownText } from './markdown-text.ts';
import type { RunNote } from './run-note.ts';
import { blamesOf, countsText, scenarioRuns, SIGNS, worstFirst, type Blame, type ScenarioRuns } from './scenario-runs.ts';

/** Most characters of a title and of a sentence. */
const TITLE_MAX = 200;
const SENTENCE_MAX = 600;
/** Most findings and runs that a scenario's section names. */
const BLAMES_MAX = 20;
const RUNS_MAX = 10;
/** Share of the room that the table may take; the rest is for the sections. */
const TABLE_SHARE = 0.6;

export interface SummaryRequest {
  readonly outcome: Outcome;
  readonly notes: readonly RunNote[];
  readonly surroundings: Surroundings;
  /** Most bytes of the whole text. */
  readonly bytesMax: number;
  /** Whether a scenario's section is folded, by `<details>`. */
  readonly isFolded: boolean;
}

/** A suite as Markdown: the verdict, a row for each scenario, worst first, and a section for each that did not pass. */
export function summaryMarkdown({ outcome, notes, surroundings, bytesMax, isFolded }: SummaryRequest): string {
  const scenarios = worstFirst(scenarioRuns(outcome));
  const leftOut = outcome.leftOut ?? [];
  const table = fitting(
    [...scenarios.map((entry) => row(entry, outcome, surroundings)), ...leftOut.map(leftOutRow)],
    bytesMax * TABLE_SHARE,
    (left) => `| … | ${left} more | | report.html has them |`,
  );
  const head = [
    `# halfopen: ${outcome.verdict}`,
    '',
    headLine(outcome, surroundings),
    '',
    '| Verdict | Scenario | Runs | Why |',
    '| --- | --- | --- | --- |',
    ...table,
    '',
  ].join('\n');
  const failed = scenarios.filter(({ verdict }) => verdict !== 'pass');
  const sections = failed.map((entry) => section(entry, notes, isFolded));
  const roomBytes = bytesMax - bytesOf(head) - 1;
  const told = (left: number): string => `\n${left} more ${left === 1 ? 'scenario' : 'scenarios'} did not pass: report.html has them.\n`;
  return `${[head, ...fitting(sections, roomBytes, told)].join('\n').trimEnd()}\n`;
}

function headLine(outcome: Outcome, { reportUrl }: Surroundings): string {
  const { scenarios, leftOut = [] } = outcome;
  const counts = countsText(scenarios.map(({ verdict }) => verdict));
  const parts = [
    scenarios.length === 0 ? counts : `${scenarios.length} ${scenarios.length === 1 ? 'run' : 'runs'}: ${counts}`,
    ...(leftOut.length === 0 ? [] : [`${leftOut.length} left out`]),
    ...(reportUrl === undefined ? [] : [markdownLink('report', reportUrl)]),
  ];
  return parts.join(' · ');
}

function row(entry: ScenarioRuns, outcome: Outcome, { reportUrl }: Surroundings): string {
  const { name, verdict, runs } = entry;
  const worst = runs.find(({ scenario }) => scenario.verdict === verdict) ?? runs[0];
  const label = clipped(name, TITLE_MAX);
  const url = reportUrl === undefined ? '' : `${reportUrl}#/s/${encodeURIComponent(runSlug(outcome, worst.index))}`;
  const count = runs.length === 1 ? formatMs(worst.scenario.durationMs) : countsText(runs.map(({ scenario }) => scenario.verdict));
  return `| ${SIGNS[verdict]} ${verdict} | ${markdownLink(label, url)} | ${count} | ${markdownText(clipped(worst.scenario.sentence, SENTENCE_MAX))} |`;
}

function leftOutRow(entry: LeftOut): string {
  const name = markdownText(clipped(entry.name, TITLE_MAX));
  return `| – left out | ${name} | ${markdownText(entry.environment)} | ${markdownText(clipped(leftOutText(entry), SENTENCE_MAX))} |`;
}

function section(entry: ScenarioRuns, notes: readonly RunNote[], isFolded: boolean): string {
  const { name, verdict, runs } = entry;
  const { title } = runs[0].scenario;
  const heading = clipped(title === '' ? name : `${name}: ${title}`, TITLE_MAX);
  const body = [...blameLines(blamesOf(entry, notes), runs.length), '', ...runLines(entry), ''];
  if (!isFolded) return [`## ${SIGNS[verdict]} ${verdict} ${markdownText(heading)}`, '', ...body].join('\n');
  // Markdown begins again behind an empty line.
  return [`<details><summary>${SIGNS[verdict]} ${verdict} ${htmlText(heading)}</summary>`, '', ...body, '</details>', ''].join('\n');
}

function blameLines(blames: readonly Blame[], runs: number): readonly string[] {
  const sorted = worstFirst(blames).toSorted((left, right) => Number(right.isDecisive) - Number(left.isDecisive));
  const lines = sorted.slice(0, BLAMES_MAX).map(({ verdict, declared, finding, runs: count }) => {
    const often = runs === 1 ? '' : ` in ${count} of ${runs} runs`;
    const measured =
      finding.measured === ''
        ? ''
        : ` (measured ${markdownText(clipped(finding.measured, TITLE_MAX))}, expected ${markdownText(clipped(finding.expected, TITLE_MAX))})`;
    const resolution = finding.resolution === undefined ? '' : ` ${markdownText(finding.resolution)}`;
    return `- ${SIGNS[verdict]} **${verdict}**${often}: ${markdownCode(clipped(declared, TITLE_MAX))}: ${markdownText(clipped(finding.sentence, SENTENCE_MAX))}${measured}${resolution}`;
  });
  return [...lines, ...(sorted.length > BLAMES_MAX ? [`- and ${sorted.length - BLAMES_MAX} more`] : [])];
}

function runLines({ runs }: ScenarioRuns): readonly string[] {
  const notPassed = runs.filter(({ scenario }) => scenario.verdict !== 'pass');
  const lines = notPassed.slice(0, RUNS_MAX).map(({ scenario }) => {
    const folder = scenario.folder === '' ? '' : `; recording ${markdownCode(scenario.folder)}`;
    return `- ${scenario.verdict}: replay ${markdownCode(clipped(scenario.replay, SENTENCE_MAX))}${folder}`;
  });
  return [...lines, ...(notPassed.length > RUNS_MAX ? [`- and ${notPassed.length - RUNS_MAX} more runs`] : [])];
}
