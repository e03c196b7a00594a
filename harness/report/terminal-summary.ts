import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { formatMs } from '../model/time.ts';
import { VERDICTS, type Verdict } from '../model/verdict.ts';
import type { Line, Piece } from './terminal-contract.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

/** Four signs, so that no verdict is told by its colour alone. */
const SIGNS: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✗', inconclusive: '◐', invalid: '⊘' };

/** Sentences of other findings that did not pass, at most. */
const MAX_REASONS = 6;

/** One line a run. For a failure: what broke, by how much, when, and the command that replays it. */
export function runLine(scenario: ScenarioOutcome): Line {
  const head: Piece = { text: `${SIGNS[scenario.verdict]} ${scenario.verdict} ${scenario.name}`, style: scenario.verdict };
  if (scenario.verdict === 'pass')
    return [head, { text: `  ${scenario.title}`, style: 'plain' }, { text: `  ${formatMs(scenario.durationMs)}`, style: 'faint' }];
  const decisive = decisiveOf(scenario);
  const broke = decisive === undefined ? scenario.sentence : `${decisive.check} ${decisive.subject}: ${measuredWords(decisive)}`;
  const when = decisive === undefined ? '' : whenOf(decisive);
  return [
    head,
    { text: `: ${broke}${when}`, style: 'plain' },
    { text: ' · replay: ', style: 'faint' },
    { text: scenario.replay, style: 'strong' },
  ];
}

/** The sentences under a run that did not pass: the decisive finding's first. */
export function whyLines(scenario: ScenarioOutcome): readonly Line[] {
  if (scenario.verdict === 'pass') return [];
  const decisive = decisiveOf(scenario);
  const others = scenario.findings.filter((finding) => finding.verdict !== 'pass' && finding !== decisive);
  const told = [...(decisive === undefined ? [] : [decisive]), ...others];
  const lines = told.slice(0, MAX_REASONS).map((finding): Line => [
    { text: `    ${SIGNS[finding.verdict]} `, style: finding.verdict },
    { text: finding.sentence, style: 'plain' },
  ]);
  return told.length > MAX_REASONS
    ? [...lines, [{ text: `    and ${told.length - MAX_REASONS} more in the report`, style: 'faint' }]]
    : lines;
}

/** The last lines: failures again, the counts, and where to look. */
export function suiteLines(outcome: Outcome, files: readonly string[]): readonly Line[] {
  const counts = VERDICTS.toReversed().flatMap((verdict): Piece[] => {
    const count = outcome.scenarios.filter((scenario) => scenario.verdict === verdict).length;
    return count === 0
      ? []
      : [
          { text: `${count} ${verdict}`, style: verdict },
          { text: '  ', style: 'plain' },
        ];
  });
  const notPassed = outcome.scenarios.filter(({ verdict }) => verdict !== 'pass');
  const again = outcome.scenarios.length > 1 ? notPassed.map(runLine) : [];
  return [
    [],
    ...again,
    counts.length === 0 ? [{ text: 'no scenario ran', style: 'faint' }] : counts,
    ...leftOutLines(outcome),
    ...files.map((file): Line => [
      { text: '  ', style: 'plain' },
      { text: file, style: 'strong' },
    ]),
  ];
}

/** How many did not run, and which: what is not said here would be taken for passed. */
function leftOutLines({ leftOut = [] }: Outcome): readonly Line[] {
  if (leftOut.length === 0) return [];
  const places = [...new Set(leftOut.map(({ environment }) => `'${environment}'`))].join(', ');
  const names = leftOut.map(({ name }) => name).join(', ');
  const wayOut = [...new Set(leftOut.flatMap((entry) => entry.wayOut ?? []))].join(' or ');
  return [
    [
      { text: `${leftOut.length} left out`, style: 'inconclusive' },
      { text: ` as ${places} lacks what ${leftOut.length === 1 ? 'it needs' : 'they need'}: ${names}`, style: 'plain' },
      { text: wayOut === '' ? '' : ` (way out: ${wayOut})`, style: 'faint' },
    ],
  ];
}

/** The finding that gave the run its verdict: a guard before an expectation, as findings are listed. */
function decisiveOf(scenario: ScenarioOutcome): FindingOutcome | undefined {
  return scenario.findings.find(({ verdict }) => verdict === scenario.verdict);
}

function measuredWords({ measured, expected }: FindingOutcome): string {
  return expected === '' ? measured : `${measured}, expected ${expected}`;
}

/** Where on the run's own clock, from the first evidence that has a place on it. */
function whenOf({ evidence }: FindingOutcome): string {
  const placed = evidence.find(({ fromUs, toUs }) => fromUs !== undefined || toUs !== undefined);
  const atUs = placed?.fromUs ?? placed?.toUs;
  return atUs === undefined ? '' : `, at ${(atUs / 1e6).toFixed(2)} s of the run`;
}
