import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { gate as judge } from '../gate/gate.ts';
import type { GateAnswer } from '../model/gate.ts';
import type { Problem } from '../model/problem.ts';
import { redactorOf } from '../model/redact.ts';
import { show } from '../model/shape.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { gateLines } from '../report/gate-lines.ts';
import { readBaseline } from './baselines.ts';
import type { Command, CommandCall } from './contract.ts';
import { demandNoProblems, listOption, textOption, wrongCommandLine } from './options.ts';
import { openProject } from './project.ts';
import { printedLine } from './screen.ts';
import { readSlosOf } from './slos.ts';
import { readStoredRuns } from './stored-runs.ts';

const TOLERANCE_PERCENT = 20;
const CONFIDENCE = 0.95;

export const gate: Command = {
  name: 'gate',
  parameters: '[results...]',
  summary: 'judge stored runs by the SLOs, and beside a baseline: 0 pass, 1 fail, 4 cannot tell, 5 no runs',
  flags: [
    { flags: '--slo <file>', description: 'SLOs of this file or folder in place of the configured ones', repeatable: true },
    { flags: '--baseline <name>', description: 'also compare with this baseline: a name, or a file' },
    { flags: '--tolerance <percent>', description: `how much worse than the baseline is allowed (default: ${TOLERANCE_PERCENT} %)` },
    { flags: '--any-machine', description: 'compare runs of different machines as well' },
    { flags: '--json', description: 'as JSON' },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  ],
  examples: [
    ['gate', "the runs in the configuration's output folder, by the configuration's SLOs"],
    ['gate results/a results/b', 'those of two folders, as of the shards of one job'],
    ['gate --baseline main --tolerance 10', 'and none of it more than 10 % worse than before'],
  ],
  run: gateCommand,
};

async function gateCommand({ args, options }: CommandCall): Promise<number> {
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const problems: Problem[] = [];
  const tolerance = readTolerance(textOption(options, 'tolerance'), problems);
  demandNoProblems(problems);
  const slos = readSlosOf(project, listOption(options, 'slo'));
  const named = textOption(options, 'baseline');
  if (slos.length === 0 && named === undefined)
    throw wrongCommandLine([
      { path: 'config › slos', expected: 'at least one SLO, a file with --slo, or a baseline with --baseline', found: 'none of them' },
    ]);
  const compared = named === undefined ? undefined : readBaseline(project, named);
  const runs = readStoredRuns(
    args.length > 0 ? args : [resolve(project.folder, project.config.output)].filter((folder) => existsSync(folder)),
  );
  if (runs.length === 0) {
    process.stderr.write('There is no stored run to judge. Make some with: npx halfopen run --repeat 20\n');
    return EXIT_CODES.nothing;
  }
  const outcome = judge({
    slos,
    runs,
    ...(compared === undefined ? {} : { baseline: compared }),
    relative: { tolerance, confidence: CONFIDENCE, isAnyMachine: options['anyMachine'] === true },
  });
  const redactor = redactorOf(project.config.redact);
  if (options['json'] === true) process.stdout.write(`${redactor.text(JSON.stringify(outcome, null, 2))}\n`);
  else process.stdout.write(`${redactor.text(gateLines(outcome).map(printedLine).join('\n'))}\n`);
  return CODES[outcome.answer];
}

const CODES: Readonly<Record<GateAnswer, number>> = { pass: EXIT_CODES.pass, fail: EXIT_CODES.fail, 'cannot-tell': EXIT_CODES.undecided };

function readTolerance(text: string | undefined, problems: Problem[]): number {
  if (text === undefined) return TOLERANCE_PERCENT / 100;
  const percent = /^\d+(?:\.\d+)? ?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent >= 0 && percent <= 1000) return percent / 100;
  problems.push({ path: '--tolerance', expected: 'percent from 0 to 1000, such as 20', found: show(text) });
  return TOLERANCE_PERCENT / 100;
}
