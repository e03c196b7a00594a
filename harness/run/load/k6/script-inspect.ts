import { execFile } from 'node:child_process';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { K6Scenario } from './protocol.ts';

/** How long k6 may take to load a script, in milliseconds: it can spin there for ever. */
const LOADED_WITHIN_MS = 15_000;
const OUTPUT_BYTES = 4 * 1024 * 1024;
/** How much of what k6 said is quoted, in lines and characters. */
const QUOTED_LINES = 12;
const QUOTED_LENGTH = 400;

/** What a script asks of k6: its options, as k6 has derived them. */
export interface InspectedScript {
  readonly scenarios: Readonly<Record<string, K6Scenario>>;
  /** Metric, with its tags → conditions. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  /** Thresholds that end the test when they are crossed. */
  readonly aborting: readonly string[];
  readonly setupTimeoutMs: number;
  readonly isSetupOff: boolean;
  readonly isTeardownOff: boolean;
}

export interface Inspection {
  readonly executable: string;
  readonly scriptPath: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** @default 15 s */
  readonly loadedWithinMs?: number;
}

/**
 * Loads a script in k6 without running it.
 *
 * @throws {UsageError} if it does not load, in time or at all, or its options are not valid
 * @throws {HarnessError} if k6 does not start
 */
export async function inspectScript(inspection: Inspection): Promise<InspectedScript> {
  const { code, stdout, stderr } = await runInspect(inspection);
  if (code === 0) return read(stdout, inspection.scriptPath);
  const within = inspection.loadedWithinMs ?? LOADED_WITHIN_MS;
  const doing = `Cannot use ${inspection.scriptPath} as the load`;
  const said = lastLines(stderr);
  if (code === null) throw new UsageError(`${doing} as it must be loaded within ${within} ms: it spins or hangs while k6 loads it${said}`);
  if (code === 'flood') throw new UsageError(`${doing} as it must print less than ${OUTPUT_BYTES} bytes while k6 loads it${said}`);
  throw new UsageError(`${doing} as k6 must be able to load it: k6 ended with code ${code}, ${reasonOf(code)}${said}`);
}

interface Ended {
  /** Null: it did not end in time. */
  readonly code: number | 'flood' | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runInspect({ executable, scriptPath, folder, env, signal, loadedWithinMs = LOADED_WITHIN_MS }: Inspection): Promise<Ended> {
  signal.throwIfAborted();
  const args = ['inspect', '--execution-requirements', '--include-system-env-vars', ...envFlags(env), scriptPath];
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      env: quietEnvironment(),
      timeout: loadedWithinMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES,
      signal,
    } as const;
    const child = execFile(executable, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (signal.aborted) return reject(signal.reason as Error);
      if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return resolve({ code: 'flood', stdout, stderr });
      if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr });
      if (error.killed === true) return resolve({ code: null, stdout, stderr });
      reject(new HarnessError(`Cannot start k6 (${executable}): ${error.message}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** `-e` for each variable that a script finds in `__ENV`. */
export function envFlags(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}

/** The user's shell without what would change k6's options. */
function quietEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('K6_'));
  return { ...Object.fromEntries(kept), K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' };
}

function reasonOf(code: number): string {
  if (code === 104) return 'its options are not valid';
  if (code === 107) return 'it does not compile, an import does not resolve, or it throws while it is loaded';
  return 'for a reason that k6 says below';
}

function lastLines(text: string): string {
  const lines = text.trim().split('\n').slice(-QUOTED_LINES);
  return text.trim() === '' ? '; it said nothing' : `; its last lines:\n${lines.map((line) => line.slice(0, QUOTED_LENGTH)).join('\n')}`;
}

/** The options as `k6 inspect` prints them; durations are texts such as `1m30s`. */
interface PrintedScenario {
  readonly executor: string;
  readonly exec?: string | null;
  readonly startTime?: string | null;
  readonly gracefulStop?: string | null;
  readonly rate?: number | null;
  readonly startRate?: number | null;
  readonly timeUnit?: string | null;
  readonly duration?: string | null;
  readonly stages?: readonly { readonly target?: number | null; readonly duration?: string | null }[] | null;
}
interface PrintedOptions {
  readonly scenarios?: Readonly<Record<string, PrintedScenario>> | null;
  readonly thresholds?: Readonly<
    Record<string, readonly (string | { readonly threshold: string; readonly abortOnFail?: boolean })[]>
  > | null;
  readonly setupTimeout?: string | null;
  readonly noSetup?: boolean | null;
  readonly noTeardown?: boolean | null;
}

function read(stdout: string, scriptPath: string): InspectedScript {
  const options = parseOptions(stdout, scriptPath);
  const thresholds = Object.entries(options.thresholds ?? {});
  const sourceOf = (condition: string | { readonly threshold: string }): string =>
    typeof condition === 'string' ? condition : condition.threshold;
  return {
    scenarios: Object.fromEntries(Object.entries(options.scenarios ?? {}).map(([name, scenario]) => [name, scenarioOf(scenario)])),
    thresholds: Object.fromEntries(thresholds.map(([metric, conditions]) => [metric, conditions.map(sourceOf)])),
    aborting: thresholds.flatMap(([metric, conditions]) =>
      conditions.flatMap((condition) =>
        typeof condition === 'object' && condition.abortOnFail === true ? [`${metric}: ${condition.threshold}`] : [],
      ),
    ),
    setupTimeoutMs: goDurationMs(options.setupTimeout, 60_000),
    isSetupOff: options.noSetup === true,
    isTeardownOff: options.noTeardown === true,
  };
}

/** A script may print beside k6: the options begin at the first line that is an opening brace. */
function parseOptions(stdout: string, scriptPath: string): PrintedOptions {
  try {
    return JSON.parse(stdout.slice(Math.max(0, stdout.search(/^\{/m)))) as PrintedOptions;
  } catch (error) {
    throw new HarnessError(`Cannot read the options of ${scriptPath}: k6 printed ${stdout.slice(0, QUOTED_LENGTH)}`, { cause: error });
  }
}

function scenarioOf(printed: PrintedScenario): K6Scenario {
  const rate = printed.executor === 'ramping-arrival-rate' ? printed.startRate : printed.rate;
  return {
    executor: printed.executor,
    exec: printed.exec ?? 'default',
    startTimeMs: goDurationMs(printed.startTime, 0),
    gracefulStopMs: goDurationMs(printed.gracefulStop, 30_000),
    rate: rate ?? 0,
    timeUnitMs: goDurationMs(printed.timeUnit, 1000),
    durationMs: goDurationMs(printed.duration, 0),
    stages: (printed.stages ?? []).map(({ target, duration }) => ({ target: target ?? 0, durationMs: goDurationMs(duration, 0) })),
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };

/** `1m30s` in milliseconds. */
function goDurationMs(text: string | null | undefined, otherwiseMs: number): number {
  if (text === null || text === undefined || text === '') return otherwiseMs;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  return parts.reduce((sum, [, size, unit]) => sum + Number(size) * (UNITS_MS[unit ?? ''] ?? 0), 0);
}
