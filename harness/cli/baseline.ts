import { mkdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { groupsOf } from '../gate/groups.ts';
import type { Baseline } from '../model/gate.ts';
import { UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { baselineFolder, baselineNames, baselinePath, readBaseline } from './baselines.ts';
import type { Command, CommandCall } from './contract.ts';
import { textOption, unknownName, wrongCommandLine } from './options.ts';
import { writeWhole } from './output-folder.ts';
import { openProject, type Project } from './project.ts';
import { readStoredRuns } from './stored-runs.ts';

const ACTIONS = ['save', 'list', 'show'] as const;
const DEFAULT_NAME = 'main';

export const baseline: Command = {
  name: 'baseline',
  parameters: '<action> [name] [results...]',
  summary: 'keep the statistics of stored runs, so that `gate --baseline` can compare later ones with them: save, list, show',
  flags: [
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
    { flags: '--json', description: 'show: as JSON' },
  ],
  examples: [
    ['baseline save', "the runs in the configuration's output folder, as 'main'"],
    ['baseline save nightly results/nightly', 'those of another folder, under another name'],
    ['baseline show main', 'what of which scenarios is kept'],
  ],
  run: baselineCommand,
};

async function baselineCommand({ args, options }: CommandCall): Promise<number> {
  const [action = '', name = DEFAULT_NAME, ...results] = args;
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  if (action === 'save') return save(project, name, results);
  if (action === 'list') return list(project);
  if (action === 'show') return show(readBaseline(project, name), options['json'] === true);
  throw wrongCommandLine([unknownName('<action>', action, ACTIONS)]);
}

/** The newest kind of runs of each scenario, as the gate would judge them. */
function save(project: Project, name: string, results: readonly string[]): number {
  if (!/^[\w.-]+$/.test(name) || name.startsWith('.'))
    throw new UsageError(
      `Cannot save a baseline as '[name]' must be of letters, digits, dots, dashes and underscores: current value is ${name}`,
    );
  const groups = groupsOf(readStoredRuns(results.length > 0 ? results : [resolve(project.folder, project.config.output)]));
  const runs = groups.flatMap((group) => group.runs);
  if (runs.length === 0) {
    process.stderr.write('There is no valid run to keep. Make some with: npx halfopen run --repeat 10\n');
    return EXIT_CODES.nothing;
  }
  const kept: Baseline = { schemaVersion: 1, name, savedAt: new Date().toISOString(), runs };
  const path = baselinePath(project, name);
  mkdirSync(baselineFolder(project), { recursive: true });
  // A run in a line: a change of one is a change of one line.
  const lines = runs.map((run) => `    ${JSON.stringify(run)}`).join(',\n');
  const head = JSON.stringify({ schemaVersion: kept.schemaVersion, name: kept.name, savedAt: kept.savedAt }, null, 2).slice(0, -2);
  writeWhole(path, `${head},\n  "runs": [\n${lines}\n  ]\n}\n`);
  process.stdout.write(`${relative(process.cwd(), path)}\n${described(kept)}`);
  for (const { notes } of groups) for (const note of notes) process.stdout.write(`  note: ${note}\n`);
  return EXIT_CODES.pass;
}

function list(project: Project): number {
  const names = baselineNames(project);
  if (names.length === 0) {
    process.stderr.write(`There is no baseline in ${baselineFolder(project)}. Make one with: npx halfopen baseline save\n`);
    return EXIT_CODES.nothing;
  }
  for (const name of names) {
    const { savedAt, runs } = readBaseline(project, name);
    const scenarios = new Set(runs.map((run) => run.scenario.name)).size;
    process.stdout.write(`${name}  ${savedAt}  ${runs.length} runs of ${scenarios} ${scenarios === 1 ? 'scenario' : 'scenarios'}\n`);
  }
  return EXIT_CODES.pass;
}

function show(kept: Baseline, isJson: boolean): number {
  process.stdout.write(isJson ? `${JSON.stringify(kept, null, 2)}\n` : described(kept));
  return EXIT_CODES.pass;
}

function described({ name, savedAt, runs }: Baseline): string {
  const scenarios = Map.groupBy(runs, (run) => run.scenario.name);
  const lines = [...scenarios].map(([scenario, own]) => {
    const [{ environment, driver, pace, fingerprint }] = own as [Baseline['runs'][number]];
    const { cores, cpu, node, halfopen } = fingerprint;
    return `  ${scenario}: ${own.length} runs, ${environment}, load by ${driver}, pace ${pace}; ${cores ?? 'unknown'} cores of ${cpu}, Node ${node}, halfopen ${halfopen}\n`;
  });
  return `baseline '${name}', saved ${savedAt}\n${lines.join('')}`;
}
