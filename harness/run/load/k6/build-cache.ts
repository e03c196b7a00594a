import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../../model/problem.ts';

/** Builds of other sources or of another Go that stay: each takes about 47 MB. */
const KEPT = 4;

/** Environment that decides where built programs lie. */
export type CacheEnvironment = Readonly<Record<string, string | undefined>>;

/** The Go sources of the extension: beside this file, in the repository as in the package. */
export function extensionFolder(): string {
  return fileURLToPath(new URL('./extension', import.meta.url));
}

/** Where built programs lie. */
export function cacheFolder(env: CacheEnvironment = process.env): string {
  const shared = env['XDG_CACHE_HOME'] ?? '';
  // The convention says that a relative one does not count.
  if (isAbsolute(shared)) return join(shared, 'halfopen/k6');
  try {
    return join(homedir(), '.cache/halfopen/k6');
  } catch {
    // A user without a home, as in some containers; a folder of all users must not be shared by name.
    return join(tmpdir(), `halfopen-${process.getuid?.() ?? userInfo().uid}`, 'k6');
  }
}

/** Names what is built from: the same sources for the same machine have the same key. */
export function sourceKey(folder: string): string {
  const files = sourceFiles(folder);
  if (!files.includes('go.mod')) {
    throw new HarnessError(`Cannot build k6 as ${folder} must hold the sources of its extension: found no go.mod; install halfopen anew`);
  }
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of files) {
    const content = readFileSync(join(folder, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function sourceFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => /(?:^|\/)go\.(?:mod|sum)$|\.go$/.test(file) && !file.endsWith('_test.go'))
    .sort();
}

/** The program that these sources and this Go make, there or not. */
export function builtPath(key: string, goVersion: string, env?: CacheEnvironment): string {
  return join(cacheFolder(env), `${key}-${goVersion}`, 'k6');
}

/** The newest program that these sources have made, by whatever Go; null where there is none. */
export function newestBuilt(key: string, env?: CacheEnvironment): string | null {
  return builtPrograms(env).find(({ name }) => name.startsWith(`${key}-`))?.path ?? null;
}

/** Removes old builds; one that another process runs stays usable to it. */
export function forgetOldBuilds(env?: CacheEnvironment): void {
  for (const { folder } of builtPrograms(env).slice(KEPT)) rmSync(folder, { recursive: true, force: true });
}

interface Built {
  readonly name: string;
  readonly folder: string;
  readonly path: string;
  readonly builtAtMs: number;
}

/** The newest first. */
function builtPrograms(env?: CacheEnvironment): readonly Built[] {
  const cache = cacheFolder(env);
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .flatMap((name) => {
      const folder = join(cache, name);
      const path = join(folder, 'k6');
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ name, folder, path, builtAtMs: found.mtimeMs }];
    })
    .sort((left, right) => right.builtAtMs - left.builtAtMs);
}
