import { seededRandom, shuffledIndices } from '../../../model/random.ts';
import type { HttpTarget } from '../contract.ts';
import type { RequestHead } from './head.ts';

/** A share is exact in each block of this many exchanges. */
export const SHARE_BLOCK = 20;

/** What a target looks at. */
export type TargetHead = Pick<RequestHead, 'method' | 'path' | 'traceId' | 'text'>;

/** The headers of one head. */
export interface HeaderFields {
  /** The value of the header that begins so: `\r\nname:` in lower case. */
  get(lineStart: string): string | undefined;
}

/** Whether a text is one that a pattern describes. */
type Match = (text: string) => boolean;

/** Which exchanges match a target; made once, asked for each request. */
export function createMatcher(target: HttpTarget): (head: TargetHead, fields: HeaderFields) => boolean {
  const method = target.method?.toUpperCase();
  const path = target.path === undefined ? null : glob(target.path);
  const traceId = target.traceId?.toLowerCase();
  const headers = Object.entries(target.headers ?? {}).map(([name, value]) => ({
    lineStart: `\r\n${name.toLowerCase()}:`,
    isValue: glob(value),
  }));
  return (head, fields) => {
    if (method !== undefined && head.method !== method) return false;
    if (traceId !== undefined && head.traceId !== traceId) return false;
    if (path !== null && !path(head.path)) return false;
    for (const { lineStart, isValue } of headers) {
      const value = fields.get(lineStart);
      if (value === undefined || !isValue(value)) return false;
    }
    return true;
  };
}

/** Chooses among the matching exchanges: call it once for each. `name` and `seed` place the share's hits. */
export function createChooser(target: HttpTarget, name: string, seed: number): () => boolean {
  const { after = 0, first = Infinity, everyNth = 1, pattern = 'x', share = 1, next = Infinity } = target;
  const isInShare = share < 1 ? shareChooser(share, name, seed) : () => true;
  let matched = 0;
  let patterned = 0;
  let hits = 0;
  return () => {
    const ordinal = matched++ - after;
    if (ordinal < 0 || ordinal >= first || (ordinal + 1) % everyNth !== 0) return false;
    if (pattern[patterned++ % pattern.length] !== 'x' || !isInShare() || hits >= next) return false;
    hits++;
    return true;
  };
}

/** Which of a block's exchanges are hit: exactly round(20 × share) of them. */
export function sharePlaces(share: number, name: string, seed: number, block: number): ReadonlySet<number> {
  const hits = Math.round(SHARE_BLOCK * share);
  return new Set(shuffledIndices(SHARE_BLOCK, seededRandom(seed, `${name}/${block}`)).slice(0, hits));
}

/** The headers of a head, searched when one is asked for; several of one name are joined with a comma. */
export function lazyFields(head: TargetHead): HeaderFields {
  let text = '';
  let lowered: string | null = null;
  return {
    get(lineStart) {
      if (lowered === null) {
        ({ text } = head);
        lowered = text.toLowerCase();
      }
      let value: string | undefined;
      for (let at = lowered.indexOf(lineStart); at >= 0; at = lowered.indexOf(lineStart, at + 2)) {
        const end = text.indexOf('\r\n', at + lineStart.length);
        const part = text.slice(at + lineStart.length, end < 0 ? text.length : end).trim();
        value = value === undefined ? part : `${value}, ${part}`;
      }
      return value;
    },
  };
}

/** `*` stands for any text, slashes included; everything else for itself. */
export function glob(pattern: string): Match {
  const [prefix = '', ...rest] = pattern.split('*');
  const suffix = rest.pop();
  if (suffix === undefined) return (text) => text === pattern;
  const shortest = prefix.length + suffix.length;
  if (rest.length === 0) return (text) => text.length >= shortest && text.startsWith(prefix) && text.endsWith(suffix);
  return (text) => {
    if (text.length < shortest || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    const end = text.length - suffix.length;
    let from = prefix.length;
    // The leftmost place of each part leaves most to the parts behind it.
    for (const part of rest) {
      const found = text.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}

function shareChooser(share: number, name: string, seed: number): () => boolean {
  let places: ReadonlySet<number> = new Set();
  let ordinal = 0;
  return () => {
    const place = ordinal % SHARE_BLOCK;
    if (place === 0) places = sharePlaces(share, name, seed, ordinal / SHARE_BLOCK);
    ordinal++;
    return places.has(place);
  };
}
