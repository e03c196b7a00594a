import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { UntilDecided } from '../gate/until-decided.ts';
import type { Plan } from '../model/plan.ts';
import { redactorOf } from '../model/redact.ts';
import type { Slo } from '../model/slo.ts';
import type { LeftOut } from '../model/outcome.ts';
import type { Problem } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Surroundings } from '../report/contract.ts';
import { releaseEnvironments } from '../pipeline.ts';
import { readOutcome } from './compare.ts';
import type { Command, CommandCall } from './contract.ts';
import { listenForInterrupts } from './interrupts.ts';
import { surroundingsOf } from './job.ts';
import { leftOutLine, sortByPlace, type Sorted } from './left-out.ts';
import { describeScenarios } from './list.ts';
import { prepareOutput } from './output-folder.ts';
import { sortByPrograms } from './programs.ts';
import { demandNoProblems, textOption, wholeOption, wrongCommandLine } from './options.ts';
import { openProject, type Project } from './project.ts';
import { REPORTER_NAMES, chooseReporters, type ChosenReporters } from './reporters.ts';
import { loadScenarios, type LoadedScenario } from './scenarios.ts';
import { openScreen } from './screen.ts';
import { nothingChosen, selectScenarios } from './selection.ts';
import { PLAN_FLAGS, demandKnownServices, overridesFor, readSettings, type Settings } from './settings.ts';
import { partOf, readShard, type Shard } from './shard.ts';
import { readSlosOf } from './slos.ts';
import { demandPlans, runSuite, type PlannedRun, type SuiteRequest } from './suite.ts';

const SEEDS = 2 ** 32;
const RUNS_MAX = 60;

export const run: Command = {
  name: 'run',
  parameters: '[filter...]',
  summary: 'run scenarios and judge them: all, or those whose name or path holds a filter',
  flags: [
    { flags: '-g, --grep <pattern>', description: 'only scenarios whose name, title or tags match this regular expression' },
    ...PLAN_FLAGS,
    { flags: '--repeat <n>', description: 'run each scenario n times, each time with the next seed (default: 1)' },
    { flags: '--until-decided', description: 'in place of --repeat: run each scenario until its SLOs are decided, or cannot be' },
    { flags: '--max <n>', description: `most runs of one scenario with --until-decided (default: ${RUNS_MAX})` },
    { flags: '--shard <i/n>', description: 'run the i-th of n parts, which take about the same time' },
    { flags: '--last-failed', description: 'only scenarios that did not pass in the last run' },
    {
      flags: '--reporter <names>',
      description: `of ${REPORTER_NAMES.join(', ')}, or the path of a module; separated by commas (default: the configuration's)`,
    },
    { flags: '-o, --output <dir>', description: "folder of the results (default: the configuration's)" },
    { flags: '--compare <results>', description: 'end with a table beside earlier results: an outcome.json, or a folder with one' },
    { flags: '--keep', description: 'leave the services up after the run, until Ctrl-C; for one run' },
    { flags: '--list', description: 'say what would run, and run nothing' },
  ],
  examples: [
    ['run', 'every scenario'],
    ['run payments --pace fast', 'those with payments in their name, on their shorter timeline'],
    ['run -g @smoke --repeat 10', 'those tagged @smoke, ten times each'],
    ['run -g @release --until-decided --max 80', 'as often as the SLOs need to be decided'],
    ['run payments-outage --set orders.DEFECT=never-opens', 'one, with a variable of one service set'],
    ['run payments-outage --seed 7', 'one, as it was run before'],
    ['run --env docker -o reports/docker --compare reports', 'every scenario in containers, beside how it went without'],
  ],
  run: runCommand,
};

async function runCommand(call: CommandCall): Promise<number> {
  const { args, options } = call;
  const configNamed = textOption(options, 'config');
  const project = await openProject(process.cwd(), configNamed);
  const problems: Problem[] = [];
  const settings = readSettings(call, project.config, problems);
  const own = await readOwnFlags(options, project, problems);
  demandNoProblems(problems);
  const loaded = await loadScenarios(project);
  const grep = textOption(options, 'grep');
  const selection = selectScenarios(loaded, { filters: args, cwd: process.cwd(), project, ...(grep === undefined ? {} : { grep }) });
  const chosen = own.isLastFailed ? lastFailed(selection.chosen, own.output) : selection.chosen;
  if (own.isLastFailed && selection.chosen.length > 0 && chosen.length === 0) {
    process.stderr.write(`None of the chosen scenarios failed in the last run, as ${own.output} tells; nothing was started.\n`);
    return EXIT_CODES.nothing;
  }
  if (chosen.length === 0 || selection.unmatched.length > 0) {
    process.stderr.write(`${nothingChosen(loaded, selection, project)}\n`);
    return EXIT_CODES.nothing;
  }
  // Who asks for everything wants what can run here; who names a scenario wants that one, and is told why not.
  const isEverything = args.length === 0 && grep === undefined;
  const redact = (text: string): string => redactorOf(project.config.redact).text(text);
  const { able, leftOut }: Sorted = isEverything ? sortByPlace(chosen, settings.environment, redact) : { able: chosen, leftOut: [] };
  if (able.length === 0) return nothingCanRun(`in '${settings.environment}'`, leftOut);
  if (options['list'] === true) {
    process.stdout.write(`${describeScenarios(able)}${leftOut.map((entry) => `${leftOutLine(entry)}\n`).join('')}`);
    return EXIT_CODES.pass;
  }
  demandKnownServices(chosen, settings.overrides);
  const planned = plannedRuns(able, { settings, project, repeat: own.repeat });
  const plans = demandPlans(planned);
  const runs = own.shard === null ? planned : partOf(planned, ({ loaded }) => lengthOf(plans.get(loaded.file)), own.shard);
  if (runs.length === 0) {
    process.stderr.write(`There are ${planned.length} runs, and none for this shard; nothing was started.\n`);
    return EXIT_CODES.nothing;
  }
  if (own.isKept && runs.length > 1) {
    throw wrongCommandLine([{ path: '--keep', expected: 'one run of one scenario', found: `${runs.length} runs` }]);
  }
  const { driver } = settings;
  const sorted = await sortByPrograms(runs, { plans, isEverything, driver, redact, signal: new AbortController().signal });
  const missing = [...leftOut, ...sorted.leftOut];
  if (sorted.able.length === 0) return nothingCanRun('on this machine', missing);
  prepareOutput(own.output);
  return start(sorted.able, { own, project, leftOut: missing, ...(configNamed === undefined ? {} : { configNamed }) });
}

function nothingCanRun(where: string, leftOut: readonly LeftOut[]): number {
  const lines = leftOut.map((entry) => `  ${leftOutLine(entry)}\n`).join('');
  process.stderr.write(`No scenario can run ${where}; nothing was started.\n${lines}`);
  return EXIT_CODES.nothing;
}

interface OwnFlags extends ChosenReporters {
  readonly repeat: number;
  readonly output: string;
  readonly surroundings: Surroundings;
  readonly isKept: boolean;
  readonly isLastFailed: boolean;
  readonly shard: Shard | null;
  readonly untilDecided?: UntilDecided;
  readonly compared?: NonNullable<SuiteRequest['compared']>;
}

async function readOwnFlags(options: CommandCall['options'], project: Project, problems: Problem[]): Promise<OwnFlags> {
  const { config, folder } = project;
  const repeat = wholeOption(options, { name: 'repeat', min: 1, max: 10_000 }, problems);
  const max = wholeOption(options, { name: 'max', min: 1, max: 10_000 }, problems);
  const isUntilDecided = options['untilDecided'] === true;
  if (isUntilDecided && repeat !== undefined)
    problems.push({ path: '--repeat', expected: 'nothing beside --until-decided', found: String(repeat) });
  const shard = readShard(textOption(options, 'shard'), problems);
  if (isUntilDecided && shard !== null)
    problems.push({
      path: '--shard',
      expected: 'nothing beside --until-decided, which looks at all runs',
      found: `${shard.place}/${shard.count}`,
    });
  if (!isUntilDecided && max !== undefined) problems.push({ path: '--max', expected: '--until-decided beside it', found: String(max) });
  const output = textOption(options, 'output');
  const compared = textOption(options, 'compare');
  if (output === '') problems.push({ path: '--output', expected: 'a folder', found: 'nothing' });
  const outputFolder = output === undefined ? resolve(folder, config.output) : resolve(output);
  return {
    ...(await chooseReporters(options, project, problems)),
    repeat: isUntilDecided ? (max ?? RUNS_MAX) : (repeat ?? 1),
    ...(isUntilDecided ? { untilDecided: new UntilDecided(demandSlos(project, problems), max ?? RUNS_MAX) } : {}),
    isLastFailed: options['lastFailed'] === true,
    shard,
    output: outputFolder,
    surroundings: surroundingsOf({ folder, output: outputFolder, env: process.env }, problems),
    isKept: options['keep'] === true,
    // Read before the run, which may write to the same place.
    ...(compared === undefined ? {} : { compared: { path: compared, outcome: readOutcome(compared) } }),
  };
}

function demandSlos(project: Project, problems: Problem[]): readonly Slo[] {
  const slos = readSlosOf(project, []);
  if (slos.length === 0) problems.push({ path: 'config › slos', expected: 'at least one SLO for --until-decided', found: 'none' });
  return slos;
}

/** @throws {UsageError} if there are no results to tell */
function lastFailed(chosen: readonly LoadedScenario[], output: string): readonly LoadedScenario[] {
  const failed = new Set(readOutcome(output).scenarios.flatMap(({ name, verdict }) => (verdict === 'pass' ? [] : [name])));
  return chosen.filter(({ scenario }) => failed.has(scenario.name));
}

function lengthOf(plan: Plan | undefined): number {
  return plan?.phases.at(-1)?.toUs ?? 0;
}

interface RunsRequest {
  readonly settings: Settings;
  readonly project: Project;
  readonly repeat: number;
}

/** A suite follows from one seed: repeat n of each scenario has the seed n steps on. */
function plannedRuns(chosen: readonly LoadedScenario[], { settings, project, repeat }: RunsRequest): readonly PlannedRun[] {
  const firstSeed = settings.seed ?? randomInt(SEEDS);
  return Array.from({ length: repeat }, (_, round) =>
    chosen.map((loaded) => ({
      loaded,
      request: {
        config: project.config,
        environment: settings.environment,
        projectFolder: project.folder,
        ...(settings.driver === undefined ? {} : { driver: settings.driver }),
        pace: settings.pace,
        seed: (firstSeed + round) % SEEDS,
        overrides: overridesFor(loaded, settings.overrides),
      },
    })),
  ).flat();
}

interface StartRequest {
  readonly own: OwnFlags;
  readonly leftOut: SuiteRequest['leftOut'];
  readonly project: Project;
  readonly configNamed?: string;
}

async function start(runs: readonly PlannedRun[], { own, project, leftOut, configNamed }: StartRequest): Promise<number> {
  const redactor = redactorOf(project.config.redact);
  using screen = openScreen({
    redact: (text) => redactor.text(text),
    shows: ({ kind }) => own.isTold || kind === 'suite-ended' || kind === 'note',
  });
  using interrupts = listenForInterrupts((signal) =>
    screen.tell({
      kind: 'note',
      text: `${signal}: the load stops, faults are withdrawn, what was seen is written down. Once more ends it at once`,
    }),
  );
  if (own.isTold) screen.tell({ kind: 'note', text: `seed ${runs[0]?.request.seed ?? 0}` });
  const keep = async (addresses: Readonly<Record<string, string>>): Promise<void> => {
    const lines = Object.entries(addresses).map(([name, url]) => `  ${name}  ${url}`);
    screen.tell({ kind: 'note', text: ['kept up until Ctrl-C, without faults:', ...lines].join('\n') });
    await interrupts.untilPressed();
  };
  // What was kept for a next run goes down whatever became of the last one.
  await using _ = { [Symbol.asyncDispose]: releaseEnvironments };
  // Awaited here: screen and interrupts are let go when this function returns.
  return await runSuite({
    project,
    runs,
    leftOut,
    output: own.output,
    reporters: own.reporters,
    customReporters: own.custom,
    surroundings: own.surroundings,
    screen,
    interrupts,
    ...(configNamed === undefined ? {} : { configNamed }),
    ...(own.isKept ? { keep } : {}),
    ...(own.compared === undefined ? {} : { compared: own.compared }),
    ...(own.untilDecided === undefined ? {} : { untilDecided: own.untilDecided }),
  });
}
