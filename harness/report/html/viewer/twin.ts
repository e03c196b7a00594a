import type { RunDetail } from '../payload.ts';
import { h } from './dom.ts';
import { at, count, latency } from './format.ts';
import type { View } from './view.ts';

/** Most rows of the table: a long run is told in longer steps. */
const MAX_ROWS = 120;

/** The charts as a table, made when it is opened. */
export function twinTable(detail: RunDetail, view: View): HTMLElement {
  const buckets = detail.arrivals[0]?.p50Ms.length ?? 0;
  const merge = Math.max(Math.ceil(1000 / detail.bucketMs), Math.ceil(buckets / MAX_ROWS));
  const body = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The time axis as a table' });
  const element = h(
    'details',
    { class: 'twin' },
    h('summary', {}, `The same, as a table (one row per ${(merge * detail.bucketMs) / 1000} s)`),
    body,
  );
  const fill = (): void => body.replaceChildren(table(detail, view.state().group, merge));
  element.addEventListener('toggle', () => {
    if (element.open) fill();
  });
  view.onChange((state, before) => {
    if (element.open && state.group !== before.group) fill();
  });
  return element;
}

function table(detail: RunDetail, groupIndex: number, merge: number): HTMLElement {
  const group = detail.arrivals[groupIndex] ?? detail.arrivals[0];
  const edge = detail.edges[0];
  const heads = [
    'From',
    'Phase',
    'Fault',
    ...detail.breakers.map(({ name }) => name),
    'Ok',
    'Degraded',
    'Wrong',
    'Error',
    'Unsent',
    'Median',
    'p95',
    'Slowest',
    ...(edge === undefined ? [] : [`Calls ${edge.edge}`, 'Repeated']),
  ];
  const rows: HTMLElement[] = [];
  for (let from = 0; group !== undefined && from < group.p50Ms.length; from += merge) {
    const fromMs = detail.span.fromMs + from * detail.bucketMs;
    const toMs = fromMs + merge * detail.bucketMs;
    const total = (column: readonly number[]): string => count(column.slice(from, from + merge).reduce((sum, value) => sum + value, 0));
    const most = (column: readonly (number | null)[]): string =>
      latency(
        column.slice(from, from + merge).reduce<number | null>((high, value) => (value === null ? high : Math.max(high ?? 0, value)), null),
      );
    const acting = detail.faults.filter(({ windows }) =>
      windows.some(
        ({ acknowledgedMs, withdrawnMs }) => acknowledgedMs !== null && acknowledgedMs < toMs && (withdrawnMs ?? Infinity) > fromMs,
      ),
    );
    const cells = [
      detail.phases.find((phase) => fromMs >= phase.fromMs - 1 && fromMs < phase.toMs)?.name ?? '',
      acting.map(({ name }) => name).join(', '),
      ...detail.breakers.map(({ stretches }) =>
        [...new Set(stretches.filter((stretch) => stretch.fromMs < toMs && stretch.toMs > fromMs).map(({ state }) => state))].join(' → '),
      ),
      total(group.counts.ok),
      total(group.counts.degraded),
      total(group.counts.wrong),
      total(group.counts.error),
      total(group.counts.unsent),
      most(group.p50Ms),
      most(group.p95Ms),
      most(group.maxMs),
      ...(edge === undefined ? [] : [total(edge.first.map((value, index) => value + (edge.repeated[index] ?? 0))), total(edge.repeated)]),
    ];
    rows.push(h('tr', {}, h('th', { scope: 'row' }, at(fromMs)), ...cells.map((cell) => h('td', {}, cell))));
  }
  const caption = h('caption', {}, merge > 1 ? 'Latencies are the highest of the steps in each row.' : 'One row a step.');
  return h(
    'table',
    { class: 'numbers' },
    caption,
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...rows),
  );
}
