/** Whether a `.dockerignore` leaves a path out; paths are relative to the context, with `/`. */
export type Ignores = (path: string) => boolean;

interface Rule {
  readonly matches: RegExp;
  readonly isException: boolean;
}

/**
 * Reads a `.dockerignore`, by Docker's rules: patterns are anchored at the context, `*` stays within one name, `**` does not, what lies in
 * an ignored folder is ignored, the last pattern that matches decides. `hasExceptions`: something inside an ignored folder may be wanted.
 */
export function readIgnoreFile(text: string): { readonly ignores: Ignores; readonly hasExceptions: boolean; readonly exceptions: string } {
  const lines = text.split(/\r?\n/).flatMap((line) => (line.startsWith('#') || line.trim() === '' ? [] : [line.trim()]));
  const rules = lines.map((line): Rule => {
    const isException = line.startsWith('!');
    return { isException, matches: patternOf(isException ? line.slice(1).trim() : line) };
  });
  const ignores = (path: string): boolean =>
    rules.reduce((isIgnored, { matches, isException }) => (matches.test(path) ? !isException : isIgnored), false);
  const exceptions = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  return { ignores, hasExceptions: exceptions.length > 0, exceptions: exceptions.join('\n') };
}

function patternOf(pattern: string): RegExp {
  const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
  const expression = segments
    .map((segment, index) => (segment === '**' ? (index === segments.length - 1 ? '.*' : '(?:.*/)?') : `${segmentOf(segment)}/`))
    .join('')
    .replace(/\/$/, '');
  // `.` and `/` alone name the context itself, and match nothing in it.
  return segments.length === 0 ? /(?!)/ : new RegExp(`^${expression}(?:/|$)`, 's');
}

function segmentOf(segment: string): string {
  return segment.replace(
    /\\(.)|\*+|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|[.+^${}()|[\]\\]/gs,
    (found, escaped?: string, not?: string, set?: string) => {
      if (escaped !== undefined) return escaped.replace(/[^\w]/, '\\$&');
      if (set !== undefined) return `[${not ?? ''}${set.replace(/[[\]^]/g, '\\$&')}]`;
      if (found === '?') return '[^/]';
      if (found === '**') return '.*';
      return found.startsWith('*') ? '[^/]*' : `\\${found}`;
    },
  );
}
