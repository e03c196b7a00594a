import type { EvidenceView, RunDetail, Stretch } from '../payload.ts';
import { h, button, goTo } from './dom.ts';
import { at, count } from './format.ts';
import { padded } from './explorer.ts';
import type { View } from './view.ts';

/** What a click on evidence opens. */
export interface EvidencePanel {
  readonly element: HTMLElement;
  /** A link that marks the evidence on the axis and lists its rows. */
  link(evidence: EvidenceView): HTMLElement;
}

/** Shows the cited rows beside the axis, and marks where they lie on it. */
export function evidencePanel(detail: RunDetail, view: View, showTrace: (traceId: string) => void): EvidencePanel {
  const element = h('div', { class: 'evidence', hidden: true, role: 'region', 'aria-label': 'Evidence', tabindex: -1 });
  const close = (): void => {
    element.hidden = true;
    view.set({ mark: null });
  };
  const open = (evidence: EvidenceView): void => {
    const span = spanOf(evidence);
    const words = span === null ? '' : span.toMs - span.fromMs < 1 ? ` · ${at(span.fromMs)}` : ` · ${at(span.fromMs)} to ${at(span.toMs)}`;
    element.replaceChildren(
      h('p', {}, h('b', {}, `Evidence: ${label(evidence)}`), words, ' ', button('Close', {}, close)),
      rowsOf(evidence, detail, showTrace),
    );
    element.hidden = false;
    if (span !== null) {
      const { range } = view.state();
      const isSeen = span.fromMs >= range.fromMs && span.toMs <= range.toMs;
      view.set({ mark: span, cursorMs: span.fromMs, ...(isSeen ? {} : { range: padded(span) }) });
    }
    const axis = document.getElementById('timeline');
    if (axis !== null) goTo(axis);
  };
  const link = (evidence: EvidenceView): HTMLElement =>
    button(label(evidence), { class: 'link', title: 'Show it on the time axis' }, () => open(evidence));
  return { element, link };
}

function spanOf({ fromMs, toMs }: EvidenceView): Stretch | null {
  return fromMs === null ? null : { fromMs, toMs: toMs ?? fromMs };
}

/** `event 41`, `requests 421–793 (227)`. */
function label({ table, count: total, ids }: EvidenceView): string {
  const noun = table.replace(/s$/, '');
  const [first] = ids;
  if (first === undefined) return table === 'windows' ? 'window' : table;
  if (total === 1) return `${noun} ${first}`;
  return `${noun}s ${first}–${ids.at(-1) ?? first} (${count(total)})`;
}

function rowsOf({ table, ids, count: total }: EvidenceView, detail: RunDetail, showTrace: (traceId: string) => void): HTMLElement {
  const wanted = new Set(ids);
  const { samples, events } = detail;
  const trace = (traceId: string): Node =>
    samples.requests.some((request) => request.traceId === traceId)
      ? button('its trace', { class: 'link' }, () => showTrace(traceId))
      : document.createTextNode('');
  const lines: (readonly (Node | string)[])[] = [];
  if (table === 'events')
    for (const event of events)
      if (wanted.has(event.id)) lines.push([`event ${event.id} · ${at(event.atMs)} · ${event.subject}: ${event.text}`]);
  if (table === 'requests') {
    for (const row of samples.requests)
      if (wanted.has(row.id))
        lines.push([
          `request ${row.id} · ${at(row.intendedMs)} · ${row.name}: ${row.outcome}${row.status === 0 ? '' : ` ${row.status}`} `,
          trace(row.traceId),
        ]);
  }
  if (table === 'exchanges') {
    for (const row of samples.exchanges)
      if (wanted.has(row.id))
        lines.push([
          `exchange ${row.id} · ${at(row.startedMs)} · ${row.edge} ${row.call}: ${row.outcome}${row.status === 0 ? '' : ` ${row.status}`}${row.touch === null ? '' : ` (${row.touch})`} `,
          trace(row.traceId),
        ]);
  }
  if (table === 'effects')
    for (const row of samples.effects)
      if (wanted.has(row.id)) lines.push([`effect ${row.id} · ${at(row.atMs)} · ${row.service}: ${row.text} `, trace(row.traceId)]);
  const rest = total - lines.length;
  if (table === 'windows') return h('p', { class: 'note' }, 'A window of the analysis: the stretch that is marked on the axis.');
  return h(
    'ul',
    {},
    ...lines.map((line) => h('li', {}, ...line)),
    rest > 0 ? h('li', { class: 'note' }, `${count(rest)} more in the recording`) : null,
  );
}
