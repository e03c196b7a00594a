import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { isProgram } from '../model/problem.ts';
import { formatMs } from '../model/time.ts';
import { VERDICTS, type Verdict } from '../model/verdict.ts';
import type { Line, Piece } from './terminal-contract.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

/** Four signs, so that no verdict is told by its colour alone. */
const SIGNS: Readonly<Record<Verdict, string>> = { pass: '✓', fail: '✗', inconclusive: '◐', invalid: '⊘' };

/** Sentences of other findings that did not pass, at most. */
const MAX_REASONS = 6;

/**
 * One line a run. For a failure: what broke, by how much, when, and the command that replays it. `driver` sent the load: it is
 * named where it is not the usual one.
 */
export function runLine(scenario: ScenarioOutcome, driver = 'builtin'): Line {
  const load: Line = driver === 'builtin' ? [] : [{ text: ` · load by ${driver}`, style: 'faint' }];
  const head: Piece = { text: `${SIGNS[scenario.verdict]} ${scenario.verdict} ${scenario.name}`, style: scenario.verdict };
  if (scenario.verdict === 'pass')
    return [head, { text: `  ${scenario.title}`, style: 'plain' }, { text: `  ${formatMs(scenario.durationMs)}`, style: 'faint' }, ...load];
  const decisive = decisiveOf(scenario);
  const broke = decisive === undefined ? scenario.sentence : `${decisive.check} ${decisive.subject}: ${measuredWords(decisive)}`;
  const when = decisive === undefined ? '' : whenOf(decisive);
  return [
    head,
    { text: `: ${broke}${when}`, style: 'plain' },
    ...load,
    { text: ' · replay: ', style: 'faint' },
    { text: scenario.replay, style: 'strong' },
  ];
}

/** The sentences under a run that did not pass, the decisive finding's first; under every run what is only reported. */
export function whyLines(scenario: ScenarioOutcome): readonly Line[] {
  if (scenario.verdict === 'pass') return reportedLines(scenario);
  const decisive = decisiveOf(scenario);
  const others = scenario.findings.filter((finding) => finding.verdict !== 'pass' && finding !== decisive && finding.reported !== true);
  const told = [...(decisive === undefined ? [] : [decisive]), ...others];
  const lines = told.slice(0, MAX_REASONS).map((finding): Line => [
    { text: `    ${SIGNS[finding.verdict]} `, style: finding.verdict },
    { text: finding.sentence, style: 'plain' },
  ]);
  const more: readonly Line[] =
    told.length > MAX_REASONS ? [[{ text: `    and ${told.length - MAX_REASONS} more in the report`, style: 'faint' }]] : [];
  return [...lines, ...more, ...reportedLines(scenario)];
}

/** What is only reported, in one line whatever the verdict is; nothing where there is nothing. */
function reportedLines({ findings }: ScenarioOutcome): readonly Line[] {
  const reported = findings.filter((finding) => finding.reported === true);
  if (reported.length === 0) return [];
  const crossed = reported.filter(({ verdict }) => verdict === 'fail');
  const unseen = reported.filter(({ verdict }) => verdict === 'inconclusive');
  const first = crossed[0] === undefined ? '' : `; the first: ${crossed[0].sentence}`;
  const text = `    script's thresholds, reported only: ${crossed.length} of ${reported.length} crossed, ${unseen.length} without samples${first}`;
  return [[{ text, style: 'faint' }]];
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
  const again = outcome.scenarios.length > 1 ? notPassed.map((scenario) => runLine(scenario)) : [];
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
  const places = [...new Set(leftOut.map(({ environment, lacks }) => (lacks.some(isProgram) ? 'this machine' : `'${environment}'`)))].join(
    ' or ',
  );
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
  return scenario.findings.find(({ verdict, reported }) => reported !== true && verdict === scenario.verdict);
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
