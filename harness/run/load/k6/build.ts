import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import { builtPath, extensionFolder, forgetOldBuilds, sourceKey, type CacheEnvironment } from './build-cache.ts';
import { lockFile } from './build-lock.ts';
import { checkK6 } from './find.ts';
import { K6_VERSION } from './protocol.ts';

export { checkK6, findK6, readK6, K6_WAYS_OUT } from './find.ts';

/** The oldest Go that k6 builds with. */
const GO_NEEDED = [1, 25] as const;
const GO_ANSWERS_WITHIN_MS = 60_000;
/** Downloads included; two slow cores need about 3 minutes. */
const BUILD_WITHIN_MS = 30 * 60_000;
const OUTPUT_KEPT = 4000;
const NO_GO = `install Go ${GO_NEEDED.join('.')} or newer (https://go.dev/dl), let config.k6.executable name a k6 with the extension, or use --load builtin`;

/** A k6 that was built, or had been. */
export interface BuiltK6 {
  readonly path: string;
  readonly version: string;
  readonly goVersion: string;
  readonly bytes: number;
  readonly seconds: number;
  /** False where it was there already. */
  readonly isNew: boolean;
}

export interface BuildRequest {
  /** Is told what takes long. */
  readonly onNote: (text: string) => void;
  readonly signal: AbortSignal;
  readonly env?: CacheEnvironment;
  /** Where the sources are. @default beside this file */
  readonly sources?: string;
}

/**
 * Builds k6 with our extension, unless it was built before: `go build` of the sources that are shipped, into this user's cache.
 *
 * @throws {UsageError} if there is no Go, or one that is too old
 * @throws {HarnessError} if it does not build
 */
export async function buildK6({ onNote, signal, env = process.env, sources = extensionFolder() }: BuildRequest): Promise<BuiltK6> {
  const startedMs = performance.now();
  const key = sourceKey(sources);
  const goVersion = await goVersionAt(sources, env);
  const path = builtPath(key, goVersion, env);
  const finished = async (isNew: boolean): Promise<BuiltK6> => ({
    path,
    version: (await checkK6(path)).version,
    goVersion,
    bytes: statSync(path).size,
    seconds: (performance.now() - startedMs) / 1000,
    isNew,
  });
  if (isThere(path)) return finished(false);
  mkdirSync(dirname(path), { recursive: true });
  using _lock = await lockFile(`${path}.lock`, signal, () => onNote('another process builds k6: waiting for it'));
  if (isThere(path)) return finished(false);
  onNote(
    `building k6 ${K6_VERSION} with the extension halfopen, once: about 2 minutes, 50 MB, and up to 1 GB in the caches of ${goVersion.replace('go', 'Go ')}`,
  );
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await goBuild(unfinished, { sources, env, signal });
    await checkK6(unfinished);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
  forgetOldBuilds(env);
  return finished(true);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * The Go that builds the sources, as `go1.26.8`.
 *
 * @throws {UsageError} if there is none, or one that is too old
 */
export async function goVersionAt(sources: string = extensionFolder(), env: CacheEnvironment = process.env): Promise<string> {
  const signal = AbortSignal.timeout(GO_ANSWERS_WITHIN_MS);
  const { code, output } = await go(['env', 'GOVERSION'], { sources, env, signal });
  const version = output.trim().split('\n').at(-1) ?? '';
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (code !== 0 || major === undefined)
    throw new UsageError(`Cannot build k6 as Go must work here: it says ${JSON.stringify(lastLines(output))}; ${NO_GO}`);
  if (Number(major) === GO_NEEDED[0] && Number(minor) < GO_NEEDED[1]) {
    throw new UsageError(`Cannot build k6 as Go must be ${GO_NEEDED.join('.')} or newer: current value is ${version}; ${NO_GO}`);
  }
  return version;
}

interface GoPlace {
  readonly sources: string;
  readonly env: CacheEnvironment;
  readonly signal: AbortSignal;
}

async function goBuild(path: string, place: GoPlace): Promise<void> {
  const signal = AbortSignal.any([place.signal, AbortSignal.timeout(BUILD_WITHIN_MS)]);
  const args = ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', '-s -w', '-o', path, './cmd/k6'];
  const { code, output } = await go(args, { ...place, signal });
  if (code === 0) return;
  const goproxy = 'modules come from GOPROXY, which must be reachable the first time';
  throw new HarnessError(
    `Cannot build k6 as \`go build\` must succeed (${goproxy}): it exited with ${code}; its last lines:\n${lastLines(output)}`,
  );
}

/** Runs Go; an abort ends it and what it has started. */
async function go(
  args: readonly string[],
  { sources, env, signal }: GoPlace,
): Promise<{ readonly code: number | null; readonly output: string }> {
  signal.throwIfAborted();
  const child = spawn('go', args, { cwd: sources, env: goEnvironment(env), detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    });
  }
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new UsageError(`Cannot build k6 as Go must be on PATH: ${(error as Error).message}; ${NO_GO}`);
  }
  const end = (): void => endGroup(child.pid);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  // 'close' comes after the last of the output.
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  return { code, output };
}

/** Only what says where modules come from and caches lie counts: flags and workspaces of a user would make another program. */
function goEnvironment(env: CacheEnvironment): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOEXPERIMENT: _experiment, ...rest } = env;
  // An empty GOFLAGS would let the one of `go env -w` hold.
  return { ...rest, CGO_ENABLED: '0', GO111MODULE: 'on', GOWORK: 'off', GOFLAGS: '-mod=readonly' };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-10).join('\n');
}
