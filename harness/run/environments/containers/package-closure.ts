import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path/posix';
import type { Problem } from '../../../model/problem.ts';
import { followLinks, type SourceEntry } from './source-entry.ts';

/** Packages with all that they need, by where they really lie in the project, and the links that lead there. */
export interface PackageClosure {
  readonly folders: readonly string[];
  readonly links: readonly SourceEntry[];
  readonly problems: readonly Problem[];
}

/** The way out where files cannot simply be copied. */
export const OWN_IMAGE = "an image of its own, by 'dockerfile' or 'image'";

/** The packages that a path names: one, or those of a scope (`node_modules/@redis`); empty where it names none. */
export async function packagesAt(projectFolder: string, path: string): Promise<readonly string[]> {
  const segments = path.split('/');
  const [first, second, ...further] = segments.slice(segments.lastIndexOf('node_modules') + 1);
  if (!segments.includes('node_modules') || first === undefined || further.length > 0 || first.startsWith('.')) return [];
  if (!first.startsWith('@')) return second === undefined ? [path] : [];
  if (second !== undefined) return [path];
  const inScope = await readdir(join(projectFolder, path)).catch(() => []);
  return inScope.filter((name) => !name.startsWith('.')).map((name) => join(path, name));
}

/**
 * Packages and their dependencies, found as Node finds them: from where a package really lies (behind the links of workspaces and of
 * pnpm) upwards. Optional dependencies and peers come along where they are installed.
 *
 * @param field the path under which a problem is told: `services.orders.files[2]`
 */
export async function packageClosure(projectFolder: string, packages: readonly string[], field: string): Promise<PackageClosure> {
  const folders = new Set<string>();
  const links = new Map<string, SourceEntry>();
  const problems: Problem[] = [];
  const queue = [...packages];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const followed = await followLinks(projectFolder, path);
    if ('reason' in followed) {
      problems.push(unreachable(field, path, followed));
      continue;
    }
    for (const link of followed.links) links.set(link.path, link);
    if (folders.has(followed.path)) continue;
    folders.add(followed.path);
    const needs = await needsOf(projectFolder, followed.path);
    if (needs === null) {
      problems.push({ path: field, expected: 'a package', found: `no readable package.json in ${path}`, hint: 'npm i' });
      continue;
    }
    for (const [name, isRequired] of needs) {
      const found = await resolve(projectFolder, followed.path, name);
      if (found !== null) queue.push(found);
      else if (isRequired) problems.push(await missing(projectFolder, { field, name, neededBy: path }));
    }
  }
  return { folders: [...folders], links: [...links.values()], problems };
}

/** Name of each package that this one may load → whether it cannot do without. */
async function needsOf(projectFolder: string, folder: string): Promise<ReadonlyMap<string, boolean> | null> {
  let manifest: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  try {
    manifest = JSON.parse(await readFile(join(projectFolder, folder, 'package.json'), 'utf8')) as typeof manifest;
  } catch {
    return null;
  }
  const names = (field: string): readonly string[] => Object.keys(manifest[field] ?? {});
  const meta = manifest['peerDependenciesMeta'] as Readonly<Record<string, { readonly optional?: boolean }>> | undefined;
  const peers = names('peerDependencies').filter((name) => meta?.[name]?.optional !== true);
  return new Map([
    ...names('dependencies').map((name) => [name, true] as const),
    // npm lists what is optional among the dependencies as well.
    ...[...names('optionalDependencies'), ...peers].map((name) => [name, false] as const),
  ]);
}

/** The nearest `node_modules/<name>`, upwards from a folder to the project's. */
async function resolve(projectFolder: string, from: string, name: string): Promise<string | null> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (basename(folder) !== 'node_modules' && (await exists(join(projectFolder, candidate)))) return candidate;
    if (folder === '.' || folder === '') return null;
  }
}

async function missing(
  projectFolder: string,
  { field, name, neededBy }: { readonly field: string; readonly name: string; readonly neededBy: string },
): Promise<Problem> {
  const expected = `${name}, which ${neededBy} needs`;
  for (let folder = dirname(projectFolder); ; folder = dirname(folder)) {
    if (await exists(join(folder, 'node_modules', name)))
      return {
        path: field,
        expected,
        found: `it in ${folder}, outside of the project's folder`,
        hint: `npm i in the project's own folder, or ${OWN_IMAGE}`,
      };
    if (folder === dirname(folder)) return { path: field, expected, found: 'no such package', hint: 'npm i' };
  }
}

function unreachable(field: string, path: string, { reason, at }: { readonly reason: string; readonly at: string }): Problem {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (reason === 'missing') return { path: field, expected: 'a package that is installed', found: `no ${at}`, hint: `npm i ${name}` };
  return {
    path: field,
    expected: 'a package inside the project',
    found: reason === 'circle' ? `links in a circle at ${at}` : `a link at ${at} that leads out of it`,
    hint: OWN_IMAGE,
  };
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
