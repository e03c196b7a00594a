import type { EvidenceRef } from '../../model/finding.ts';
import type { Recording } from '../../model/recording.ts';
import type { RunVerdict } from '../../model/outcome.ts';
import type { Axis } from './axis.ts';
import type { EvidenceView } from './payload.ts';

/** Most ids of one reference that the report links; the rest is a count. */
const MAX_IDS = 12;

/** Ids that a verdict cites, by table: at most a dozen of each reference, spread evenly over it. */
export function citedIds(verdict: RunVerdict): ReadonlyMap<EvidenceRef['table'], ReadonlySet<number>> {
  const cited = new Map<EvidenceRef['table'], Set<number>>();
  const references = verdict.findings.flatMap((finding) => [
    ...finding.evidence.map((reference) => ({ reference, passed: finding.verdict === 'pass' })),
    ...(finding.timeline?.moments ?? []).flatMap((moment) =>
      moment.evidence.map((reference) => ({ reference, passed: finding.verdict === 'pass' })),
    ),
  ]);
  // What failed comes first, so that a limit downstream bites what passed.
  for (const { reference } of references.toSorted((left, right) => Number(left.passed) - Number(right.passed))) {
    const ids = cited.get(reference.table) ?? new Set();
    for (const id of spread(reference.ids, MAX_IDS)) ids.add(id);
    cited.set(reference.table, ids);
  }
  return cited;
}

/** At most `count` of the entries, evenly spread, with the first and the last. */
export function spread<T>(entries: readonly T[], count: number): readonly T[] {
  if (entries.length <= count) return entries;
  return Array.from({ length: count }, (_, index) => entries[Math.round((index * (entries.length - 1)) / Math.max(1, count - 1))] as T);
}

/** When each cited row happened, as [from, to] in microseconds since run start. */
export type RowTimes = ReadonlyMap<string, readonly [number, number]>;

export function rowTimes(recording: Recording, cited: ReturnType<typeof citedIds>): RowTimes {
  const times = new Map<string, readonly [number, number]>();
  const keep = <R extends { readonly id: number }>(
    table: EvidenceRef['table'],
    rows: readonly R[],
    span: (row: R) => readonly [number, number],
  ): void => {
    const ids = cited.get(table);
    if (ids === undefined) return;
    for (const row of rows) if (ids.has(row.id)) times.set(`${table} ${row.id}`, span(row));
  };
  keep('events', recording.events, ({ atUs }) => [atUs, atUs]);
  keep('requests', recording.requests, ({ intendedUs, endedUs }) => [intendedUs, endedUs]);
  keep('exchanges', recording.exchanges, ({ startedUs, endedUs }) => [startedUs, endedUs]);
  keep('effects', recording.effects, ({ atUs }) => [atUs, atUs]);
  return times;
}

/** A reference as the viewer links it: where on the timeline, and which rows. */
export function evidenceView(reference: EvidenceRef, times: RowTimes, axis: Axis): EvidenceView {
  const ids = spread(reference.ids, MAX_IDS);
  const spans = ids.flatMap((id) => times.get(`${reference.table} ${id}`) ?? []);
  const fromUs = reference.fromUs ?? (spans.length === 0 ? null : Math.min(...spans));
  const toUs = reference.toUs ?? (spans.length === 0 ? fromUs : Math.max(...spans));
  return {
    table: reference.table,
    count: reference.ids.length,
    ids,
    fromMs: fromUs === null ? null : axis.ms(fromUs),
    toMs: toUs === null ? null : axis.ms(toUs),
  };
}
