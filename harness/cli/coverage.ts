import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { coverageOf, describeLoss, diffCoverage, type PlannedScenario } from '../gate/coverage.ts';
import { coverageProblems } from '../gate/read-coverage.ts';
import { planScenario } from '../pipeline.ts';
import type { Coverage } from '../model/coverage.ts';
import { UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { coverageLines } from '../report/coverage-lines.ts';
import type { Command, CommandCall } from './contract.ts';
import { isUsageError, problemsIn } from './failure.ts';
import { placesOf } from './left-out.ts';
import { textOption } from './options.ts';
import { openProject, type Project } from './project.ts';
import { loadScenarios, type LoadedScenario } from './scenarios.ts';
import { printedLine } from './screen.ts';
import { readStoredRuns } from './stored-runs.ts';

export const coverage: Command = {
  name: 'coverage',
  parameters: '[results...]',
  summary: 'say which kinds of faults were felt on which edges by stored runs, and which nobody has tried',
  flags: [
    { flags: '--against <file>', description: 'an earlier `coverage --json`: 1 if something is covered less than there' },
    { flags: '--json', description: 'as JSON' },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  ],
  examples: [
    ['coverage', "by the runs in the configuration's output folder"],
    ['coverage --json > coverage.json', 'to be kept in the repository'],
    ['coverage --against coverage.json', 'and nothing may be covered less than there'],
  ],
  run: coverageCommand,
};

async function coverageCommand({ args, options }: CommandCall): Promise<number> {
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const against = textOption(options, 'against');
  const before = against === undefined ? null : readCoverage(against);
  const plans = planned(await loadScenarios(project), project);
  const results = args.length > 0 ? args : [resolve(project.folder, project.config.output)].filter((folder) => existsSync(folder));
  const runs = readStoredRuns(results).map(({ scenario, statistics }) => ({ name: scenario, statistics }));
  const after = coverageOf({ plans, runs });
  const lost = before === null ? [] : diffCoverage(before, after).lost;
  process.stdout.write(
    options['json'] === true ? `${JSON.stringify(after, null, 2)}\n` : `${coverageLines(after).map(printedLine).join('\n')}\n`,
  );
  for (const change of lost) process.stderr.write(`lost: ${describeLoss(change)}\n`);
  if (runs.length === 0) {
    process.stderr.write('There is no stored run. Make some with: npx halfopen run\n');
    return EXIT_CODES.nothing;
  }
  return lost.length > 0 ? EXIT_CODES.fail : EXIT_CODES.pass;
}

/** Each scenario as planned where it can run: what it may cover does not depend on the place. */
function planned(loaded: readonly LoadedScenario[], { config, folder }: Project): readonly PlannedScenario[] {
  const problems = new Map<string, ReturnType<typeof problemsIn>>();
  const plans = loaded.flatMap(({ file, scenario }) => {
    const { lacked = {} } = placesOf(scenario) ?? {};
    const places = Object.keys(lacked).filter((name) => lacked[name]?.length === 0);
    try {
      return [
        planScenario(scenario, {
          config,
          projectFolder: folder,
          environment: places[0] ?? 'embedded',
          pace: 'full',
          seed: 0,
          overrides: {},
        }),
      ];
    } catch (error) {
      if (!isUsageError(error)) throw error;
      problems.set(file, problemsIn(file, error));
      return [];
    }
  });
  if (problems.size > 0) throw new UsageError('Cannot say what is covered as what is declared is wrong:', [...problems.values()].flat());
  return plans;
}

function readCoverage(asked: string): Coverage {
  const path = resolve(asked);
  if (!existsSync(path))
    throw new UsageError(`Cannot compare the coverage as ${path} does not exist. Make it with: npx halfopen coverage --json > ${asked}`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`Cannot compare the coverage as ${path} must be JSON: ${(error as Error).message}`);
  }
  const problems = coverageProblems(found);
  if (problems.length > 0)
    throw new UsageError(`Cannot compare the coverage as ${path} is no 'coverage --json' of this version:`, problems);
  return found as Coverage;
}
