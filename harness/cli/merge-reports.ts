import { cpSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RECORDING_FILE, reanalyze, scenarioOutcome, suiteOutcome, type RunResult } from '../pipeline.ts';
import type { LeftOut, Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { readOutcome } from './compare.ts';
import type { Command, CommandCall } from './contract.ts';
import { surroundingsOf } from './job.ts';
import { demandNoProblems, textOption } from './options.ts';
import { makeRunFolder, prepareOutput } from './output-folder.ts';
import { openProject } from './project.ts';
import { chooseReporters, REPORTER_NAMES } from './reporters.ts';
import { SuiteReports } from './suite-reports.ts';

export const mergeReports: Command = {
  name: 'merge-reports',
  parameters: '<results...>',
  summary: 'make one report of several: the folders that the shards of a suite have left',
  flags: [
    { flags: '-o, --output <dir>', description: "folder of the whole (default: the configuration's); runs are copied there" },
    {
      flags: '--reporter <names>',
      description: `of ${REPORTER_NAMES.join(', ')}; separated by commas (default: the configuration's)`,
    },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  ],
  examples: [['merge-reports shard-1 shard-2 shard-3 -o reports', 'one report of three folders']],
  run: mergeCommand,
};

async function mergeCommand({ args, options }: CommandCall): Promise<number> {
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const problems: Problem[] = [];
  const asked = textOption(options, 'output');
  const output = asked === undefined ? resolve(project.folder, project.config.output) : resolve(asked);
  const chosen = await chooseReporters(options, project, problems);
  const surroundings = surroundingsOf({ folder: project.folder, output, env: process.env }, problems);
  demandNoProblems(problems);
  const sources = args.map((path) => ({ folder: folderOf(path, output), outcome: readOutcome(path) }));
  prepareOutput(output);
  const reports = new SuiteReports({
    reporters: chosen.reporters,
    output,
    surroundings,
    onTrouble: (text) => process.stderr.write(`${text}\n`),
  });
  const merged: ScenarioOutcome[] = [];
  for (const { folder, outcome } of sources) {
    for (const run of outcome.scenarios) {
      const taken = takeRun(run, { from: folder, output });
      reports.take(taken.outcome, taken.result, merged.length);
      merged.push(taken.outcome);
    }
  }
  if (merged.length === 0) {
    process.stderr.write('There is no run in these results to make a report of.\n');
    return EXIT_CODES.nothing;
  }
  const whole = suiteOutcome(merged, leftOutOf(sources.map(({ outcome }) => outcome)));
  await reports.render(whole);
  await reports.written.handOn();
  process.stdout.write(`${reports.written.files.join('\n')}\n${merged.length} runs: ${whole.verdict}\n`);
  // The shards have told what their runs came to, and the gate tells what all of them do.
  return reports.isTroubled ? EXIT_CODES.harness : EXIT_CODES.pass;
}

function folderOf(asked: string, output: string): string {
  const path = resolve(asked);
  const folder = path.endsWith('.json') ? dirname(path) : path;
  if (folder === output) throw new UsageError(`Cannot merge results as '--output' must be another folder than they are in: ${folder}`);
  return folder;
}

/** Copies a run's folder, and judges its recording anew, so that report and outcome are of one version. */
function takeRun(
  run: ScenarioOutcome,
  { from, output }: { readonly from: string; readonly output: string },
): { outcome: ScenarioOutcome; result: RunResult | null } {
  const source = join(from, run.folder);
  if (run.folder === '' || !existsSync(source)) return { outcome: { ...run, folder: '' }, result: null };
  const folder = makeRunFolder(output, run.name, new Date());
  cpSync(source, join(output, folder), { recursive: true });
  const recording = join(output, folder, RECORDING_FILE);
  if (!existsSync(recording)) return { outcome: { ...run, folder }, result: null };
  const result = reanalyze(recording);
  return { outcome: scenarioOutcome({ ...run, environment: result.recording.run.plan.environment, folder }, result), result };
}

/** A scenario that one shard left out and another ran was run. */
function leftOutOf(outcomes: readonly Outcome[]): readonly LeftOut[] {
  const ran = new Set(outcomes.flatMap(({ scenarios }) => scenarios.map(({ name }) => name)));
  const left = new Map(outcomes.flatMap(({ leftOut = [] }) => leftOut.map((entry) => [entry.name, entry] as const)));
  return [...left.values()].filter(({ name }) => !ran.has(name));
}
