import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path/posix';

/** One thing of the project that is copied into an image; its path is relative to the project's folder, which is `''`. */
export type SourceEntry =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number; readonly isExecutable: boolean }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A socket, a pipe or a device: cannot be copied. */
  | { readonly kind: 'special'; readonly path: string };

/** Links on the way to one path before it counts as a circle, as the kernel has it. */
const LINKS_MAX = 40;

/** What lies at that path, itself and, for a folder, everything below that `isWanted` accepts. Links are not followed. */
export async function entriesBelow(
  projectFolder: string,
  path: string,
  isWanted: (path: string, isFolder: boolean) => boolean,
): Promise<readonly SourceEntry[]> {
  const own = await entryAt(projectFolder, path);
  if (own.kind !== 'folder') return [own];
  const inside = await readdir(join(projectFolder, path), { withFileTypes: true });
  const wanted = inside.flatMap((child) => {
    const childPath = join(path, child.name);
    return isWanted(childPath, child.isDirectory()) ? [childPath] : [];
  });
  const below = await Promise.all(wanted.map((child) => entriesBelow(projectFolder, child, isWanted)));
  return [own, ...below.flat()];
}

async function entryAt(projectFolder: string, path: string): Promise<SourceEntry> {
  const place = join(projectFolder, path);
  const found = await lstat(place);
  if (found.isSymbolicLink()) return { kind: 'link', path, target: await readlink(place) };
  if (found.isDirectory()) return { kind: 'folder', path };
  if (!found.isFile()) return { kind: 'special', path };
  return { kind: 'file', path, bytes: found.size, isExecutable: (found.mode & 0o111) !== 0 };
}

/** Where a path really leads inside the project, with the links on the way; or why it leads nowhere there. */
export type Followed =
  | { readonly path: string; readonly links: readonly SourceEntry[] }
  | { readonly reason: 'missing' | 'outside' | 'circle'; readonly at: string };

/** Follows every link on the way to a path, so that the same way can be walked inside the image. */
export async function followLinks(projectFolder: string, path: string): Promise<Followed> {
  const links: SourceEntry[] = [];
  let rest = path === '' ? [] : path.split('/');
  let reached = '';
  while (rest.length > 0) {
    const [next = '', ...after] = rest;
    const at = join(reached, next);
    if (at === '..' || at.startsWith('../')) return { reason: 'outside', at: path };
    const entry = await entryAt(projectFolder, at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      throw error;
    });
    if (entry === null) return { reason: 'missing', at };
    if (entry.kind !== 'link') {
      reached = at === '.' ? '' : at;
      rest = after;
      continue;
    }
    links.push(entry);
    if (links.length > LINKS_MAX) return { reason: 'circle', at };
    const target = normalize(join(dirname(at), entry.target)).replace(/\/$/, '');
    // An absolute target leads to another place, or to none, once it is inside a container.
    if (isAbsolute(entry.target) || target === '..' || target.startsWith('../')) return { reason: 'outside', at };
    reached = '';
    rest = [...(target === '.' ? [] : target.split('/')), ...after];
  }
  return { path: reached, links };
}
