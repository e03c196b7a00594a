import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError, planScenario } from '../../harness/index.ts';
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import { formatMs } from '../../harness/model/time.ts';
import { TWINS, type Twin } from '../../test/corpus/twins.ts';
import { table } from '../bench/markdown.ts';
import { runMatrixCase, type CaseFacts } from './matrix-case.ts';
import { differencesOf } from './matrix-differences.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';

const ENVIRONMENTS = ['embedded', 'docker', 'compose'] as const;
const TWIN_ENVIRONMENTS = ['embedded', 'docker'] as const;
type Environment = (typeof ENVIRONMENTS)[number];
const SEED = 7;

export const dockerMatrixProof: Proof = {
  name: 'docker-matrix',
  title: 'The same scenarios without containers, in Docker, and by compose',
  run,
};

/** What each environment answered; null where the scenario cannot run there. */
type Cells = Readonly<Partial<Record<Environment, CaseFacts>>>;
interface ScenarioRow {
  readonly name: string;
  readonly cells: Cells;
}
interface TwinRow {
  readonly twin: Twin;
  readonly cells: Cells;
}

/** `--runs n` takes the first n scenarios and twins only. */
async function run(options: ProofOptions): Promise<Proven> {
  const { default: config } = (await import(join(options.projectFolder, 'halfopen.config.ts'))) as { default: Config };
  const names = readdirSync(join(options.projectFolder, 'scenarios')).flatMap((file) => /^(.+)\.chaos\.ts$/.exec(file)?.[1] ?? []);
  const scenarios: ScenarioRow[] = [];
  for (const name of names.toSorted().slice(0, options.runs)) {
    const { default: scenario } = (await import(join(options.projectFolder, 'scenarios', `${name}.chaos.ts`))) as { default: Scenario };
    const possible = ENVIRONMENTS.filter((environment) => canRun({ ...scenario, name }, config, environment));
    scenarios.push({ name, cells: await cellsOf(possible, `correct ${name}`, { scenario: name }, options) });
  }
  const twins: TwinRow[] = [];
  for (const twin of TWINS.slice(0, options.runs)) {
    const possible = TWIN_ENVIRONMENTS.filter((environment) => twin.environments.includes(environment));
    const set = `${twin.service}.DEFECT=${twin.defect}`;
    twins.push({ twin, cells: await cellsOf(possible, `twin ${twin.scenario} ${set}`, { scenario: twin.scenario, set }, options) });
  }
  return reportOf(scenarios, twins);
}

function canRun(scenario: Scenario, config: Config, environment: string): boolean {
  try {
    planScenario(scenario, { config, environment, seed: SEED, pace: 'fast', overrides: {} });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

async function cellsOf(
  environments: readonly Environment[],
  id: string,
  what: { readonly scenario: string; readonly set?: string },
  options: ProofOptions,
): Promise<Cells> {
  const cells: Partial<Record<Environment, CaseFacts>> = {};
  for (const environment of environments) {
    options.signal.throwIfAborted();
    const facts = await options.cases.once(`${id} ${environment}`, () => runMatrixCase({ ...what, environment, seed: SEED }, options));
    options.say(
      `${id} ${environment}: ${facts.verdict}${facts.undecided.length === 0 ? '' : ` (after ${facts.undecided.length} undecided)`}. ${facts.sentence}`,
    );
    cells[environment] = facts;
  }
  return cells;
}

function reportOf(scenarios: readonly ScenarioRow[], twins: readonly TwinRow[]): Proven {
  const correct = scenarios.flatMap(({ cells }) => Object.values(cells));
  const passed = correct.filter(({ verdict }) => verdict === 'pass');
  const caught = twins.filter((row) => isCaughtEverywhere(row));
  const differences = scenarios.flatMap(({ name, cells }) => differencesIn(name, cells));
  const unexplained = differences.filter(({ because }) => because === null);
  const isWhole = scenarios.some(({ cells }) => cells.docker !== undefined && cells.embedded !== undefined) && twins.length > 0;
  return {
    holds: isWhole && passed.length === correct.length && caught.length === twins.length && unexplained.length === 0,
    markdown: [
      claim(
        passed.length === correct.length && isWhole,
        `the correct shop passes in ${passed.length} of ${correct.length} runs: ${scenarios.length} scenarios, each wherever it can run`,
      ),
      claim(
        caught.length === twins.length && twins.length > 0,
        `${caught.length} of ${twins.length} broken twins fail by the expectation that is to catch them, the same one in Docker as without`,
      ),
      claim(
        unexplained.length === 0,
        `${differences.length} times differ between environments by more than the resolution; what was recorded explains ${differences.length - unexplained.length} of them`,
      ),
      '',
      '## The correct shop',
      '',
      scenarioTable(scenarios),
      '',
      '≠: differs from the first column by more than the resolution that is printed with it (an event has none).',
      '',
      '## Why they differ',
      '',
      ...(differences.length === 0
        ? ['Nothing differs.']
        : differences.map(
            ({ where, what, changeMs, because }) =>
              `- ${where}, ${what}: ${changeMs === null ? 'in one only' : `${changeMs < 0 ? '' : '+'}${formatMs(changeMs)}`}: ${because ?? '**not explained by what was recorded**'}`,
          )),
      '',
      '## Broken twins',
      '',
      table(
        ['scenario', 'twin', ...TWIN_ENVIRONMENTS.map((environment) => `${environment}: failed by`)],
        twins.map(({ twin, cells }) => [
          twin.scenario,
          `${twin.service} ${twin.defect}`,
          ...TWIN_ENVIRONMENTS.map((environment) => twinCell(twin, cells[environment])),
        ]),
      ),
      '',
      ...undecidedLines(scenarios, twins),
      `Each run by the command line, \`--pace fast\`, seed ${SEED}; a run that the machine was too busy for is repeated with the next seed, and counted.`,
    ].join('\n'),
  };
}

function differencesIn(name: string, cells: Cells) {
  const [first, ...others] = ENVIRONMENTS.filter((environment) => cells[environment] !== undefined);
  const base = first === undefined ? undefined : cells[first];
  if (base === undefined) return [];
  return others.flatMap((environment) => {
    const facts = cells[environment];
    return facts === undefined
      ? []
      : differencesOf(base, facts).map((difference) => ({ ...difference, where: `${name}, ${environment} against ${first}` }));
  });
}

function scenarioTable(scenarios: readonly ScenarioRow[]): string {
  const rows = scenarios.flatMap(({ name, cells }) => {
    const [base] = ENVIRONMENTS.flatMap((environment) => cells[environment] ?? []);
    const row = (what: string, cell: (facts: CaseFacts) => string): string[] => [
      what,
      ...ENVIRONMENTS.map((environment) => {
        const facts = cells[environment];
        return facts === undefined ? 'cannot run there' : cell(facts);
      }),
    ];
    return [
      row(`**${name}**`, ({ verdict }) => verdict),
      ...(base?.times ?? []).map(({ what }) =>
        row(what, (facts) => {
          const isOff = base !== undefined && facts !== base && differencesOf(base, facts).some((difference) => difference.what === what);
          return `${isOff ? '≠ ' : ''}${timeText(facts, what)}`;
        }),
      ),
      row('sentinel p95', ({ sentinelP95Ms }) => formatMs(sentinelP95Ms)),
    ];
  });
  return table(['scenario', ...ENVIRONMENTS], rows);
}

function timeText({ times }: CaseFacts, what: string): string {
  const time = times.find((each) => each.what === what);
  if (time === undefined) return '–';
  if (time.ms === null) return 'never';
  return `${formatMs(time.ms)}${time.resolutionMs === 0 ? '' : ` ± ${formatMs(time.resolutionMs)}`}`;
}

const mustFailOf = (twin: Twin): readonly string[] => twin.mustFail.map(({ check, subject }) => `${check} ${subject}`);

/** Some expectation that is to catch it fails in every environment: the same reason. */
function isCaughtEverywhere({ twin, cells }: TwinRow): boolean {
  const facts = Object.values(cells);
  return (
    facts.length > 0 && mustFailOf(twin).some((name) => facts.every(({ verdict, failed }) => verdict === 'fail' && failed.includes(name)))
  );
}

function twinCell(twin: Twin, facts: CaseFacts | undefined): string {
  if (facts === undefined) return 'cannot run there';
  const hits = facts.failed.filter((name) => mustFailOf(twin).includes(name));
  return hits.length > 0 ? hits.join(', ') : `${facts.verdict}: ${facts.sentence}`.replaceAll('|', '\\|');
}

function undecidedLines(scenarios: readonly ScenarioRow[], twins: readonly TwinRow[]): readonly string[] {
  const all = [...scenarios, ...twins].flatMap(({ cells }) => Object.values(cells));
  const count = all.reduce((sum, { undecided }) => sum + undecided.length, 0);
  return count === 0 ? [] : [`${count} runs beside these ${all.length} were undecided, because the machine was too busy.`, ''];
}
