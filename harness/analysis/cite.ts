import type { EvidenceRef } from '../model/finding.ts';
import type { Span } from './evidence.ts';

/** Most rows that one finding points to in one table. */
export const CITED_ROWS = 50;

/** Points to rows of a table, to the first fifty of them. */
export function cite(table: EvidenceRef['table'], rows: readonly { readonly id: number }[], span?: Span): EvidenceRef {
  return {
    table,
    ids: rows.slice(0, CITED_ROWS).map(({ id }) => id),
    ...(span === undefined ? {} : { fromUs: span.fromUs, toUs: span.toUs }),
  };
}
