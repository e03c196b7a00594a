import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path/posix';
import { LIMITS } from '../../../model/limits.ts';
import { UsageError, type Problem } from '../../../model/problem.ts';
import type { Service } from '../../../model/system.ts';
import { OWN_IMAGE, packageClosure, packagesAt } from './package-closure.ts';
import { entriesBelow, followLinks, type SourceEntry } from './source-entry.ts';

export type Declared = Pick<Service, 'command' | 'cwd' | 'files'>;

/** What of the project one service's image is made from. */
export interface ServiceFiles {
  /** What was declared, or what stands for it, as paths relative to the project's folder. */
  readonly declared: readonly string[];
  /** Ordered by path, each path once. */
  readonly entries: readonly SourceEntry[];
}

/** Ways to hand `node` a program that is no file. */
const PROGRAM_IN_ARGUMENT = ['-e', '--eval', '-p', '--print', '--run'];

/**
 * Everything that a service's image gets of the project.
 *
 * @throws {UsageError} with everything that cannot be copied
 */
export async function filesOfService(service: string, declaration: Declared, projectFolder: string): Promise<ServiceFiles> {
  const path = `services.${service}`;
  const problems: Problem[] = [];
  if (isOutside(normalized(declaration.cwd ?? '.')))
    problems.push({ path: `${path}.cwd`, expected: "a folder inside the configuration's", found: `'${declaration.cwd}'` });
  const declared =
    declaration.files?.map(normalized) ?? (await usualFiles(projectFolder, declaration, (problem) => problems.push({ path, ...problem })));
  const entries = new Map<string, SourceEntry>();
  for (const [index, start] of declared.entries()) {
    const field = declaration.files === undefined ? `${path}.command` : `${path}.files[${index}]`;
    const found = await entriesOf(projectFolder, start, field);
    problems.push(...found.problems);
    for (const entry of found.entries) entries.set(entry.path, entry);
  }
  problems.push(...(await linkProblems(projectFolder, entries, `${path}.files`)), ...sizeProblems([...entries.values()], `${path}.files`));
  if (problems.length > 0) throw new UsageError(`Cannot copy into a container what service '${service}' needs:`, problems);
  return { declared, entries: [...entries.values()].toSorted((left, right) => (left.path < right.path ? -1 : 1)) };
}

/** What is copied only where `files` names it: history, results, secrets. */
export function isLeftOut(path: string): boolean {
  const name = basename(path);
  return name === '.git' || name.startsWith('.env') || path === 'reports';
}

/** package.json and the folder of the program's file. */
async function usualFiles(
  projectFolder: string,
  { command, cwd = '.' }: Declared,
  tell: (problem: Omit<Problem, 'path'> & { readonly path?: string }) => void,
): Promise<readonly string[]> {
  const [program = '', ...args] = command;
  const isFile = (path: string): Promise<boolean> =>
    stat(join(projectFolder, path)).then(
      (found) => found.isFile(),
      () => false,
    );
  const manifest = (await isFile('package.json')) ? ['package.json'] : [];
  for (const part of [...(program.includes('/') ? [program] : []), ...args]) {
    const path = normalized(join(cwd, part));
    if (isAbsolute(part) || isOutside(path) || !(await isFile(path))) continue;
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    return [...manifest, folder];
  }
  if (program === 'node' && !args.some((arg) => PROGRAM_IN_ARGUMENT.includes(arg.split('=')[0] ?? ''))) {
    const found = `no file of the project in '${command.join(' ')}'`;
    tell({ expected: "the program's file as a path inside the project, relative to 'cwd'", found });
  }
  return manifest;
}

interface Found {
  readonly entries: readonly SourceEntry[];
  readonly problems: readonly Problem[];
}

async function entriesOf(projectFolder: string, start: string, field: string): Promise<Found> {
  const problem = (expected: string, found: string, hint?: string): Found => ({
    entries: [],
    problems: [{ path: field, expected, found, ...(hint === undefined ? {} : { hint }) }],
  });
  if (isOutside(start)) return problem("a path inside the configuration's folder", `'${start}'`);
  const packages = await packagesAt(projectFolder, start);
  if (packages.length > 0) return entriesOfPackages(projectFolder, packages, field);
  const followed = await followLinks(projectFolder, start);
  if ('reason' in followed) {
    if (followed.reason === 'missing') {
      const hint = /[*?{]/.test(start) ? 'patterns are not understood: name the folder' : undefined;
      return problem('a file or folder that is there', `no ${followed.at}`, hint);
    }
    return problem('a way inside the project', `the link ${followed.at}, which leads out of it`, OWN_IMAGE);
  }
  const below = await entriesBelow(projectFolder, followed.path, (path) => !isLeftOut(path));
  return { entries: [...followed.links, ...below], problems: [] };
}

async function entriesOfPackages(projectFolder: string, packages: readonly string[], field: string): Promise<Found> {
  const { folders, links, problems } = await packageClosure(projectFolder, packages, field);
  const below = await Promise.all(
    folders.map((folder) =>
      // What a package of a workspace needs was found one by one: its own node_modules has what its developers need, too.
      folder.split('/').includes('node_modules')
        ? entriesBelow(projectFolder, folder, () => true)
        : entriesBelow(projectFolder, folder, (path) => basename(path) !== 'node_modules' && !isLeftOut(path)),
    ),
  );
  return { entries: [...links, ...below.flat()], problems };
}

/** Links that would lead nowhere in the image, and what is neither file nor folder. */
async function linkProblems(projectFolder: string, entries: ReadonlyMap<string, SourceEntry>, field: string): Promise<readonly Problem[]> {
  const parents = new Set([...entries.keys()].flatMap(foldersAbove));
  const found = await Promise.all(
    [...entries.values()].map(async (entry): Promise<readonly Problem[]> => {
      if (entry.kind === 'special')
        return [
          { path: field, expected: 'files and folders', found: `a socket, pipe or device: ${entry.path}`, hint: 'name what is beside it' },
        ];
      if (entry.kind !== 'link') return [];
      const followed = await followLinks(projectFolder, entry.path);
      if ('reason' in followed) {
        const where = { missing: 'nowhere', outside: 'out of the project', circle: 'in a circle' }[followed.reason];
        return [
          { path: field, expected: 'links that lead to what is copied', found: `${entry.path} -> ${entry.target}, which leads ${where}` },
        ];
      }
      if (entries.has(followed.path) || parents.has(followed.path)) return [];
      const hint = `name ${followed.path === '' ? '.' : followed.path} as well`;
      return [{ path: field, expected: 'links that lead to what is copied', found: `${entry.path} -> ${entry.target}`, hint }];
    }),
  );
  return found.flat();
}

/** Too much to be copied into an image. */
export function sizeProblems(entries: readonly SourceEntry[], field: string): readonly Problem[] {
  const byPart = new Map<string, number>();
  let total = 0;
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    total += entry.bytes;
    const part = entry.path.split('/').slice(0, 2).join('/');
    byPart.set(part, (byPart.get(part) ?? 0) + entry.bytes);
  }
  if (total <= LIMITS.imageFilesBytes) return [];
  const [heaviest, most] = [...byPart].reduce((left, right) => (right[1] > left[1] ? right : left));
  return [
    {
      path: field,
      expected: `at most ${megabytes(LIMITS.imageFilesBytes)}`,
      found: `${megabytes(total)}, of which ${megabytes(most)} in ${heaviest}`,
      hint: "name in 'files' what is needed, packages one by one (node_modules/pg brings what it depends on), or build an image of your own",
    },
  ];
}

/** `a/b/c` → `a/b`, `a`. */
function foldersAbove(path: string): readonly string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

/** Relative to the project's folder, which is `''`, without `.` and without a slash at the end. */
function normalized(path: string): string {
  const short = normalize(path).replace(/\/+$/, '');
  return short === '.' ? '' : short === '' ? '/' : short;
}

function isOutside(path: string): boolean {
  return isAbsolute(path) || path === '..' || path.startsWith('../');
}
