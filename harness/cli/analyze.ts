import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RECORDING_FILE, reanalyze, scenarioOutcome, suiteOutcome } from '../pipeline.ts';
import { driverOf } from '../model/load.ts';
import type { ScenarioOutcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import { UsageError } from '../model/problem.ts';
import type { Config } from '../model/scenario.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Line } from '../report/terminal-contract.ts';
import { runLine, whyLines } from '../report/terminal-summary.ts';
import type { Command, CommandCall } from './contract.ts';
import { openProject } from './project.ts';
import { replayCommand } from './replay.ts';
import { printedLine } from './screen.ts';

export const analyze: Command = {
  name: 'analyze',
  parameters: '<run>',
  summary: 'judge a stored recording again: the folder of a run, or its recording.sqlite',
  flags: [{ flags: '--json', description: 'as JSON: the same shape as outcome.json' }],
  examples: [
    ['analyze reports/payments-outage/2026-01-31T12-00-00Z', 'the verdict and every finding'],
    ['analyze run/recording.sqlite --json', 'the same for a program'],
  ],
  run: analyzeCommand,
};

async function analyzeCommand({ args, options }: CommandCall): Promise<number> {
  const path = recordingAt(args[0] ?? '');
  const result = reanalyze(path);
  const { recording } = result;
  const { plan, runId } = recording.run;
  const { config } = await openProject(process.cwd());
  const { name, title } = plan.scenario;
  const lastUs = recording.events.findLast(({ kind }) => kind === 'run-ended')?.atUs ?? recording.events.at(-1)?.atUs ?? 0;
  const outcome = scenarioOutcome(
    {
      name,
      title,
      seed: plan.seed,
      environment: plan.environment,
      runId,
      folder: '',
      durationMs: Math.round(lastUs / 1000),
      replay: replayCommand({ ...plan, driver: asked(plan, config), name, config }),
    },
    result,
  );
  process.stdout.write(options['json'] === true ? `${JSON.stringify(suiteOutcome([outcome]), null, 2)}\n` : describe(outcome));
  if (outcome.verdict === 'pass') return EXIT_CODES.pass;
  return outcome.verdict === 'fail' ? EXIT_CODES.fail : EXIT_CODES.undecided;
}

/** Nothing where the load has the driver that it would have had anyway. */
function asked({ driver, load }: Plan, config: Config): string | undefined {
  return driver === driverOf(load, config.load) ? undefined : driver;
}

function recordingAt(asked: string): string {
  const path = resolve(asked);
  if (!existsSync(path))
    throw new UsageError(`Cannot analyze as '<run>' must be a run's folder or its ${RECORDING_FILE}: ${path} does not exist`);
  if (!statSync(path).isDirectory()) return path;
  const inside = join(path, RECORDING_FILE);
  if (!existsSync(inside)) throw new UsageError(`Cannot analyze as '<run>' must be a run's folder: ${path} holds no ${RECORDING_FILE}`);
  return inside;
}

function describe(outcome: ScenarioOutcome): string {
  const findings = outcome.findings.map(({ verdict, check, subject, sentence }): Line => [
    { text: `  ${verdict.padEnd(12)}`, style: verdict },
    { text: `  ${check} ${subject}: ${sentence}`, style: 'plain' },
  ]);
  return `${[runLine(outcome), ...whyLines(outcome), [], ...findings].map(printedLine).join('\n')}\n`;
}
