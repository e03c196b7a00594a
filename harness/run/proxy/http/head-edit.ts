import { STATUS_CODES } from 'node:http';
import { bytesOf } from './wire-text.ts';

/** What is to become of a head; a part that is left out stays as it is. */
export interface HeadEdit {
  readonly status?: number;
  readonly setHeaders?: Readonly<Record<string, string>>;
  readonly removeHeaders?: readonly string[];
}

/** A head with its empty line, one header replaced (or added, or removed where `value` is null) and all else byte for byte as it was. */
export function replaceHeader(raw: Buffer, name: string, value: string | null): Buffer {
  return editHead(raw, value === null ? { removeHeaders: [name] } : { setHeaders: { [name]: value } });
}

/**
 * Edits a head with its empty line. A header that is set keeps its place and the spelling of its name, and has no second one; one that is
 * not there comes last. What no edit names stays byte for byte as it was.
 */
export function editHead(raw: Buffer, { status, setHeaders = {}, removeHeaders = [] }: HeadEdit): Buffer {
  const [first = '', ...lines] = raw.toString('latin1', 0, raw.length - 4).split('\r\n');
  const wanted = new Map(Object.entries(setHeaders).map(([name, value]) => [name.toLowerCase(), { name, value }]));
  const removed = new Set(removeHeaders.map((name) => name.toLowerCase()));
  const placed = new Set<string>();
  const edited = [status === undefined ? first : withStatus(first, status)];
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':'));
    const key = name.toLowerCase();
    const set = wanted.get(key);
    if (set === undefined) {
      if (!removed.has(key)) edited.push(line);
    } else if (!placed.has(key)) {
      placed.add(key);
      edited.push(`${name}: ${bytesOf(set.value)}`);
    }
  }
  for (const [key, { name, value }] of wanted) {
    if (!placed.has(key)) edited.push(`${name}: ${bytesOf(value)}`);
  }
  return Buffer.from(`${edited.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The status line with another status, and the words that go with it. */
function withStatus(line: string, status: number): string {
  return `${line.slice(0, 9)}${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}
