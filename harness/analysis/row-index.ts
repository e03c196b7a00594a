import type { Span } from './evidence.ts';

/** Rows by one of their times, for questions about spans. */
export interface RowIndex<T> {
  /** Rows whose time lies in the span: its begin counts, its end does not. */
  within(span: Span): readonly T[];
  readonly rows: readonly T[];
}

/** Rows in order of their time, then of their id, so that the order in which they came decides nothing. */
export function indexRows<T extends { readonly id: number }>(unordered: readonly T[], timeUs: (row: T) => number): RowIndex<T> {
  const rows = inOrder(unordered, timeUs)
    ? unordered
    : unordered.toSorted((left, right) => timeUs(left) - timeUs(right) || left.id - right.id);
  const firstFrom = (atUs: number): number => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = rows[middle];
      if (row !== undefined && timeUs(row) < atUs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { rows, within: ({ fromUs, toUs }) => rows.slice(firstFrom(fromUs), Math.max(firstFrom(fromUs), firstFrom(toUs))) };
}

function inOrder<T extends { readonly id: number }>(rows: readonly T[], timeUs: (row: T) => number): boolean {
  for (let place = 1; place < rows.length; place++) {
    const before = rows[place - 1];
    const row = rows[place];
    if (before === undefined || row === undefined) continue;
    const step = timeUs(row) - timeUs(before);
    if (step < 0 || (step === 0 && row.id < before.id)) return false;
  }
  return true;
}

/** Rows by a name that they carry, each group indexed when it is first asked for. */
export function indexByName<T extends { readonly id: number }>(
  rows: readonly T[],
  name: (row: T) => string,
  timeUs: (row: T) => number,
): (wanted: string) => RowIndex<T> {
  let groups: ReadonlyMap<string, readonly T[]> | undefined;
  const indexes = new Map<string, RowIndex<T>>();
  return (wanted) => {
    groups ??= Map.groupBy(rows, name);
    const known = indexes.get(wanted);
    if (known !== undefined) return known;
    const index = indexRows(groups.get(wanted) ?? [], timeUs);
    indexes.set(wanted, index);
    return index;
  };
}
