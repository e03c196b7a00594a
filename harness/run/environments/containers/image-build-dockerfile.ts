import { readFile } from 'node:fs/promises';
import { basename, join, normalize } from 'node:path/posix';
import { UsageError } from '../../../model/problem.ts';
import { isLeftOut, sizeProblems } from './files-of-service.ts';
import { readIgnoreFile } from './image-build-ignore.ts';
import { entriesBelow, type SourceEntry } from './source-entry.ts';

export interface DockerfileContext {
  /** Path of the Dockerfile in the project. */
  readonly dockerfile: string;
  readonly entries: readonly SourceEntry[];
  /** Images that it starts from or copies from, as far as they are named outright. */
  readonly bases: readonly string[];
}

/**
 * What `docker build -f <dockerfile> .` would send: the project but for what .dockerignore names; history, secrets and `reports` only
 * where the Dockerfile or an exception of .dockerignore names them.
 *
 * @throws {UsageError} if the Dockerfile is not there, or the context cannot be copied
 */
export async function contextOf(service: string, declared: string, projectFolder: string): Promise<DockerfileContext> {
  const field = `services.${service}.dockerfile`;
  const summary = `Cannot build the image of service '${service}':`;
  const dockerfile = normalize(declared);
  if (dockerfile.startsWith('..') || dockerfile.startsWith('/')) {
    throw new UsageError(summary, [{ path: field, expected: "a path inside the configuration's folder", found: `'${declared}'` }]);
  }
  const text = await readFile(join(projectFolder, dockerfile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(summary, [{ path: field, expected: 'a Dockerfile that can be read', found: `${error.code} at ${dockerfile}` }]);
  });
  const entries = await wantedEntries(projectFolder, dockerfile, text);
  const special = entries.filter(({ kind }) => kind === 'special');
  const problems = [
    ...special.map(({ path }) => ({
      path: field,
      expected: 'files and folders',
      found: `a socket, pipe or device: ${path}`,
      hint: '.dockerignore',
    })),
    ...sizeProblems(entries, field).map((problem) => ({
      ...problem,
      hint: 'name in .dockerignore what the image does not need, as node_modules',
    })),
  ];
  if (problems.length > 0) throw new UsageError(summary, problems);
  return { dockerfile, entries, bases: basesOf(text) };
}

async function wantedEntries(projectFolder: string, dockerfile: string, text: string): Promise<readonly SourceEntry[]> {
  const { ignores, hasExceptions, exceptions } = readIgnoreFile(await ignoreText(projectFolder, dockerfile));
  const isNamed = namesIn(`${text}\n${exceptions}`);
  const leadsToDockerfile = (path: string): boolean => path === dockerfile || dockerfile.startsWith(`${path}/`);
  const found = await entriesBelow(projectFolder, '', (path, isFolder) => {
    if (leadsToDockerfile(path)) return true;
    if (isLeftOut(path) && !isNamed(basename(path))) return false;
    return !ignores(path) || (isFolder && hasExceptions);
  });
  // Folders were walked for what an exception may want; they come along with it. The list itself is not sent: its work is done.
  const wanted = found.filter(({ path }) => path !== '.dockerignore' && (path === dockerfile || !ignores(path)));
  return wanted.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

async function ignoreText(projectFolder: string, dockerfile: string): Promise<string> {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    const text = await readFile(join(projectFolder, name), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return '';
}

function namesIn(text: string): (name: string) => boolean {
  const words = new Set(text.split(/[\s"',[\]/]+/));
  return (name) => words.has(name);
}

function basesOf(text: string): readonly string[] {
  const stages = new Set<string>(['scratch']);
  const bases = new Set<string>();
  for (const [, from, stage, copied] of text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?|^\s*COPY\s.*?--from=(\S+)/gim)) {
    const image = from ?? copied ?? '';
    // A variable's value is the builder's business, a number is a stage's.
    if (!image.includes('$') && !/^\d+$/.test(image) && !stages.has(image.toLowerCase())) bases.add(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return [...bases];
}
