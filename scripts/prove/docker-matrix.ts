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

/** What each environment answered: left out where the scenario cannot run there, null where the proof was interrupted before. */
type Cells = Readonly<Partial<Record<Environment, CaseFacts | null>>>;
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
  const twins = new Map<Twin, Cells>();
  // Docker first: without containers the corpus runs them as well.
  for (const environment of TWIN_ENVIRONMENTS.toReversed()) {
    for (const twin of TWINS.slice(0, options.runs)) {
      if (!twin.environments.includes(environment)) continue;
      const set = `${twin.service}.DEFECT=${twin.defect}`;
      const cells = await cellsOf([environment], `twin ${twin.scenario} ${set}`, { scenario: twin.scenario, set }, options);
      twins.set(twin, { ...twins.get(twin), ...cells });
    }
  }
  return reportOf(
    scenarios,
    TWINS.slice(0, options.runs).map((twin) => ({ twin, cells: twins.get(twin) ?? {} })),
  );
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
  const cells: Partial<Record<Environment, CaseFacts | null>> = {};
  for (const environment of environments) {
    const facts = await options.cases
      .once(`${id} ${environment}`, () => runMatrixCase({ ...what, environment, seed: SEED }, options))
      .catch((error: unknown) => {
        if (!options.signal.aborted) throw error;
        return null;
      });
    cells[environment] = facts;
    if (facts === null) continue;
    options.say(
      `${id} ${environment}: ${facts.verdict}${facts.undecided.length === 0 ? '' : ` (after ${facts.undecided.length} undecided)`}. ${facts.sentence}`,
    );
  }
  return cells;
}

function reportOf(scenarios: readonly ScenarioRow[], twins: readonly TwinRow[]): Proven {
  const correct = scenarios.flatMap(({ cells }) => doneIn(cells));
  const pending = [...scenarios, ...twins].flatMap(({ cells }) => Object.values(cells)).filter((facts) => facts === null).length;
  const passed = correct.filter(({ verdict }) => verdict === 'pass');
  const caught = twins.filter((row) => isCaughtEverywhere(row));
  const differences = scenarios.flatMap(({ name, cells }) => differencesIn(name, cells));
  const unexplained = differences.filter(({ because }) => because === null);
  const isWhole = scenarios.some(({ cells }) => cells.docker != null && cells.embedded != null) && twins.length > 0;
  return {
    holds: isWhole && pending === 0 && passed.length === correct.length && caught.length === twins.length && unexplained.length === 0,
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
      ...(pending === 0 ? [] : [claim(false, `all was run: ${pending} runs are left (the next call goes on from here)`)]),
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
  const [first, ...others] = ENVIRONMENTS.filter((environment) => cells[environment] != null);
  const base = first === undefined ? undefined : cells[first];
  if (base == null) return [];
  return others.flatMap((environment) => {
    const facts = cells[environment];
    return facts == null
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
        return facts == null ? emptyCell(facts) : cell(facts);
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
  const facts = doneIn(cells);
  return (
    facts.length > 0 && mustFailOf(twin).some((name) => facts.every(({ verdict, failed }) => verdict === 'fail' && failed.includes(name)))
  );
}

function emptyCell(facts: null | undefined): string {
  return facts === null ? 'not run yet' : 'cannot run there';
}

function doneIn(cells: Cells): readonly CaseFacts[] {
  return Object.values(cells).filter((facts) => facts !== null);
}

function twinCell(twin: Twin, facts: CaseFacts | null | undefined): string {
  if (facts == null) return emptyCell(facts);
  const hits = facts.failed.filter((name) => mustFailOf(twin).includes(name));
  return hits.length > 0 ? hits.join(', ') : `${facts.verdict}: ${facts.sentence}`.replaceAll('|', '\\|');
}

function undecidedLines(scenarios: readonly ScenarioRow[], twins: readonly TwinRow[]): readonly string[] {
  const all = [...scenarios, ...twins].flatMap(({ cells }) => doneIn(cells));
  const count = all.reduce((sum, { undecided }) => sum + undecided.length, 0);
  return count === 0 ? [] : [`${count} runs beside these ${all.length} were undecided, because the machine was too busy.`, ''];
}
