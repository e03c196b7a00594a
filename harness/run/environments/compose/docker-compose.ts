import type { ProcessOutput } from 'zx/core';
import { readComposeProject, type ComposeProject } from '../../../compose/resolved.ts';
import { HarnessError, UsageError } from '../../../model/problem.ts';

/** A compose project as it is asked for: its files, and what fills them in. */
export interface ComposeCall {
  /** The compose project's folder: relative paths in the files count from it. */
  readonly folder: string;
  /** Absolute, in the order in which they are merged. */
  readonly files: readonly string[];
  /** One more file, merged last. It goes to compose over a pipe: it may hold secrets, and a harness that dies leaves no file behind. */
  readonly last?: string;
  /** `['*']` is all of them. */
  readonly profiles: readonly string[];
  /** @default what the files or their folder say */
  readonly project?: string;
  /** Variables that the files may interpolate, besides this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The same call, for what has to be done even when the run was aborted. */
export function unhurried(call: ComposeCall): ComposeCall {
  return { ...call, signal: new AbortController().signal };
}

/** How long compose may take to read files, and to bring up or take down, in milliseconds. */
const READ_MS = 30_000;
const UP_MS = 5 * 60_000;
const DOWN_MS = 60_000;
/** The oldest compose that knows contents of configs in the file itself, and `!reset`. */
const VERSION_MIN = [2, 24, 4] as const;

/**
 * Reads compose files as compose reads them.
 *
 * @throws {UsageError} in compose's own words if they are wrong
 * @throws {HarnessError} if there is no compose, or an old one
 */
export async function readCompose(call: ComposeCall): Promise<{ readonly project: ComposeProject; readonly warnings: readonly string[] }> {
  const { exitCode, stdout, stderr } = await compose(call, ['config', '--format', 'json'], READ_MS);
  if (exitCode === 0) return { project: readComposeProject(stdout), warnings: warningsIn(stderr) };
  await demandCompose(call);
  throw new UsageError(`Cannot read the compose files ${call.files.join(', ')}: docker compose says\n${indented(stderr)}`);
}

/**
 * Starts services that are not up; those that they depend on are started too unless `isAlone`.
 *
 * @param services none: all of the project
 * @throws {HarnessError} with what compose said
 */
export async function bringUp(
  call: ComposeCall,
  services: readonly string[],
  how: { readonly isAlone?: true; readonly isRecreating?: true } = {},
): Promise<void> {
  const flags = ['--detach', ...(how.isAlone === true ? ['--no-deps'] : []), ...(how.isRecreating === true ? ['--force-recreate'] : [])];
  const { exitCode, stderr } = await compose(call, ['up', ...flags, ...services], UP_MS);
  call.signal?.throwIfAborted();
  if (exitCode !== 0) throw new ComposeFailure(essence(stderr));
}

/** Compose did not do it; `said` is why. */
export class ComposeFailure extends HarnessError {
  readonly said: string;
  constructor(said: string) {
    super(`Cannot start the services of the compose files: docker compose says\n${indented(said)}`);
    this.name = 'ComposeFailure';
    this.said = said;
  }
}

/** Fetches the images of these services. */
export async function pullImages(call: ComposeCall, services: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await compose(call, ['pull', '--quiet', ...services], UP_MS);
  call.signal?.throwIfAborted();
  if (exitCode !== 0) throw new ComposeFailure(essence(stderr));
}

/** Stops and removes everything of the project: containers, networks and volumes that are not external. Answers what compose said if it did not. */
export async function takeDown(call: ComposeCall, graceS: number): Promise<string | null> {
  const { exitCode, stderr } = await compose(call, ['down', '--volumes', '--remove-orphans', '--timeout', String(graceS)], DOWN_MS);
  return exitCode === 0 ? null : essence(stderr);
}

/** The last lines that the services' containers printed, oldest first. */
export async function lastLines(call: ComposeCall, services: readonly string[], count: number): Promise<readonly string[]> {
  const { stdout } = await compose(call, ['logs', '--no-color', '--tail', String(count), ...services], READ_MS);
  return stdout.split('\n').filter((line) => line !== '');
}

async function compose(call: ComposeCall, args: readonly string[], withinMs: number): Promise<ProcessOutput> {
  const { folder, files, last, profiles, project, env, signal } = call;
  signal?.throwIfAborted();
  const flags = [
    '--project-directory',
    folder,
    ...(project === undefined ? [] : ['--project-name', project]),
    ...[...files, ...(last === undefined ? [] : ['-'])].flatMap((file) => ['--file', file]),
    ...profiles.flatMap((profile) => ['--profile', profile]),
  ];
  const { $ } = await import('zx/core');
  const shell = $({
    cwd: folder,
    env: { ...process.env, ...env },
    input: last ?? '',
    quiet: true,
    nothrow: true,
    // Ctrl-C is for the harness, which then takes everything down with this very command.
    detached: true,
    timeout: withinMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const output = await shell`docker compose --ansi never --progress plain ${flags} ${args}`;
  signal?.throwIfAborted();
  if (output.exitCode === null && output.duration >= withinMs)
    throw new HarnessError(
      `Cannot go on as docker compose ${args[0] ?? ''} did not end within ${withinMs} ms:\n${indented(essence(output.stderr))}`,
    );
  return output;
}

/**
 * Tells why compose could not be asked at all.
 *
 * @throws {HarnessError} if there is none, or an old one
 */
async function demandCompose({ env }: ComposeCall): Promise<void> {
  const { $ } = await import('zx/core');
  const shell = $({ env: { ...process.env, ...env }, quiet: true, nothrow: true, timeout: READ_MS });
  const { exitCode, stdout, stderr } = await shell`docker compose version --short`;
  const wanted = VERSION_MIN.join('.');
  if (exitCode !== 0) {
    throw new HarnessError(
      `Cannot use compose files as docker compose does not run: ${essence(stderr)} (way out: install Docker's compose plugin, ${wanted} or newer)`,
    );
  }
  const found = stdout.trim();
  const [major = 0, minor = 0, patch = 0] = found.replace(/^v/, '').split(/[.+-]/).map(Number);
  const isOld =
    major !== VERSION_MIN[0] ? major < VERSION_MIN[0] : minor !== VERSION_MIN[1] ? minor < VERSION_MIN[1] : patch < VERSION_MIN[2];
  if (isOld) throw new HarnessError(`Cannot use compose files as docker compose must be ${wanted} or newer: current version is ${found}`);
}

/** Compose's lines without its progress. */
function essence(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^\s*(Container|Network|Volume|Image) \S+\s+\w+\s*$/.test(line));
  return (
    lines
      .filter((line) => !/level=warning/.test(line))
      .join('\n')
      .trim() ||
    stderr.trim() ||
    'nothing'
  );
}

function warningsIn(stderr: string): readonly string[] {
  return [...stderr.matchAll(/level=warning msg="((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll('\\"', '"'));
}

function indented(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
