import type { LeftOut, Outcome, ScenarioOutcome } from '../model/outcome.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Reporter, Surroundings } from './contract.ts';
import { leftOutText } from './left-out-text.ts';
import { plainData } from './plain-data.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { numbered, scenarioRuns } from './scenario-runs.ts';

/** What could not be judged is neither passed nor failed. */
const STATUS = { pass: 'passed', fail: 'failed', invalid: 'other', inconclusive: 'other' } as const satisfies Readonly<
  Record<Verdict, string>
>;

/** Common Test Report Format, https://ctrf.io: a test a run, a step a finding. What is ours alone stands in `extra.halfopen`. */
export const ctrf: Reporter<RunNote> = {
  kind: 'ctrf',
  file: 'ctrf-report.json',
  digest: noteOf,
  render: (outcome, notes, surroundings = {}) => `${JSON.stringify(plainData(report(outcome, notes, surroundings)), null, 2)}\n`,
};

function report(outcome: Outcome, notes: readonly RunNote[], { version, projectPrefix = '' }: Surroundings): object {
  const names = runNames(outcome.scenarios);
  const tests = [
    ...outcome.scenarios.map((scenario, index) => {
      const note = notes.find((other) => other.index === index);
      return runTest(scenario, { name: names[index] ?? scenario.name, note, projectPrefix });
    }),
    ...(outcome.leftOut ?? []).map(leftOutTest),
  ];
  const count = (status: string): number => tests.filter((test) => test.status === status).length;
  const starts = tests.flatMap(({ start }) => start ?? []);
  const stops = tests.flatMap(({ stop }) => stop ?? []);
  const environments = [...new Set(outcome.scenarios.flatMap(({ environment }) => environment ?? []))];
  return {
    reportFormat: 'CTRF',
    specVersion: '1.0.0',
    generatedBy: 'halfopen',
    results: {
      tool: { name: 'halfopen', ...(version === undefined ? {} : { version }) },
      summary: {
        tests: tests.length,
        passed: count('passed'),
        failed: count('failed'),
        skipped: count('skipped'),
        pending: 0,
        other: count('other'),
        suites: scenarioRuns(outcome).length + (outcome.leftOut ?? []).length,
        // Required; a suite without a recording has no time.
        start: starts.reduce((least, start) => Math.min(least, start), starts[0] ?? 0),
        stop: stops.reduce((most, stop) => Math.max(most, stop), 0),
        extra: { halfopen: { verdict: outcome.verdict } },
      },
      tests,
      ...(environments.length === 0 ? {} : { environment: { testEnvironment: environments.join(', ') } }),
    },
  };
}

/** Repeats of a scenario get a number, as readers take tests of one name for attempts at the same. */
function runNames(scenarios: readonly ScenarioOutcome[]): readonly string[] {
  return numbered(
    scenarios.map(({ name }) => name),
    'run ',
  );
}

/** One entry of `results.tests`; its schema is CTRF's. */
interface Test extends Readonly<Record<string, unknown>> {
  readonly status: string;
  readonly start?: number;
  readonly stop?: number;
}

interface RunTest {
  readonly name: string;
  readonly note: RunNote | undefined;
  readonly projectPrefix: string;
}

function runTest(scenario: ScenarioOutcome, { name, note, projectPrefix }: RunTest): Test {
  const { verdict, sentence, title, seed, environment, runId, folder, replay, durationMs, file } = scenario;
  const durationWhole = Math.round(durationMs);
  const startedMs = note === undefined ? Number.NaN : Date.parse(note.startedAt);
  const reported = scenario.findings.flatMap((finding, place) =>
    finding.reported === true ? [reportedLine(finding, note?.declared[place])] : [],
  );
  return {
    name: title === '' ? name : `${name}: ${title}`,
    status: STATUS[verdict],
    duration: durationWhole,
    ...(Number.isNaN(startedMs) ? {} : { start: startedMs, stop: startedMs + durationWhole }),
    suite: [scenario.name],
    rawStatus: verdict,
    type: 'chaos',
    parameters: { seed, ...(environment === undefined ? {} : { environment }) },
    ...(verdict === 'pass' ? {} : { message: sentence, trace: traceOf(scenario, note) }),
    ...(note === undefined || note.tags.length === 0 ? {} : { tags: note.tags }),
    ...(file === undefined ? {} : { filePath: `${projectPrefix}${file}` }),
    ...(reported.length === 0 ? {} : { stdout: reported }),
    steps: stepsOf(scenario, note),
    extra: { halfopen: { verdict, runId, folder, replay } },
  };
}

type FindingOutcome = ScenarioOutcome['findings'][number];

function reportedLine({ check, verdict, sentence }: FindingOutcome, declared = check): string {
  return `reported, not judged: ${declared}: ${verdict}: ${sentence}`;
}

function stepsOf({ findings }: ScenarioOutcome, note: RunNote | undefined): readonly object[] {
  return findings.flatMap((finding, place) => {
    if (finding.reported === true) return [];
    const { check, subject, guard, verdict, expected, measured, resolution, sentence } = finding;
    const name = note?.declared[place] ?? `${check} ${subject}`;
    const own = { check, subject, guard, verdict, expected, measured, ...(resolution === undefined ? {} : { resolution }), sentence };
    return [{ name, status: STATUS[verdict], extra: { halfopen: own } }];
  });
}

function traceOf({ findings, replay }: ScenarioOutcome, note: RunNote | undefined): string {
  const lines = findings.flatMap((finding, place) => {
    if (finding.verdict === 'pass' || finding.reported === true) return [];
    return [`${finding.verdict}: ${note?.declared[place] ?? `${finding.check} ${finding.subject}`}: ${finding.sentence}`];
  });
  return [...lines, `replay: ${replay}`].join('\n');
}

function leftOutTest(entry: LeftOut): Test {
  const { name, title, environment } = entry;
  return {
    name: title === '' ? name : `${name}: ${title}`,
    status: 'skipped',
    duration: 0,
    suite: [name],
    message: leftOutText(entry),
    rawStatus: 'left out',
    type: 'chaos',
    parameters: { environment },
  };
}
