import type { LeftOut, ScenarioOutcome } from '../model/outcome.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Reporter } from './contract.ts';
import { leftOutText } from './left-out-text.ts';
import { plainText } from './plain-text.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { numbered } from './scenario-runs.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

/** The subset of JUnit XML that Jenkins, GitLab, GitHub and Azure all read: a suite a run, a case a finding. */
export const junit: Reporter<RunNote> = {
  kind: 'junit',
  file: 'junit.xml',
  digest: noteOf,
  render(outcome, digests) {
    // Repeats of a scenario get a number: readers keep the first of two suites that share a name.
    const names = numbered(
      outcome.scenarios.map(({ name }) => name),
      'run ',
    );
    const suites = [
      ...outcome.scenarios.map((scenario, index) =>
        suiteXml(
          scenario,
          digests.find((digest) => digest.index === index),
          names[index] ?? scenario.name,
        ),
      ),
      ...(outcome.leftOut ?? []).map(leftOutXml),
    ];
    const sum = (pick: (suite: Suite) => number): number => suites.reduce((total, suite) => total + pick(suite), 0);
    const durationMs = outcome.scenarios.reduce((total, scenario) => total + scenario.durationMs, 0);
    const head = attributes({
      name: 'halfopen',
      tests: sum(({ tests }) => tests),
      failures: sum(({ failures }) => failures),
      errors: sum(({ errors }) => errors),
      skipped: sum(({ skipped }) => skipped),
      time: seconds(durationMs),
    });
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.map(({ xml }) => xml).join('')}</testsuites>\n`;
  },
};

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly xml: string;
}

function suiteXml(scenario: ScenarioOutcome, digest: RunNote | undefined, name: string): Suite {
  const names = numbered(scenario.findings.map((finding, index) => digest?.declared[index] ?? `${finding.check} ${finding.subject}`));
  const cases = scenario.findings.flatMap((finding, index) => {
    // What decides nothing is no case: it could turn a build red.
    if (finding.reported === true) return [];
    const kind = kindOf(finding.verdict, scenario.verdict);
    const classname = finding.guard ? `${name}.guards` : name;
    return [{ kind, xml: caseXml({ name: names[index] ?? finding.check, classname, kind, finding, scenario }) }];
  });
  // A run that is not a pass and has no finding to blame still must turn the build red.
  if (scenario.verdict !== 'pass' && cases.every(({ kind }) => kind !== 'failure' && kind !== 'error')) {
    const kind = kindOf(scenario.verdict, scenario.verdict);
    const verdictOnly: FindingOutcome = {
      check: 'run',
      subject: scenario.name,
      guard: true,
      verdict: scenario.verdict,
      expected: '',
      measured: '',
      sentence: scenario.sentence,
      evidence: [],
    };
    cases.push({ kind, xml: caseXml({ name: 'the run has a verdict', classname: name, kind, finding: verdictOnly, scenario }) });
  }
  const count = (wanted: CaseKind): number => cases.filter(({ kind }) => kind === wanted).length;
  const counts = { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') };
  const head = attributes({
    name,
    ...counts,
    time: seconds(scenario.durationMs),
    ...(digest === undefined ? {} : { timestamp: digest.startedAt }),
  });
  const body = [...cases.map(({ xml }) => xml), reportedXml(scenario, digest)].join('');
  return { ...counts, xml: `  <testsuite${head}>\n${body}  </testsuite>\n` };
}

/** What is reported and decides nothing, as the suite's output; nothing where there is none. */
function reportedXml({ findings }: ScenarioOutcome, digest: RunNote | undefined): string {
  const lines = findings.flatMap(({ check, verdict, sentence, reported }, index) =>
    reported === true ? [`reported, not judged: ${digest?.declared[index] ?? check}: ${verdict}: ${sentence}`] : [],
  );
  return lines.length === 0 ? '' : `    <system-out>${text(lines.join('\n'))}</system-out>\n`;
}

/** A scenario that the environment cannot run is a suite of one case that was skipped. */
function leftOutXml(entry: LeftOut): Suite {
  const { name } = entry;
  const counts = { tests: 1, failures: 0, errors: 0, skipped: 1 };
  const only = `    <testcase${attributes({ name: 'the run has a verdict', classname: name, time: '0.000' })}>\n      <skipped${attributes({ message: leftOutText(entry) })}/>\n    </testcase>\n`;
  return { ...counts, xml: `  <testsuite${attributes({ name, ...counts, time: '0.000' })}>\n${only}  </testsuite>\n` };
}

type CaseKind = 'passed' | 'failure' | 'error' | 'skipped';

/** A finding that could not be judged is an error, unless its run passed without it: then it is skipped, and the build stays green. */
function kindOf(finding: Verdict, run: Verdict): CaseKind {
  if (finding === 'pass') return 'passed';
  if (finding === 'fail') return 'failure';
  return run === 'pass' ? 'skipped' : 'error';
}

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly kind: CaseKind;
  readonly finding: FindingOutcome;
  readonly scenario: ScenarioOutcome;
}

function caseXml({ name, classname, kind, finding, scenario }: Case): string {
  // The run took its time, a check on its recording takes none: summing up the cases must not multiply the run.
  const head = `    <testcase${attributes({ name, classname, time: '0.000' })}`;
  if (kind === 'passed') return `${head}/>\n`;
  const message = finding.measured === '' ? finding.sentence : `${finding.measured}, expected ${finding.expected}`;
  if (kind === 'skipped') return `${head}>\n      <skipped${attributes({ message: finding.sentence })}/>\n    </testcase>\n`;
  const lines = [finding.sentence, `expected: ${finding.expected}`, `measured: ${finding.measured}`];
  if (finding.resolution !== undefined) lines.push(`resolution: ${finding.resolution}`);
  const body = text([...lines, `replay: ${scenario.replay}`].filter((line) => !line.endsWith(': ')).join('\n'));
  const evidence = finding.evidence.map(
    ({ table, ids }) => `${table} ${ids.slice(0, 12).join(', ')}${ids.length > 12 ? ` … (${ids.length})` : ''}`,
  );
  const out = text([`recording: ${scenario.folder}`, ...evidence.map((line) => `evidence: ${line}`)].join('\n'));
  return `${head}>\n      <${kind}${attributes({ message, type: finding.verdict })}>${body}</${kind}>\n      <system-out>${out}</system-out>\n    </testcase>\n`;
}

function seconds(lengthMs: number): string {
  return (lengthMs / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) => ` ${name}="${plainText(String(value)).replace(/[&<>"\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`)}"`,
    )
    .join('');
}

/** Text as CDATA: readable in the raw file. */
function text(value: string): string {
  return `<![CDATA[${plainText(value).replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}
