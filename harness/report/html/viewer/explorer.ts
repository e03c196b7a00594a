import type { RecoveryView, RunDetail, Stretch } from '../payload.ts';
import { button, h, s } from './dom.ts';
import type { Film } from './film.ts';
import { at } from './format.ts';
import { keyEntry, breakerMark, halfOpenDisc } from './glyphs.ts';
import { readingsAt, readingWords } from './readout.ts';
import { quietWords, timelineLanes } from './timeline.ts';
import { twinTable } from './twin.ts';
import type { View } from './view.ts';

/** A drag shorter than this is a click, in pixels. */
const CLICK_PX = 4;

/** The shared axis with its controls: buttons and a select, the pointer, and the keyboard. */
export function explorer(detail: RunDetail, recovery: RecoveryView | null, film: Film, view: View): HTMLElement {
  const { lanes, front: slider } = timelineLanes(detail, recovery, film, view);
  const attributes = {
    role: 'slider',
    tabindex: 0,
    id: 'axis',
    'aria-label': 'Cursor on the time axis',
    'aria-describedby': 'axis-help',
    'aria-valuemin': detail.span.fromMs / 1000,
    'aria-valuemax': detail.span.toMs / 1000,
    'aria-valuenow': 0,
    'aria-valuetext': 'no cursor',
  };
  for (const [name, value] of Object.entries(attributes)) slider.setAttribute(name, String(value));
  const readout = h('div', { class: 'readout' });
  const show = (): void => {
    const { cursorMs, group, range } = view.state();
    slider.dataset['zoomed'] = String(range.fromMs > view.full.fromMs || range.toMs < view.full.toMs);
    if (cursorMs === null) {
      readout.replaceChildren(
        h('span', { class: 'hint' }, 'Move over the axis, or focus it and press ← or →, to read every lane at one moment.'),
      );
      return;
    }
    const readings = readingsAt(detail, cursorMs, group);
    readout.replaceChildren(...readings.map(({ name, value }) => h('span', { class: 'reading' }, h('i', {}, name), value)));
    slider.setAttribute('aria-valuenow', String(cursorMs / 1000));
    slider.setAttribute('aria-valuetext', readingWords(readings));
  };
  view.onChange(show);
  point(lanes, slider, view);
  keys(slider, moments(detail, recovery), view);
  show();
  return h(
    'div',
    { class: 'explorer' },
    toolbar(detail, recovery, view),
    lanes,
    readout,
    h('p', { class: 'note quiet' }, quietWords(detail)),
    key(),
    h(
      'p',
      { class: 'note help', id: 'axis-help' },
      'Drag to zoom, double-click for the whole run. Keys on the axis: ← → a step (with Shift ten), Page Up and Page Down to the next event, + − zoom, Home and End, Escape for the whole run.',
    ),
    twinTable(detail, view),
  );
}

function toolbar(detail: RunDetail, recovery: RecoveryView | null, view: View): HTMLElement {
  const bar = h('div', { class: 'toolbar', role: 'group', 'aria-label': 'What the axis shows' });
  const to = (label: string, range: Stretch): void => bar.append(button(label, {}, () => view.set({ range })));
  to('Whole run', view.full);
  for (const fault of detail.faults.slice(0, 4)) {
    const first = fault.windows[0];
    const last = fault.windows.at(-1);
    if (first?.acknowledgedMs !== null && first?.acknowledgedMs !== undefined)
      to(`Fault ${fault.name}`, padded({ fromMs: first.acknowledgedMs, toMs: last?.withdrawnMs ?? detail.span.toMs }));
  }
  const of = (name: string): number | null => recovery?.moments.find(({ moment }) => moment === name)?.atMs ?? null;
  const t3 = of('t3');
  if (t3 !== null) to('Recovery', padded({ fromMs: t3, toMs: of('t6') ?? detail.span.toMs }));
  bar.append(
    button('+', { 'aria-label': 'Zoom in' }, () => view.zoom(2)),
    button('−', { 'aria-label': 'Zoom out' }, () => view.zoom(0.5)),
  );
  if (detail.arrivals.length > 1) {
    const select = h(
      'select',
      { id: 'group' },
      ...detail.arrivals.map(({ name }, index) => h('option', { value: index }, name === '' ? 'all requests' : name)),
    );
    select.value = String(view.state().group);
    select.addEventListener('change', () => view.set({ group: Number(select.value) }));
    bar.append(h('label', { for: 'group' }, 'Arrivals and latency of '), select);
  }
  const range = h('span', { class: 'range' });
  const show = (): void => {
    const { range: shown } = view.state();
    range.textContent = `${at(shown.fromMs)} to ${at(shown.toMs)}`;
  };
  view.onChange(show);
  show();
  bar.append(range);
  return bar;
}

export function padded({ fromMs, toMs }: Stretch): Stretch {
  const edge = Math.max((toMs - fromMs) * 0.15, 500);
  return { fromMs: fromMs - edge, toMs: toMs + edge };
}

/** The pointer reads, a drag zooms, a double click shows the whole run. */
function point(lanes: HTMLElement, front: HTMLElement, view: View): void {
  const brush = h('div', { class: 'brush', hidden: true });
  const plotBox = (): DOMRect => (lanes.querySelector('.axis-row .plot') ?? lanes).getBoundingClientRect();
  const timeAt = (clientX: number): number => {
    const box = plotBox();
    const { range } = view.state();
    return range.fromMs + Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * (range.toMs - range.fromMs);
  };
  let startX: number | null = null;
  front.append(brush);
  front.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    startX = event.clientX;
    front.setPointerCapture(event.pointerId);
  });
  front.addEventListener('pointermove', (event) => {
    view.set({ cursorMs: timeAt(event.clientX) });
    if (startX === null || Math.abs(event.clientX - startX) < CLICK_PX) return;
    const left = front.getBoundingClientRect().left;
    brush.hidden = false;
    brush.style.left = `${Math.min(startX, event.clientX) - left}px`;
    brush.style.width = `${Math.abs(event.clientX - startX)}px`;
  });
  const end = (event: PointerEvent): void => {
    brush.hidden = true;
    if (startX !== null && event.type === 'pointerup' && Math.abs(event.clientX - startX) >= CLICK_PX) {
      const [fromMs, toMs] = [timeAt(startX), timeAt(event.clientX)].toSorted((left, right) => left - right);
      if (fromMs !== undefined && toMs !== undefined) view.set({ range: { fromMs, toMs } });
    } else if (event.type === 'pointerup') view.set({ cursorMs: timeAt(event.clientX) });
    startX = null;
  };
  front.addEventListener('pointerup', end);
  front.addEventListener('pointercancel', end);
  front.addEventListener('dblclick', () => view.set({ range: view.full, mark: null }));
}

/** Moments worth a stop: what moved, in order. */
function moments(detail: RunDetail, recovery: RecoveryView | null): number[] {
  const stops = [
    ...detail.phases.map(({ fromMs }) => fromMs),
    ...detail.faults.flatMap(({ windows }) =>
      windows.flatMap(({ requestedMs, acknowledgedMs, withdrawnMs }) => [requestedMs, acknowledgedMs, withdrawnMs]),
    ),
    ...detail.breakers.flatMap(({ stretches }) => stretches.map(({ fromMs }) => fromMs)),
    ...detail.services.flatMap(({ stretches }) => stretches.map(({ fromMs }) => fromMs)),
    ...(recovery?.moments ?? []).map(({ atMs }) => atMs),
  ];
  return [...new Set(stops.filter((stop) => stop !== null))].toSorted((left, right) => left - right);
}

function keys(slider: HTMLElement, stops: readonly number[], view: View): void {
  slider.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { cursorMs, range } = view.state();
    const from = cursorMs ?? range.fromMs;
    const stride = view.bucketMs * (event.shiftKey ? 10 : 1);
    const actions: Readonly<Record<string, () => void>> = {
      ArrowRight: () => view.step(cursorMs === null ? from : from + stride),
      ArrowUp: () => view.step(from + stride),
      ArrowLeft: () => view.step(from - stride),
      ArrowDown: () => view.step(from - stride),
      PageDown: () => view.step(stops.find((stop) => stop >= from + view.bucketMs) ?? from),
      PageUp: () => view.step(stops.findLast((stop) => stop < from) ?? from),
      Home: () => view.step(view.full.fromMs),
      End: () => view.step(view.full.toMs),
      '+': () => view.zoom(2),
      '=': () => view.zoom(2),
      '-': () => view.zoom(0.5),
      Escape: () => view.set({ range: view.full, mark: null, cursorMs: null }),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

function key(): HTMLElement {
  return h(
    'p',
    { class: 'key' },
    keyEntry('closed', breakerMark('closed', 0, 22, 12)),
    keyEntry('half-open (short ones drawn wider)', halfOpenDisc(11, 7)),
    keyEntry('open', breakerMark('open', 0, 22, 12)),
    keyEntry('unknown', breakerMark('unknown', 0, 21, 12)),
    keyEntry('changed in between', s('path', { class: 'bracket', d: 'M7 1h-3v11h3M15 1h3v11h-3' })),
    keyEntry('asked, not yet acknowledged', s('rect', { class: 'asked', width: 22, height: 12 })),
    keyEntry('limit', s('line', { class: 'limit', x1: 11, x2: 11, y1: 0, y2: 14 })),
    keyEntry('evidence', s('rect', { class: 'marked', x: 4, width: 12, height: 13 })),
  );
}
