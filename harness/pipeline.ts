import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { analyze } from './analysis/analyze.ts';
import { checks } from './analysis/checks/index.ts';
import { runStatistics } from './analysis/run-statistics.ts';
import type { Catalogue } from './model/catalogue.ts';
import type { RunVerdict } from './model/outcome.ts';
import type { Plan } from './model/plan.ts';
import { HarnessError } from './model/problem.ts';
import { hash32 } from './model/random.ts';
import type { Recording } from './model/recording.ts';
import { redactorOf } from './model/redact.ts';
import type { RunStatistics, UnusableRun } from './model/run-statistics.ts';
import type { Config, Scenario } from './model/scenario.ts';
import type { Sink } from './model/sink.ts';
import { compilePlan, powerNeeds, type PowerNeeds } from './plan/compile.ts';
import { filesOfLoad } from './plan/driver.ts';
import { arrivalKinds } from './plan/schedule.ts';
import { createRecorder, createStore, loadRecording } from './recording/index.ts';
import { startClock } from './run/clock.ts';
import { undoDeadRuns } from './run/dead-runs.ts';
import { ledgerFolder, openLedger } from './run/ledger/index.ts';
import { checkLoad } from './run/load/company.ts';
import { hashedFiles } from './run/load/files.ts';
import { parts } from './run/parts.ts';
import { perform } from './run/perform.ts';
import { checkedScenario } from './scenario/validate.ts';
import { judge } from './verdict/judge.ts';

export { ledgerFolder, type Undone } from './run/ledger/index.ts';
export { engineAddress, engineAtHand } from './run/engine-at-hand.ts';
export { describeEntry, findLeftovers, forgetRun, undoLeftovers, type Leftovers, type RunLeftovers } from './run/leftovers.ts';
export { brokenOutcome, scenarioOutcome, suiteOutcome, type RunFacts } from './verdict/outcome.ts';

/** Every row of every table, for the stages that import none of them. */
export const catalogue: Catalogue = {
  ...parts,
  checks: checks as unknown as Catalogue['checks'],
  arrivals: arrivalKinds,
} as unknown as Catalogue;

export interface PlanRequest {
  readonly config: Config;
  readonly environment: string;
  readonly seed: number;
  readonly pace: Plan['pace'];
  readonly overrides: Plan['overrides'];
  /** The load driver. @default the configuration's, else the one that the load asks for */
  readonly driver?: string;
  /** Folder that paths of journeys, scripts and the services' commands count from. @default the working folder */
  readonly projectFolder?: string;
}

export interface RunRequest extends PlanRequest {
  /** Folder of this run; it is made, and must not hold a recording yet. */
  readonly runFolder: string;
  /** Folder that the services' commands count from. */
  readonly projectFolder: string;
  readonly signal: AbortSignal;
  /** Sees each record on its way into the recording. */
  readonly onRecord?: Sink;
  /** Gets what a user should know that is no part of the recording. */
  readonly onNote?: (text: string) => void;
  /** Gets what will be done, before anything is. */
  readonly onPlan?: (plan: Plan) => void;
  /** Whoever asks has checked already, in this process, that the load can be sent here. @default it is checked first */
  readonly isLoadChecked?: true;
  /** Keeps the system up after the load's end until it resolves; gets the addresses at which it can be reached. */
  readonly keep?: (addresses: Readonly<Record<string, string>>) => Promise<void>;
}

/** What a scenario needs, and what of it each environment lacks. Throws UsageError with all problems. */
export function needsOfScenario(scenario: Scenario): PowerNeeds {
  return powerNeeds(checkedScenario(scenario, catalogue), catalogue);
}

export interface RunResult {
  readonly recording: Recording;
  readonly verdict: RunVerdict;
  /** What the run contributes to a gate, or why nothing. */
  readonly statistics: RunStatistics | UnusableRun;
}

/** What will be done, without doing it. Throws UsageError with all problems. */
export function planScenario(scenario: Scenario, request: PlanRequest): Plan {
  const checked = checkedScenario(scenario, catalogue);
  const paths = filesOfLoad(checked.load).map(({ path }) => path);
  const files = hashedFiles(paths, request.projectFolder ?? process.cwd());
  return compilePlan(checked, { ...request, files, catalogue });
}

/**
 * Finds out whether what sends a plan's load can work here; nothing is started that stays.
 *
 * @throws {UsageError} if something is missing, with the program where it is one
 */
export async function checkDrivers(plan: Plan, where: Pick<RunRequest, 'projectFolder' | 'signal'>): Promise<void> {
  await checkLoad(plan, parts.loads, where);
}

/**
 * One run of one scenario: the whole program in four lines.
 *
 * @throws {UsageError} before anything is started
 * @throws {HarnessError} if the run could not be carried out; what was recorded until then is kept
 */
export async function runScenario(scenario: Scenario, request: RunRequest): Promise<RunResult> {
  const plan = planScenario(scenario, request);
  request.onPlan?.(plan);
  const recording = await performInto(request, plan);
  const findings = analyze(recording, plan.expectations);
  const verdict = judge(findings);
  return { recording, verdict, statistics: runStatistics(recording, verdict) };
}

/**
 * Takes down what environments left up for a next run (`--env docker` keeps its containers); call it when there will be none.
 *
 * @throws {HarnessError} that names what is left
 * @example
 * ```ts
 * import { releaseEnvironments } from 'halfopen';
 *
 * // After the last `runScenario`:
 * await releaseEnvironments();
 * ```
 */
export async function releaseEnvironments(): Promise<void> {
  const released = await Promise.allSettled(Object.values(parts.environments).map(async (environment) => environment.release?.()));
  const failed = released.find((release) => release.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Judges a stored recording again: the same recording, the same findings. */
export function reanalyze(path: string): RunResult {
  const recording = loadRecording(path);
  const verdict = judge(analyze(recording, recording.run.plan.expectations));
  return { recording, verdict, statistics: runStatistics(recording, verdict) };
}

export const RECORDING_FILE = 'recording.sqlite';

/** The only impure line: acts, records, and reads back what was recorded. */
async function performInto(request: RunRequest, plan: Plan): Promise<Recording> {
  const { runFolder, projectFolder, signal, onRecord, onNote, keep, isLoadChecked } = request;
  const redactor = redactorOf(plan.redact);
  makeFolder(runFolder);
  writeFileSync(join(runFolder, 'plan.json'), `${JSON.stringify(redactor.value(plan), null, 1)}\n`);
  const note = await undoDeadRuns({ signal });
  if (note !== null) onNote?.(note);
  const path = join(runFolder, RECORDING_FILE);
  const runId = hash32(`${runFolder}:${process.pid}:${process.hrtime.bigint()}`).toString(16).padStart(8, '0');
  const broken = new AbortController();
  {
    const clock = startClock();
    const run = {
      schemaVersion: 1,
      runId,
      startedAt: new Date().toISOString(),
      versions: versions(),
      fingerprint: fingerprint(),
      plan,
    } as const;
    const store = createStore(path, redactor.value(run));
    using recorder = createRecorder({ store, redactor, limits: plan.limits, onFailure: (error) => broken.abort(error) });
    const sink: Sink = (record) => {
      recorder.append(record);
      onRecord?.(record);
    };
    using ledger = openLedger({ folder: ledgerFolder(), runId });
    await perform(plan, {
      ledger,
      parts,
      sink,
      clock,
      runId,
      runFolder,
      projectFolder,
      redactor,
      signal: AbortSignal.any([signal, broken.signal]),
      ...(keep === undefined ? {} : { keep }),
      ...(isLoadChecked === undefined ? {} : { isLoadChecked }),
    });
  }
  if (broken.signal.aborted) throw broken.signal.reason as Error;
  return loadRecording(path);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new HarnessError(
      `Cannot make the run's folder ${path}: ${(cause as Error).message}. Choose another with --output, or make it writable`,
      { cause },
    );
  }
}

function versions(): Record<string, string> {
  // The manifest stands one folder above, in the repository and where it is installed.
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return { halfopen: manifest.version, node: process.versions.node, v8: process.versions.v8 };
}

function fingerprint(): Record<string, string | number> {
  return {
    platform: platform(),
    release: release(),
    arch: arch(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    host: hash32(hostname()).toString(16),
  };
}
