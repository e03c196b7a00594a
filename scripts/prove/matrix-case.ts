import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { reanalyze, type RunResult } from '../../harness/index.ts';
import type { Verdict } from '../../harness/model/verdict.ts';
import { RECORDING_FILE } from '../../harness/pipeline.ts';

/** A moment that a check measured: `opens orders.payments`, 981 ms after the fault began. */
export interface MeasuredTime {
  readonly what: string;
  /** Null: it never came. */
  readonly ms: number | null;
  readonly resolutionMs: number;
  /** Calls on the breaker's edge until it opened. */
  readonly calls?: number;
}

/** What a breaker did around the end of the fault, in milliseconds. */
export interface Tries {
  /** Between one try and the next, as the median. */
  readonly everyMs: number | null;
  /** From the fault's end to the try that closed it; under way already when it ended: negative. */
  readonly closedByAfterMs: number | null;
}

/** What a comparison of environments needs of one run. */
export interface CaseFacts {
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly seed: number;
  /** Runs before it that the machine was too busy for, as they said. */
  readonly undecided: readonly string[];
  readonly times: readonly MeasuredTime[];
  readonly tries: Readonly<Record<string, Tries>>;
  /** From the fault's end until each service that it had taken down was ready again. */
  readonly readyAfterMs: number | null;
  /** Between two calls on an edge before its breaker opened, in milliseconds. */
  readonly callEveryMs: Readonly<Record<string, number>>;
  readonly sentinelP95Ms: number;
  readonly sentinelP99Ms: number;
  readonly hops: number;
  /** `check subject` of each failed expectation. */
  readonly failed: readonly string[];
}

export interface MatrixCase {
  readonly scenario: string;
  readonly environment: string;
  readonly seed: number;
  readonly set?: string;
  /** The load driver. @default the one that the load asks for */
  readonly load?: string;
}

const ATTEMPTS = 4;
const TIMED = ['opens', 'closes', 'recovery'];

/** Runs it by the command line, again with the next seed while the machine was too busy to tell. */
export async function runMatrixCase(
  { scenario, environment, seed, set, load }: MatrixCase,
  { projectFolder, folder, signal }: { readonly projectFolder: string; readonly folder: string; readonly signal: AbortSignal },
): Promise<CaseFacts> {
  const undecided: string[] = [];
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    const output = join(folder, `${scenario}-${environment}-${load ?? 'default'}-${attempt}`);
    const words = ['run', scenario, '--env', environment, '--pace', 'fast', '--seed', String(seed + attempt), '--output', output];
    if (set !== undefined) words.push('--set', set);
    if (load !== undefined) words.push('--load', load);
    const { code, text } = await halfopen(words, projectFolder, signal);
    // 3: the harness broke down. On a busy machine that is no answer either, if it came to record anything.
    const recording = code !== null && [0, 1, 3, 4].includes(code) ? recordingIn(output) : null;
    if (recording === null || code === null) throw new Error(`halfopen ${words.join(' ')} ended with ${code}:\n${text}`);
    const result = reanalyze(recording);
    rmSync(output, { recursive: true, force: true });
    if (code < 3 || attempt === ATTEMPTS - 1) return factsOf(result, undecided);
    undecided.push(result.verdict.sentence);
  }
}

async function halfopen(
  words: readonly string[],
  projectFolder: string,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [join(projectFolder, 'bin', 'halfopen.js'), ...words], {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const interrupt = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', interrupt, { once: true });
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', interrupt);
  signal.throwIfAborted();
  return { code, text };
}

/** Null where nothing was recorded. */
function recordingIn(output: string): string | null {
  if (!existsSync(output)) return null;
  const found = readdirSync(output, { recursive: true, encoding: 'utf8' }).find(
    (name) => name.endsWith(RECORDING_FILE) && !name.includes('latest'),
  );
  return found === undefined ? null : join(output, found);
}

function factsOf({ recording, verdict }: RunResult, undecided: readonly string[]): CaseFacts {
  const { plan } = recording.run;
  const expectations = verdict.findings.filter(({ guard }) => !guard);
  const quiet = verdict.findings.find(({ check }) => check === 'machine-was-quiet')?.explanation.values ?? {};
  const times = expectations
    .filter(({ check }) => TIMED.includes(check))
    .map(({ check, subject, quantities, resolutionMs, explanation }): MeasuredTime => {
      const { calls } = explanation.values;
      return {
        what: `${check} ${subject}`,
        ms: quantities.measured?.value ?? null,
        resolutionMs: resolutionMs ?? 0,
        ...(typeof calls === 'number' ? { calls } : {}),
      };
    });
  return {
    verdict: verdict.verdict,
    sentence: verdict.sentence,
    seed: plan.seed,
    undecided,
    times,
    tries: Object.fromEntries(Object.keys(plan.system.breakers).map((breaker) => [breaker, triesOf(breaker, recording)])),
    readyAfterMs: readyAfterMs(recording),
    callEveryMs: Object.fromEntries(
      Object.entries(plan.system.breakers).map(([breaker, { edge }]) => [breaker, callEveryMs(edge, breaker, recording)]),
    ),
    sentinelP95Ms: numberIn(quiet['p95Ms']),
    sentinelP99Ms: numberIn(quiet['p99Ms']),
    hops: numberIn(quiet['hops']),
    failed: expectations.filter((finding) => finding.verdict === 'fail').map(({ check, subject }) => `${check} ${subject}`),
  };
}

type Recording = RunResult['recording'];

function faultSpan({ events }: Recording): { readonly fromUs: number; readonly toUs: number } {
  const steps = events.filter((event) => event.kind === 'fault');
  const fromUs = steps.find(({ step }) => step === 'acknowledged')?.atUs ?? 0;
  return { fromUs, toUs: steps.findLast(({ step }) => step === 'withdrawn')?.atUs ?? fromUs };
}

function readyAfterMs(recording: Recording): number | null {
  const { toUs } = faultSpan(recording);
  const ready = recording.events.flatMap((event) =>
    event.kind === 'service' && event.state === 'ready' && event.atUs >= toUs ? [event.atUs] : [],
  );
  return ready.length === 0 ? null : (Math.max(...ready) - toUs) / 1000;
}

function triesOf(breaker: string, recording: Recording): Tries {
  const { fromUs, toUs } = faultSpan(recording);
  const moves = recording.events.flatMap((event) =>
    event.kind === 'breaker' && event.breaker === breaker && event.latestUs >= fromUs ? [event] : [],
  );
  const tries = moves.filter(({ to }) => to === 'half-open').map(({ latestUs }) => latestUs);
  const gaps = tries.slice(1).map((atUs, index) => (atUs - (tries[index] ?? atUs)) / 1000);
  // The fault ends a moment before its end is acknowledged, so that the try may have come between the two.
  const closed = moves.findLast(({ to }) => to === 'closed');
  const closedBy = closed === undefined ? undefined : tries.findLast((atUs) => atUs <= closed.latestUs);
  return {
    everyMs: gaps.length === 0 ? null : (gaps.toSorted((left, right) => left - right)[Math.floor(gaps.length / 2)] ?? null),
    closedByAfterMs: closedBy === undefined ? null : (closedBy - toUs) / 1000,
  };
}

function callEveryMs(edge: string, breaker: string, recording: Recording): number {
  const { fromUs, toUs } = faultSpan(recording);
  const opened = recording.events.find(
    (event) => event.kind === 'breaker' && event.breaker === breaker && event.to === 'open' && event.latestUs >= fromUs,
  );
  const endUs = opened?.kind === 'breaker' ? opened.latestUs : toUs;
  const calls = recording.exchanges.filter((row) => row.edge === edge && row.startedUs >= fromUs && row.startedUs < endUs).length;
  return calls === 0 ? 0 : (endUs - fromUs) / 1000 / calls;
}

function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
