import type { Change } from './recipe.ts';

/** Adds an import line where its path belongs alphabetically among the imports at the top. */
export function addImport(path: string, line: string): Change {
  return {
    path,
    edit(text) {
      const lines = text.split('\n');
      const isImport = (candidate: string): boolean => /^import .* from '.*';$/.test(candidate);
      const after = lines.findIndex((candidate) => isImport(candidate) && sourceOf(candidate) > sourceOf(line));
      const at = after >= 0 ? after : lines.findLastIndex(isImport) + 1;
      if (at === 0 && after < 0) throw missing(path, 'an import');
      return lines.toSpliced(at, 0, line).join('\n');
    },
  };
}

function sourceOf(line: string): string {
  return / from '(.*)';$/.exec(line)?.[1] ?? '';
}

/** Adds a line right before the first one that matches, from `after` on. */
export function addBefore(path: string, line: string, before: RegExp, after = ''): Change {
  return {
    path,
    edit(text) {
      const start = text.indexOf(after);
      const found = start < 0 ? null : new RegExp(before.source, 'm').exec(text.slice(start));
      if (found === null) throw missing(path, `${before}${after === '' ? '' : ` after '${after}'`}`);
      const at = start + found.index;
      return `${text.slice(0, at)}${line}\n${text.slice(at)}`;
    },
  };
}

/** Replaces a text that must be there once. */
export function replace(path: string, what: string, by: string): Change {
  return {
    path,
    edit(text) {
      if (text.split(what).length !== 2) throw missing(path, `'${what}' once`);
      return text.replace(what, () => by);
    },
  };
}

/** Adds a name to the golden list of public names. */
export function addPublicName(line: string): Change {
  const path = 'test/golden/api.txt';
  return {
    path,
    edit(text) {
      const [first, ...rest] = text.split('\n\n');
      const [title, ...names] = (first ?? '').trim().split('\n');
      if (title !== '# halfopen') throw missing(path, "'# halfopen' at its top");
      return [[title, ...[...names, line].toSorted()].join('\n'), ...rest].join('\n\n');
    },
  };
}

function missing(path: string, what: string): Error {
  return new Error(`Cannot change ${path} as it must hold ${what}: it was rewritten, and scripts/new must follow`);
}
