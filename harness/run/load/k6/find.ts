import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../../../model/problem.ts';
import { extensionFolder, newestBuilt, sourceKey, type CacheEnvironment } from './build-cache.ts';
import { K6_MAJORS, K6_VERSION } from './protocol.ts';

const ANSWERS_WITHIN_MS = 20_000;
export const K6_WAYS_OUT = 'run npx halfopen k6 build (about 2 minutes, once), let config.k6.executable name one, or use --load builtin';

/** What a k6 says of itself. */
export interface K6Program {
  readonly path: string;
  /** `v2.2.0`. */
  readonly version: string;
  readonly major: number;
  /** Has the output and the module of our extension. */
  readonly hasExtension: boolean;
}

/**
 * The k6 to use: the one that is named (a path, or a name on PATH), else the newest that was built from the sources of this halfopen.
 * Null where none was built.
 *
 * @throws {UsageError} if the one that is named cannot be run
 */
export async function findK6(
  { executable }: { readonly executable?: string | undefined },
  env: CacheEnvironment = process.env,
): Promise<string | null> {
  if (executable === undefined) return newestBuilt(sourceKey(extensionFolder()), env);
  const path = executable.includes('/') ? resolve(executable) : onPath(executable, env['PATH'] ?? '');
  if (path !== null && isProgram(path)) return path;
  throw new UsageError(
    `Cannot use k6 as 'executable' must be a program: current value is ${JSON.stringify(executable)}${path === null ? ', which is not on PATH' : ''}`,
  );
}

function onPath(name: string, path: string): string | null {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Whatever the reason: it cannot be run.
    return false;
  }
}

/**
 * Asks a k6 what it is.
 *
 * @throws {UsageError} if it is no k6
 */
export async function readK6(path: string): Promise<K6Program> {
  const { stdout } = await promisify(execFile)(path, ['version'], { timeout: ANSWERS_WITHIN_MS, env: plainEnvironment() }).catch(
    (error: Error) => {
      throw new UsageError(`Cannot use ${path} as k6 must answer \`k6 version\`: ${error.message.trim()}`, []);
    },
  );
  const match = /\bv((\d+)\.\d+\.\d+\S*)/.exec(stdout);
  if (match === null)
    throw new UsageError(`Cannot use ${path} as it must be a k6: \`k6 version\` says ${JSON.stringify(stdout.slice(0, 200))}`);
  return {
    path,
    version: `v${match[1] ?? ''}`,
    major: Number(match[2]),
    hasExtension: /k6\/x\/halfopen \[js\]/.test(stdout) && /\bhalfopen \[output\]/.test(stdout),
  };
}

function plainEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('K6_'));
  return { ...Object.fromEntries(own), K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' };
}

/**
 * Refuses a k6 that the driver cannot work with.
 *
 * @throws {UsageError} if it is none, of another major, or without our extension
 */
export async function checkK6(path: string): Promise<K6Program> {
  const program = await readK6(path);
  demandExtended(program);
  return program;
}

/** @throws {UsageError} if it is of another major, or without our extension */
export function demandExtended({ path, version, major, hasExtension }: K6Program): void {
  if (!K6_MAJORS.includes(major)) {
    throw new UsageError(
      `Cannot use ${path} as k6 must be of major ${K6_MAJORS.join(' or ')} (built and tested with ${K6_VERSION}): current value is ${version}; ${K6_WAYS_OUT}`,
    );
  }
  if (!hasExtension) {
    throw new UsageError(
      `Cannot use ${path} (k6 ${version}) as it must have the extension k6/x/halfopen: found a k6 without it; ${K6_WAYS_OUT}`,
    );
  }
}
