import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  RECORDING_FILE,
  brokenOutcome,
  planScenario,
  reanalyze,
  runScenario,
  scenarioOutcome,
  suiteOutcome,
  type PlanRequest,
  type RunFacts,
  type RunRequest,
  type RunResult,
} from '../pipeline.ts';
import type { LeftOut, Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import { redactorOf } from '../model/redact.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { readPictures } from '../recording/index.ts';
import { compareOutcomes, comparisonLines } from '../report/comparison.ts';
import type { Reporter } from '../report/contract.ts';
import { lineText } from '../report/terminal-contract.ts';
import { labelled } from './compare.ts';
import { failureOf, isUsageError, problemsIn } from './failure.ts';
import type { Interrupts } from './interrupts.ts';
import { leftOutLine } from './left-out.ts';
import { makeRunFolder, pointLatest, prepareOutput, writeWhole } from './output-folder.ts';
import type { Project } from './project.ts';
import { replayCommand } from './replay.ts';
import type { LoadedScenario } from './scenarios.ts';
import type { Screen } from './screen.ts';

/** One run of the suite, not started yet. */
export interface PlannedRun {
  readonly loaded: LoadedScenario;
  readonly request: PlanRequest;
}

export interface SuiteRequest {
  readonly project: Project;
  /** `--config` as it was typed. */
  readonly configNamed?: string;
  readonly runs: readonly PlannedRun[];
  /** Scenarios that the environment cannot run: told, and none of `runs`. */
  readonly leftOut: readonly LeftOut[];
  /** Absolute path; it exists. */
  readonly output: string;
  readonly reporters: readonly Reporter[];
  readonly screen: Screen;
  readonly interrupts: Interrupts;
  readonly keep?: RunRequest['keep'];
  /** Earlier results, beside which these are shown at the end. */
  readonly compared?: { readonly path: string; readonly outcome: Outcome };
}

/** What became of one run. */
interface RunEnd {
  readonly outcome: ScenarioOutcome;
  readonly result: RunResult | null;
  /** Why the harness could not carry the run out. */
  readonly trouble: string | null;
}

/**
 * Refuses what cannot be planned, before anything is started.
 *
 * @throws {UsageError} with the problems of all scenarios at once
 */
export function demandPlans(runs: readonly PlannedRun[]): void {
  const problems = new Map<string, readonly Problem[]>();
  for (const { loaded, request } of runs) {
    if (problems.has(loaded.file)) continue;
    try {
      planScenario(loaded.scenario, request);
    } catch (error) {
      if (!isUsageError(error)) throw error;
      problems.set(loaded.file, problemsIn(loaded.file, error));
    }
  }
  if (problems.size > 0)
    throw new UsageError('Cannot run as what is declared is wrong; nothing was started:', [...problems.values()].flat());
}

/**
 * Carries out runs one after the other and writes their results: each run's own right after it, the suite's at the end,
 * also when the suite was interrupted or a run broke down. Answers the exit code.
 */
export async function runSuite(request: SuiteRequest): Promise<number> {
  const { runs, leftOut, screen, interrupts } = request;
  const outcomes: ScenarioOutcome[] = [];
  const digests = new Map<Reporter, unknown[]>(request.reporters.map((reporter) => [reporter, []]));
  let isTroubled = false;
  screen.tell({ kind: 'suite-started', runs: runs.length, environment: runs[0]?.request.environment ?? '' });
  for (const entry of leftOut) screen.tell({ kind: 'note', text: leftOutLine(entry) });
  for (const [index, run] of runs.entries()) {
    if (interrupts.signal.aborted) break;
    const end = await carryOut(run, { ...request, place: index + 1 });
    outcomes.push(end.outcome);
    screen.tell({ kind: 'run-ended', outcome: end.outcome });
    if (end.trouble !== null) {
      isTroubled = true;
      screen.tell({ kind: 'note', text: end.trouble });
    }
    isTroubled = !digest(end, index, { ...request, digests }) || isTroubled;
  }
  const outcome = suiteOutcome(outcomes, leftOut);
  const files = await render(outcome, { ...request, digests });
  isTroubled ||= files.length < request.reporters.length;
  if (request.compared !== undefined) screen.tell({ kind: 'note', text: beside(request.compared, outcome) });
  screen.tell({ kind: 'suite-ended', outcome, files });
  return interrupts.code() ?? exitCodeOf(outcome, isTroubled);
}

function beside(earlier: NonNullable<SuiteRequest['compared']>, outcome: Outcome): string {
  const sides = labelled([earlier, { path: 'this run', outcome }]);
  return ['', ...comparisonLines(compareOutcomes(sides)).map((line) => lineText(line))].join('\n');
}

function exitCodeOf({ verdict }: Outcome, isTroubled: boolean): number {
  if (verdict === 'fail') return EXIT_CODES.fail;
  if (isTroubled) return EXIT_CODES.harness;
  return verdict === 'pass' ? EXIT_CODES.pass : EXIT_CODES.undecided;
}

async function carryOut(run: PlannedRun, request: SuiteRequest & { readonly place: number }): Promise<RunEnd> {
  const { screen, interrupts, output, project, keep } = request;
  const { loaded } = run;
  const startedMs = performance.now();
  let folder = '';
  let plan: RunResult['recording']['run']['plan'] | undefined;
  const facts = (runId: string): RunFacts => ({
    name: loaded.scenario.name,
    title: redactorOf(project.config.redact).text(loaded.scenario.title),
    seed: run.request.seed,
    environment: run.request.environment,
    runId,
    folder,
    durationMs: Math.round(performance.now() - startedMs),
    replay: replayCommand({
      name: loaded.scenario.name,
      ...run.request,
      ...(request.configNamed === undefined ? {} : { configNamed: request.configNamed }),
    }),
  });
  try {
    // The runs before may have filled the disk.
    prepareOutput(output);
    folder = makeRunFolder(output, loaded.scenario.name, new Date());
    plan = planScenario(loaded.scenario, run.request);
    screen.tell({ kind: 'run-started', plan, place: request.place });
    const result = await runScenario(loaded.scenario, {
      ...run.request,
      runFolder: join(output, folder),
      projectFolder: project.folder,
      signal: interrupts.signal,
      onRecord: (record) => screen.tell({ kind: 'record', record }),
      onNote: (text) => screen.tell({ kind: 'note', text }),
      ...(keep === undefined ? {} : { keep }),
    });
    return { outcome: scenarioOutcome(facts(result.recording.run.runId), result.verdict), result, trouble: null };
  } catch (error) {
    const reason = redactorOf(project.config.redact).text(failureOf(error).text);
    const result = whatIsLeft(join(output, folder, RECORDING_FILE));
    const [sentence = ''] = reason.split('\n');
    const outcome =
      result === null ? brokenOutcome(facts(''), sentence) : scenarioOutcome(facts(result.recording.run.runId), result.verdict);
    return { outcome, result, trouble: error === interrupts.signal.reason ? null : reason };
  }
}

/** A run that ended early is judged by what it recorded: it cannot pass, and it may show why. */
function whatIsLeft(path: string): RunResult | null {
  if (!existsSync(path)) return null;
  try {
    return reanalyze(path);
  } catch (error) {
    // The run's own failure is what is reported; this one follows from it.
    if (isUsageError(error)) return null;
    throw error;
  }
}

type Digests = ReadonlyMap<Reporter, unknown[]>;

/** Keeps what the reporters need of a run and lets the rest go. Answers whether all went well. */
function digest(
  { outcome, result }: RunEnd,
  index: number,
  { screen, output, digests }: SuiteRequest & { readonly digests: Digests },
): boolean {
  try {
    if (outcome.folder !== '') {
      writeWhole(join(output, outcome.folder, 'outcome.json'), `${JSON.stringify(suiteOutcome([outcome]), null, 2)}\n`);
      pointLatest(output, outcome.folder);
    }
    if (result === null) return true;
    const pictures = readPictures(join(output, outcome.folder), result.recording.events);
    for (const [reporter, kept] of digests) kept.push(reporter.digest({ ...result, index, pictures }));
    return true;
  } catch (error) {
    screen.tell({ kind: 'note', text: failureOf(error).text });
    return false;
  }
}

/** Writes every report; one that cannot be written does not keep the others from being. Answers the files, as paths from here. */
async function render(
  outcome: Outcome,
  { reporters, digests, output, screen }: SuiteRequest & { readonly digests: Digests },
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const reporter of reporters) {
    const path = join(output, reporter.file);
    try {
      writeWhole(path, await reporter.render(outcome, digests.get(reporter) ?? []));
      files.push(pathFromHere(path));
    } catch (error) {
      screen.tell({ kind: 'note', text: failureOf(error).text });
    }
  }
  return files;
}

function pathFromHere(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
