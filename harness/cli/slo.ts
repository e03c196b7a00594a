import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { exportOpenSlo } from '../gate/open-slo.ts';
import { importOpenSlo } from '../gate/open-slo-import.ts';
import { describeSlo } from '../gate/slo.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { readSlos } from '../scenario/validate-slo.ts';
import type { Command, CommandCall } from './contract.ts';
import { demandNoProblems, textOption, unknownName, wrongCommandLine } from './options.ts';
import { openProject, type Project } from './project.ts';
import { loadScenarios } from './scenarios.ts';
import { readSlosOf } from './slos.ts';

const ACTIONS = ['list', 'import', 'export'] as const;
const UNITS = ['s', 'ms'] as const;

export const slo: Command = {
  name: 'slo',
  parameters: '<action> [files...]',
  summary: 'say which SLOs the gate judges by; read them from OpenSLO, or write them as such: list, import, export',
  flags: [
    { flags: '--latency-unit <unit>', description: 'import: the unit of latencies that do not say it themselves, s or ms' },
    { flags: '--service <name>', description: "export: what OpenSLO calls the service (default: the system's name)" },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  ],
  examples: [
    ['slo list', 'each in one sentence'],
    ['slo import checkout.yaml > slos/checkout.slo.json', 'availability and latency of OpenSLO v1, as steady state'],
    ['slo export > slos.yaml', 'the configured ones as OpenSLO v1, for dashboards'],
  ],
  run: sloCommand,
};

async function sloCommand({ args, options }: CommandCall): Promise<number> {
  const [action = '', ...files] = args;
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  if (action === 'list') return list(project);
  if (action === 'export') return exported(project, textOption(options, 'service'));
  if (action === 'import') return imported(files, textOption(options, 'latencyUnit'));
  throw wrongCommandLine([unknownName('<action>', action, ACTIONS)]);
}

function list(project: Project): number {
  const slos = readSlosOf(project, []);
  if (slos.length === 0) {
    process.stderr.write("There is no SLO: declare some as 'slos' in the configuration.\n");
    return EXIT_CODES.nothing;
  }
  for (const each of slos) process.stdout.write(`${each.name}: ${describeSlo(each)}\n`);
  return EXIT_CODES.pass;
}

async function exported(project: Project, named: string | undefined): Promise<number> {
  const slos = readSlosOf(project, []);
  if (slos.length === 0) return list(project);
  const service = named ?? (await onlySystem(project));
  const { documents, problems, notes } = exportOpenSlo(slos, { service, describe: describeSlo });
  if (problems.length > 0) throw new UsageError('Cannot write these SLOs as OpenSLO:', problems);
  process.stdout.write(documents.map((document) => stringify(document)).join('---\n'));
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return EXIT_CODES.pass;
}

/** @throws {UsageError} if there are several, or none */
async function onlySystem(project: Project): Promise<string> {
  const systems = [...new Set((await loadScenarios(project)).map(({ scenario }) => scenario.system.name))];
  const [only, ...others] = systems;
  if (only !== undefined && others.length === 0) return only;
  const reason = systems.length === 0 ? 'there is no system' : `there are several systems: ${systems.join(', ')}`;
  throw wrongCommandLine([{ path: '--service', expected: `the service's name, as ${reason}`, found: 'nothing' }]);
}

function imported(files: readonly string[], unit: string | undefined): number {
  const problems: Problem[] = [];
  const latencyUnit = UNITS.find((known) => known === unit);
  if (unit !== undefined && latencyUnit === undefined) problems.push(unknownName('--latency-unit', unit, UNITS));
  if (files.length === 0) problems.push({ path: '[files...]', expected: 'at least one OpenSLO file', found: 'none' });
  demandNoProblems(problems);
  const read = files.map((file) => importOpenSlo(documentsIn(file), { file, ...(latencyUnit === undefined ? {} : { latencyUnit }) }));
  const wrong = read.flatMap((each) => each.problems);
  if (wrong.length > 0) throw new UsageError('Cannot judge runs by all of these SLOs; nothing was written:', wrong);
  const slos = read.flatMap((each) => each.slos);
  for (const { notes } of read) for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (slos.length === 0) {
    process.stderr.write('There is no SLO in these files.\n');
    return EXIT_CODES.nothing;
  }
  // What is written must be readable again.
  readSlos(slos, 'imported');
  process.stdout.write(`${JSON.stringify(slos, null, 2)}\n`);
  return EXIT_CODES.pass;
}

/** JSON is YAML as well. */
function documentsIn(file: string): readonly unknown[] {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`Cannot read OpenSLO as ${path} does not exist`);
  const documents = parseAllDocuments(readFileSync(path, 'utf8'));
  const errors = documents.flatMap((document) => document.errors);
  const [first] = errors;
  if (first !== undefined) throw new UsageError(`Cannot read ${path} as it must be YAML or JSON: ${first.message.split('\n')[0]}`);
  return documents.map((document) => document.toJS({ maxAliasCount: 100 }) as unknown);
}
