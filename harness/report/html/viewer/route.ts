import type { Outcome } from '../../../model/outcome.ts';
import { runSlug, type Stretch } from '../payload.ts';

/** Where the reader is: `#/`, or `#/s/<scenario>?t=-2,8.5&c=6.2&trace=<id>&go=requests`; times in seconds since zero. */
export interface Route {
  readonly slug: string | null;
  readonly range: Stretch | null;
  readonly cursorMs: number | null;
  readonly trace: string | null;
  readonly section: string | null;
}

export function readRoute(hash: string): Route {
  const match = /^#\/s\/([^?]*)(?:\?(.*))?$/.exec(hash);
  const query = new URLSearchParams(match?.[2] ?? '');
  const [from, to] = (query.get('t') ?? '').split(',').map(Number);
  const cursor = Number(query.get('c') ?? Number.NaN);
  return {
    slug: match === null ? null : decoded(match[1] ?? ''),
    range: from !== undefined && to !== undefined && to > from ? { fromMs: from * 1000, toMs: to * 1000 } : null,
    cursorMs: Number.isFinite(cursor) ? cursor * 1000 : null,
    trace: query.get('trace'),
    section: query.get('go'),
  };
}

/** A hash typed by hand may hold a stray `%`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

export function writeRoute({ slug, range, cursorMs, trace, section }: Partial<Route> & { readonly slug: string }): string {
  const seconds = (ms: number): string => String(Number((ms / 1000).toFixed(3)));
  const query = [
    ...(range === null || range === undefined ? [] : [`t=${seconds(range.fromMs)},${seconds(range.toMs)}`]),
    ...(cursorMs === null || cursorMs === undefined ? [] : [`c=${seconds(cursorMs)}`]),
    ...(trace === null || trace === undefined ? [] : [`trace=${encodeURIComponent(trace)}`]),
    ...(section === null || section === undefined ? [] : [`go=${section}`]),
  ];
  return `#/s/${encodeURIComponent(slug)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** The run behind a slug. */
export function runOf(outcome: Outcome, slug: string): number | null {
  const index = outcome.scenarios.findIndex((_, candidate) => runSlug(outcome, candidate) === slug);
  return index < 0 ? null : index;
}
