import type { Outcome } from '../model/outcome.ts';
import { leftOutText } from './left-out-text.ts';
import { plainData } from './plain-data.ts';
import type { Reporter, Surroundings } from './contract.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { STANDING_RULES, type StandingRule } from './sarif-rules.ts';
import { blamesOf, countsText, scenarioRuns, type Blame, type ScenarioRuns } from './scenario-runs.ts';

/** GitHub reads so many results of a run. */
const RESULTS_MAX = 5000;

/**
 * SARIF 2.1.0 for code scanning: what failed checks say of the system itself, a result for each rule and each edge, breaker or request,
 * however many scenarios and runs have shown it. Verdicts of runs stand in its notifications: an alert is no way to learn that a run failed.
 */
export const sarif: Reporter<RunNote> = {
  kind: 'sarif',
  file: 'halfopen.sarif',
  digest: noteOf,
  render: (outcome, notes, surroundings = {}) => `${JSON.stringify(plainData(log(outcome, notes, surroundings)), null, 2)}\n`,
};

/** One property of the system that does not hold, with everything that showed it. */
interface Standing {
  readonly rule: StandingRule;
  readonly check: string;
  readonly subject: string;
  readonly seen: readonly Seen[];
}

interface Seen {
  readonly blame: Blame;
  readonly entry: ScenarioRuns;
}

function log(outcome: Outcome, notes: readonly RunNote[], { version, projectPrefix = '' }: Surroundings): object {
  const scenarios = scenarioRuns(outcome);
  const found = standingIn(scenarios, notes).slice(0, RESULTS_MAX);
  const ids = Object.keys(STANDING_RULES);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'halfopen',
            ...(version === undefined ? {} : { semanticVersion: version }),
            rules: Object.entries(STANDING_RULES).map(ruleData),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: outcome.verdict === 'pass' || outcome.verdict === 'fail',
            toolExecutionNotifications: [...scenarios.map(runNotification), ...(outcome.leftOut ?? []).map(leftOutNotification)],
          },
        ],
        results: found.map((standing) => resultData(standing, { ruleIndex: ids.indexOf(standing.check), projectPrefix })),
      },
    ],
  };
}

/** Only of runs that failed: what an invalid run shows, the system may not have. */
function standingIn(scenarios: readonly ScenarioRuns[], notes: readonly RunNote[]): readonly Standing[] {
  const seen = scenarios.flatMap((entry) =>
    blamesOf(entry, notes).flatMap((blame): Seen[] =>
      blame.isDecisive && blame.verdict === 'fail' && Object.hasOwn(STANDING_RULES, blame.check) ? [{ blame, entry }] : [],
    ),
  );
  return [...Map.groupBy(seen, ({ blame }) => fingerprintOf(blame)).values()].flatMap((same) => {
    const [first] = same;
    const rule = first === undefined ? undefined : STANDING_RULES[first.blame.check];
    return first === undefined || rule === undefined ? [] : [{ rule, check: first.blame.check, subject: first.blame.subject, seen: same }];
  });
}

/** The same whatever scenario, seed, machine or measure showed it. */
function fingerprintOf({ check, subject }: Pick<Blame, 'check' | 'subject'>): string {
  return `${check}/${subject}`;
}

function ruleData([id, { name, title, help, level }]: readonly [string, StandingRule]): object {
  return {
    id,
    name,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: help },
    help: { text: help },
    defaultConfiguration: { level },
    properties: { tags: ['resilience'] },
  };
}

interface ResultContext {
  readonly ruleIndex: number;
  readonly projectPrefix: string;
}

function resultData({ rule, check, subject, seen }: Standing, { ruleIndex, projectPrefix }: ResultContext): object {
  const sentences = [...new Set(seen.map(({ blame }) => blame.finding.sentence))];
  const where = seen.map(({ blame, entry }) => `${entry.name} (${blame.declared}; ${blame.runs} of ${entry.runs.length} runs)`);
  const files = [...new Set(seen.flatMap(({ blame }) => blame.run.scenario.file ?? []))];
  const logicalLocations = [{ fullyQualifiedName: subject, name: subject, kind: 'resource' }];
  return {
    ruleId: check,
    ruleIndex,
    level: rule.level,
    kind: 'fail',
    message: { text: `${rule.title}: ${subject}. ${sentences.join(' ')}\nSeen in ${where.join(', ')}.` },
    locations:
      files.length === 0
        ? [{ logicalLocations }]
        : files.map((file) => ({
            physicalLocation: {
              artifactLocation: { uri: uriOf(`${projectPrefix}${file}`), uriBaseId: '%SRCROOT%' },
              region: { startLine: 1 },
            },
            logicalLocations,
          })),
    partialFingerprints: { 'halfopenProperty/v1': fingerprintOf({ check, subject }) },
    occurrenceCount: seen.reduce((sum, { blame }) => sum + blame.runs, 0),
    properties: { replay: seen.map(({ blame }) => blame.run.scenario.replay) },
  };
}

/** A path as a relative reference: a colon in its first part would else be a scheme's. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function runNotification({ name, verdict, runs }: ScenarioRuns): object {
  const worst = runs.find(({ scenario }) => scenario.verdict === verdict) ?? runs[0];
  const counts = countsText(runs.map(({ scenario }) => scenario.verdict));
  const level = verdict === 'pass' ? 'none' : verdict === 'fail' ? 'error' : 'warning';
  return { level, message: { text: `${name}: ${counts}. ${worst.scenario.sentence}` } };
}

function leftOutNotification(entry: NonNullable<Outcome['leftOut']>[number]): object {
  return { level: 'note', message: { text: `${entry.name}: ${leftOutText(entry)}` } };
}
