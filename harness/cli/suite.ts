import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
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
import type { SuiteAhead } from '../model/custom-reporter.ts';
import type { UntilDecided } from '../gate/until-decided.ts';
import type { LeftOut, Outcome, ScenarioOutcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import { redactorOf } from '../model/redact.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { compareOutcomes, comparisonLines } from '../report/comparison.ts';
import type { Reporter, Surroundings } from '../report/contract.ts';
import { gateLines } from '../report/gate-lines.ts';
import { lineText } from '../report/terminal-contract.ts';
import { labelled } from './compare.ts';
import { Audience, type NamedReporter } from './custom-reporters.ts';
import { failureOf, isUsageError, problemsIn } from './failure.ts';
import type { Interrupts } from './interrupts.ts';
import { leftOutLine } from './left-out.ts';
import { makeRunFolder, prepareOutput } from './output-folder.ts';
import type { Project } from './project.ts';
import { replayCommand } from './replay.ts';
import type { LoadedScenario } from './scenarios.ts';
import type { Screen } from './screen.ts';
import { SuiteReports } from './suite-reports.ts';

/** One run of the suite, not started yet. */
export interface PlannedRun {
  readonly loaded: LoadedScenario;
  readonly request: PlanRequest;
}

export interface SuiteRequest {
  readonly project: Project;
  /** `--config` as it was typed. */
  readonly configNamed?: string;
  /** Their loads can be sent here. */
  readonly runs: readonly PlannedRun[];
  /** Scenarios that the environment cannot run: told, and none of `runs`. */
  readonly leftOut: readonly LeftOut[];
  /** Absolute path; it exists. */
  readonly output: string;
  readonly reporters: readonly Reporter[];
  readonly customReporters: readonly NamedReporter[];
  readonly surroundings: Surroundings;
  readonly screen: Screen;
  readonly interrupts: Interrupts;
  readonly keep?: RunRequest['keep'];
  /** Asked before each run: one that can decide nothing any more is left out. Told after each, and asked at the end. @default all run */
  readonly untilDecided?: UntilDecided;
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
 * Plans each scenario's first run, before anything is started. Answers the plans by the scenario's file.
 *
 * @throws {UsageError} with the problems of all scenarios at once
 */
export function demandPlans(runs: readonly PlannedRun[]): ReadonlyMap<string, Plan> {
  const plans = new Map<string, Plan>();
  const problems = new Map<string, readonly Problem[]>();
  for (const { loaded, request } of runs) {
    if (plans.has(loaded.file) || problems.has(loaded.file)) continue;
    try {
      plans.set(loaded.file, planScenario(loaded.scenario, request));
    } catch (error) {
      if (!isUsageError(error)) throw error;
      problems.set(loaded.file, problemsIn(loaded.file, error));
    }
  }
  if (problems.size > 0)
    throw new UsageError('Cannot run as what is declared is wrong; nothing was started:', [...problems.values()].flat());
  return plans;
}

/**
 * Carries out runs one after the other and writes their results: each run's own right after it, the suite's at the end,
 * also when the suite was interrupted or a run broke down. Answers the exit code.
 */
export async function runSuite(request: SuiteRequest): Promise<number> {
  const { runs, leftOut, screen, interrupts } = request;
  const outcomes: ScenarioOutcome[] = [];
  let isTroubled = false;
  const onTrouble = (text: string): void => screen.tell({ kind: 'note', text });
  const reports = new SuiteReports({ ...request, onTrouble });
  using audience = new Audience(request.customReporters, { onTrouble });
  screen.tell({ kind: 'suite-started', runs: runs.length, environment: environmentOf(runs) });
  for (const entry of leftOut) screen.tell({ kind: 'note', text: leftOutLine(entry) });
  await audience.begin(suiteAhead(request));
  for (const [index, run] of runs.entries()) {
    if (interrupts.signal.aborted) break;
    const { name } = run.loaded.scenario;
    if (request.untilDecided?.isOpen(name) === false) continue;
    const end = await carryOut(run, { ...request, place: index + 1 });
    outcomes.push(end.outcome);
    request.untilDecided?.add(name, end.outcome.statistics ?? { unusable: end.outcome.sentence });
    screen.tell({ kind: 'run-ended', outcome: end.outcome });
    if (end.trouble !== null) {
      isTroubled = true;
      screen.tell({ kind: 'note', text: end.trouble });
    }
    reports.take(end.outcome, end.result, index);
    await audience.runEnded({ index, outcome: end.outcome, judged: end.result });
  }
  const outcome = suiteOutcome(outcomes, leftOut);
  await reports.render(outcome);
  await audience.end(outcome, (file, text) => reports.written.add({ file }, text));
  if (request.compared !== undefined) screen.tell({ kind: 'note', text: beside(request.compared, outcome) });
  screen.tell({ kind: 'suite-ended', outcome, files: reports.written.files });
  await reports.written.handOn();
  isTroubled ||= reports.isTroubled || audience.isTroubled;
  return (
    interrupts.code() ??
    (request.untilDecided === undefined ? exitCodeOf(outcome, isTroubled) : decide(request.untilDecided, { screen, isTroubled }))
  );
}

/** Runs until decided are judged by the SLOs: that one of many runs failed is what these allow or not. */
function decide(untilDecided: UntilDecided, { screen, isTroubled }: { readonly screen: Screen; readonly isTroubled: boolean }): number {
  const decided = untilDecided.outcome();
  screen.tell({ kind: 'note', text: ['', ...gateLines(decided).map((line) => lineText(line))].join('\n') });
  if (decided.answer === 'fail') return EXIT_CODES.fail;
  if (isTroubled) return EXIT_CODES.harness;
  return decided.answer === 'pass' ? EXIT_CODES.pass : EXIT_CODES.undecided;
}

function environmentOf(runs: readonly PlannedRun[]): string {
  return runs[0]?.request.environment ?? '';
}

function suiteAhead({ runs, output, project }: SuiteRequest): SuiteAhead {
  const redactor = redactorOf(project.config.redact);
  return {
    runs: runs.map(({ loaded: { scenario }, request: { seed } }) => ({
      name: scenario.name,
      title: redactor.text(scenario.title),
      tags: scenario.tags,
      seed,
    })),
    environment: environmentOf(runs),
    output,
  };
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
  const facts = (runId: string): RunFacts => ({
    name: loaded.scenario.name,
    title: redactorOf(project.config.redact).text(loaded.scenario.title),
    file: loaded.file.split(sep).join('/'),
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
    const result = await runScenario(loaded.scenario, {
      ...run.request,
      runFolder: join(output, folder),
      projectFolder: project.folder,
      signal: interrupts.signal,
      isLoadChecked: true,
      onPlan: (plan) => screen.tell({ kind: 'run-started', plan, place: request.place }),
      onRecord: (record) => screen.tell({ kind: 'record', record }),
      onNote: (text) => screen.tell({ kind: 'note', text }),
      ...(keep === undefined ? {} : { keep }),
    });
    return { outcome: scenarioOutcome(facts(result.recording.run.runId), result), result, trouble: null };
  } catch (error) {
    const reason = redactorOf(project.config.redact).text(failureOf(error).text);
    const result = whatIsLeft(join(output, folder, RECORDING_FILE));
    const [sentence = ''] = reason.split('\n');
    const outcome = result === null ? brokenOutcome(facts(''), sentence) : scenarioOutcome(facts(result.recording.run.runId), result);
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
