/** Programs written in Go that a bench or a test runs beside us: built once into the ignored cache, found there afterwards. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BUILDS_WITHIN_MS = 300_000;

/** Where what is built or downloaded for benches and tests is kept; `npm ci` empties it. */
export const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/halfopen', import.meta.url));

/** What is to be built, from a folder that holds its `go.mod`. */
export interface GoProgram {
  /** The file's name in the cache; it carries what the program depends on, so that another version is another file. */
  readonly name: string;
  /** Makes the folder ready and says which package in it to build, with which linker flags. */
  prepare(folder: string): Promise<{ readonly package: string; readonly ldflags: string }>;
}

/**
 * The program's path, building it if the cache has none. It appears whole or not at all, so two builds at once do no harm.
 *
 * @throws {Error} where there is no Go, no network for its modules, or the build fails
 */
export async function goBuilt({ name, prepare }: GoProgram): Promise<string> {
  const path = join(cacheFolder, name);
  if (existsSync(path)) return path;
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), `halfopen-go-`));
  const made = join(cacheFolder, `.${name}.${process.pid}`);
  try {
    const { package: target, ldflags } = await prepare(folder);
    await go(['build', '-mod=mod', '-buildvcs=false', '-trimpath', '-ldflags', `-s -w ${ldflags}`, '-o', made, target], folder);
    chmodSync(made, 0o755);
    renameSync(made, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(made, { force: true });
  }
  return path;
}

/** Runs `go` in a folder and answers what it printed. */
export async function go(args: readonly string[], folder: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  try {
    const { stdout } = await promisify(execFile)('go', [...args], { cwd: folder, env, timeout: BUILDS_WITHIN_MS, maxBuffer: 2 ** 24 });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    throw new Error(`Cannot run 'go ${args[0] ?? ''}': ${lastLine(stderr) || message}`, { cause: error });
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
