import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { redactorOf } from '../model/redact.ts';
import type { LeftOut } from '../model/outcome.ts';
import type { Problem } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Reporter } from '../report/contract.ts';
import { reporters as everyReporter } from '../report/index.ts';
import { releaseEnvironments } from '../pipeline.ts';
import { readOutcome } from './compare.ts';
import type { Command, CommandCall } from './contract.ts';
import { listenForInterrupts } from './interrupts.ts';
import { leftOutLine, sortByPlace, type Sorted } from './left-out.ts';
import { describeScenarios } from './list.ts';
import { prepareOutput } from './output-folder.ts';
import { sortByPrograms } from './programs.ts';
import { demandNoProblems, textOption, unknownName, wholeOption, wrongCommandLine } from './options.ts';
import { openProject, type Project } from './project.ts';
import { loadScenarios, type LoadedScenario } from './scenarios.ts';
import { openScreen } from './screen.ts';
import { nothingChosen, selectScenarios } from './selection.ts';
import { PLAN_FLAGS, demandKnownServices, overridesFor, readSettings, type Settings } from './settings.ts';
import { demandPlans, runSuite, type PlannedRun, type SuiteRequest } from './suite.ts';

const SEEDS = 2 ** 32;

export const run: Command = {
  name: 'run',
  parameters: '[filter...]',
  summary: 'run scenarios and judge them: all, or those whose name or path holds a filter',
  flags: [
    { flags: '-g, --grep <pattern>', description: 'only scenarios whose name, title or tags match this regular expression' },
    ...PLAN_FLAGS,
    { flags: '--repeat <n>', description: 'run each scenario n times, each time with the next seed (default: 1)' },
    {
      flags: '--reporter <names>',
      description: `of ${['terminal', ...Object.keys(everyReporter)].join(', ')}; separated by commas (default: the configuration's)`,
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
  const own = readOwnFlags(options, project, problems);
  demandNoProblems(problems);
  const loaded = await loadScenarios(project);
  const grep = textOption(options, 'grep');
  const selection = selectScenarios(loaded, { filters: args, cwd: process.cwd(), project, ...(grep === undefined ? {} : { grep }) });
  const { chosen } = selection;
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
  const runs = plannedRuns(able, { settings, project, repeat: own.repeat });
  if (own.isKept && runs.length > 1) {
    throw wrongCommandLine([{ path: '--keep', expected: 'one run of one scenario', found: `${runs.length} runs` }]);
  }
  demandPlans(runs);
  const { driver } = settings;
  const sorted = await sortByPrograms(runs, { isEverything, driver, redact, signal: new AbortController().signal });
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

interface OwnFlags {
  readonly repeat: number;
  readonly output: string;
  readonly reporters: readonly Reporter[];
  /** Whether the terminal tells what happens, or only how it ended. */
  readonly isTold: boolean;
  readonly isKept: boolean;
  readonly compared?: NonNullable<SuiteRequest['compared']>;
}

function readOwnFlags(options: CommandCall['options'], { config, folder }: Project, problems: Problem[]): OwnFlags {
  const repeat = wholeOption(options, { name: 'repeat', min: 1, max: 10_000 }, problems) ?? 1;
  const asked = textOption(options, 'reporter');
  const names = asked === undefined ? config.reporters : asked.split(',').map((name) => name.trim());
  const known = new Map<string, Reporter>(Object.entries(everyReporter as Readonly<Record<string, unknown>>) as [string, Reporter][]);
  const place = asked === undefined ? 'config › reporters' : '--reporter';
  for (const name of names)
    if (name !== 'terminal' && !known.has(name)) problems.push(unknownName(place, name, ['terminal', ...known.keys()]));
  const output = textOption(options, 'output');
  const compared = textOption(options, 'compare');
  if (output === '') problems.push({ path: '--output', expected: 'a folder', found: 'nothing' });
  return {
    repeat,
    output: output === undefined ? resolve(folder, config.output) : resolve(output),
    reporters: [...new Set(names)].flatMap((name) => known.get(name) ?? []),
    isTold: names.includes('terminal'),
    isKept: options['keep'] === true,
    // Read before the run, which may write to the same place.
    ...(compared === undefined ? {} : { compared: { path: compared, outcome: readOutcome(compared) } }),
  };
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
    screen,
    interrupts,
    ...(configNamed === undefined ? {} : { configNamed }),
    ...(own.isKept ? { keep } : {}),
    ...(own.compared === undefined ? {} : { compared: own.compared }),
  });
}
