import { classOf, OUTCOME_CLASSES, type ExchangeView, type OutcomeClass, type RequestView, type RunDetail } from '../payload.ts';
import { formatMs } from '../../../model/time.ts';
import { button, goTo, h, s } from './dom.ts';
import { at, count, tick } from './format.ts';
import { outcomeSwatch } from './glyphs.ts';
import { scaleOf, type Scale } from './strip.ts';
import type { View } from './view.ts';

export interface RequestsSection {
  readonly element: HTMLElement;
  showTrace(traceId: string): void;
}

/** Rows that are listed before the reader asks for more. */
const FIRST_ROWS = 15;

/** The samples, filtered, and one of them from click to end. */
export function requestsSection(detail: RunDetail, view: View, onTrace: (traceId: string) => void): RequestsSection {
  const { samples } = detail;
  const trace = h('div', { class: 'trace', tabindex: -1 });
  const list = h('div', { class: 'request-list' });
  const filter = { name: '', outcome: '', text: '', inRange: false, all: false };
  const showTrace = (traceId: string): void => {
    const request = samples.requests.find((candidate) => candidate.traceId === traceId);
    if (request === undefined) return;
    trace.replaceChildren(traceOf(request, detail));
    for (const row of list.querySelectorAll('tr[data-trace]')) row.classList.toggle('chosen', row.getAttribute('data-trace') === traceId);
    view.set({ mark: { fromMs: request.intendedMs, toMs: request.endedMs } });
    onTrace(traceId);
  };
  const open = (traceId: string): void => {
    showTrace(traceId);
    goTo(trace);
  };
  const fill = (): void => {
    const { range } = view.state();
    const rows = samples.requests.filter((row) => {
      if (filter.name !== '' && row.name !== filter.name) return false;
      if (filter.outcome !== '' && classOf(row.outcome) !== filter.outcome) return false;
      if (filter.inRange && (row.endedMs < range.fromMs || row.intendedMs > range.toMs)) return false;
      return filter.text === '' || `${row.id} ${row.name} ${row.outcome} ${row.status} ${row.traceId} ${row.reason}`.includes(filter.text);
    });
    const shown = filter.all ? rows : rows.slice(0, FIRST_ROWS);
    list.replaceChildren(
      h('p', { class: 'note', role: 'status' }, `${count(rows.length)} of ${count(samples.requests.length)} samples match.`),
      requestTable(shown, open),
      ...(shown.length < rows.length ? [button(`Show all ${rows.length}`, {}, () => ((filter.all = true), fill()))] : []),
    );
  };
  view.onChange((state, before) => {
    if (filter.inRange && state.range !== before.range) fill();
  });
  fill();
  const worst =
    samples.requests.find((row) => row.reason === 'cited' && classOf(row.outcome) === 'error') ??
    samples.requests.find((row) => classOf(row.outcome) !== 'ok') ??
    samples.requests[0];
  if (worst !== undefined) trace.replaceChildren(traceOf(worst, detail));
  return { element: h('div', {}, filters(detail, filter, fill), list, trace), showTrace: open };
}

function filters(
  detail: RunDetail,
  filter: { name: string; outcome: string; text: string; inRange: boolean },
  fill: () => void,
): HTMLElement {
  const names = [...new Set(detail.samples.requests.map(({ name }) => name))];
  const present = OUTCOME_CLASSES.filter((outcome) => detail.samples.requests.some((row) => classOf(row.outcome) === outcome));
  const select = (label: string, options: readonly string[], onPick: (value: string) => void): HTMLElement => {
    const element = h('select', {}, h('option', { value: '' }, 'all'), ...options.map((option) => h('option', { value: option }, option)));
    element.addEventListener('change', () => (onPick(element.value), fill()));
    return h('label', {}, `${label} `, element);
  };
  const search = h('input', { type: 'search', size: 18 });
  search.addEventListener('input', () => ((filter.text = search.value.trim()), fill()));
  const inRange = h('input', { type: 'checkbox' });
  inRange.addEventListener('change', () => ((filter.inRange = inRange.checked), fill()));
  return h(
    'div',
    { class: 'toolbar', role: 'group', 'aria-label': 'Filter the sample requests' },
    select('Request', names, (value) => (filter.name = value)),
    select('Outcome', present, (value) => (filter.outcome = value)),
    h('label', {}, 'Number, status or trace ', search),
    h('label', {}, inRange, ' only what the axis shows'),
  );
}

function requestTable(rows: readonly RequestView[], open: (traceId: string) => void): HTMLElement {
  const heads = ['Request', 'Sent', 'Outcome', 'Took', 'Why it is here'];
  const body = rows.map((row) =>
    h(
      'tr',
      { 'data-trace': row.traceId },
      h(
        'th',
        { scope: 'row' },
        button(`${row.id} ${row.name}`, { class: 'link' }, () => open(row.traceId)),
      ),
      h('td', {}, at(row.intendedMs)),
      h('td', {}, outcomeSwatch(classOf(row.outcome)), ` ${row.outcome}${row.status === 0 ? '' : ` ${row.status}`}`),
      h('td', {}, formatMs(row.endedMs - row.intendedMs)),
      h('td', { class: 'faint' }, row.reason),
    ),
  );
  return h(
    'table',
    { class: 'requests' },
    h('caption', { class: 'hidden' }, 'Sample requests'),
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...body),
  );
}

/** One request and all that the taps saw of it: the mechanism on one example. */
function traceOf(request: RequestView, detail: RunDetail): HTMLElement {
  const exchanges = detail.samples.exchanges.filter(({ traceId }) => traceId === request.traceId);
  const effects = detail.samples.effects.filter(({ traceId }) => traceId === request.traceId);
  const endMs = Math.max(request.endedMs, ...exchanges.map(({ endedMs }) => endedMs)) - request.intendedMs;
  const scale = scaleOf(0, Math.max(endMs, 1), 4);
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'Call'),
    h('th', { scope: 'col', class: 'r-bar' }, axis(scale)),
    h('th', { scope: 'col', class: 'number' }, 'took'),
    h('th', { scope: 'col' }, 'Result'),
  );
  const rows = [requestRow(request, scale), ...exchanges.map((row, index) => exchangeRow(row, exchanges.slice(0, index), request, scale))];
  for (const effect of effects) {
    const x = `${scale.percent(effect.atMs - request.intendedMs)}%`;
    rows.push(
      traceRow(
        'e',
        1,
        [effect.service, 'effect'],
        drawn(scale, s('line', { class: 'edge-tick', x1: x, x2: x, y1: 2, y2: 16 })),
        '',
        effect.text,
      ),
    );
  }
  const degraded = request.observed?.degraded === true ? ' The answer carried the mark of a degraded one.' : '';
  const mismatch = request.observed?.mismatch === undefined ? '' : ` Wrong: ${request.observed.mismatch}.`;
  return h(
    'div',
    {},
    h(
      'h3',
      {},
      `One ${request.name}, from click to ${request.outcome === 'ok' ? 'answer' : request.outcome}`,
      h('span', { class: 'meta' }, `request ${request.id} · sent ${at(request.intendedMs)} · trace ${request.traceId}`),
    ),
    h(
      'p',
      { class: 'say' },
      `${request.outcome}${request.status === 0 ? '' : ` ${request.status}`} after ${formatMs(request.endedMs - request.intendedMs)}; the taps saw ${exchanges.length === 1 ? 'one call' : `${exchanges.length} calls`} of it.${degraded}${mismatch}`,
    ),
    h(
      'table',
      { class: 'spans' },
      h('caption', { class: 'hidden' }, 'The request and its calls'),
      h('thead', {}, head),
      h('tbody', {}, ...rows),
    ),
  );
}

function axis(scale: Scale): SVGSVGElement {
  return s(
    'svg',
    { class: 'axis', width: '100%', height: 16, 'aria-hidden': 'true' },
    ...scale.ticks.map((ms) =>
      s(
        'text',
        { x: `${scale.percent(ms)}%`, y: 12, 'text-anchor': ms === 0 ? 'start' : 'middle' },
        ms === 0 ? '0' : scale.toMs >= 1000 ? `${tick(ms)} s` : `${Number(ms.toFixed(2))} ms`,
      ),
    ),
  );
}

function drawn(scale: Scale, ...marks: readonly SVGElement[]): SVGSVGElement {
  const grid = scale.ticks.map((ms) =>
    s('line', { class: 'grid', x1: `${scale.percent(ms)}%`, x2: `${scale.percent(ms)}%`, y1: 0, y2: 18 }),
  );
  return s('svg', { width: '100%', height: 18, 'aria-hidden': 'true' }, ...grid, ...marks);
}

function traceRow(
  key: string,
  depth: number,
  name: readonly [string, string],
  bar: SVGSVGElement,
  took: string,
  result: string,
): HTMLElement {
  return h(
    'tr',
    { class: `span-${key}` },
    h('th', { scope: 'row', class: `depth-${depth}` }, h('b', {}, name[0]), ` ${name[1]}`),
    h('td', { class: 'r-bar' }, bar),
    h('td', { class: 'number' }, took),
    h('td', { class: 'faint' }, result),
  );
}

const SPAN_OF: Readonly<Record<OutcomeClass, string>> = {
  ok: 'span',
  degraded: 'span-degraded',
  wrong: 'span-bad',
  error: 'span-bad',
  unsent: 'span-bad',
};

function requestRow(request: RequestView, scale: Scale): HTMLElement {
  const end = request.endedMs - request.intendedMs;
  const started = request.startedMs === null ? end : request.startedMs - request.intendedMs;
  const bar = drawn(scale, span('wait', scale, 0, started), span(SPAN_OF[classOf(request.outcome)], scale, started, end));
  return traceRow(
    'q',
    0,
    ['user', request.name],
    bar,
    formatMs(end),
    `${request.outcome}${request.status === 0 ? '' : ` ${request.status}`}${started > 1 ? `, started ${formatMs(started)} late` : ''}`,
  );
}

function exchangeRow(row: ExchangeView, earlier: readonly ExchangeView[], request: RequestView, scale: Scale): HTMLElement {
  const attempt = earlier.filter(({ edge, call }) => edge === row.edge && call === row.call).length + 1;
  const depth =
    1 + earlier.filter(({ startedMs, endedMs, edge }) => edge !== row.edge && startedMs <= row.startedMs && endedMs >= row.endedMs).length;
  const isBad = row.outcome !== 'answered' || row.status >= 500;
  const bar = drawn(scale, span(isBad ? 'span-bad' : 'span', scale, row.startedMs - request.intendedMs, row.endedMs - request.intendedMs));
  const result = [
    row.outcome === 'answered' ? String(row.status) : row.outcome,
    ...(row.touch === null ? [] : [`fault ${row.touch}`]),
  ].join(' · ');
  return traceRow(
    'x',
    Math.min(depth, 4),
    [row.edge, `${row.call}${attempt > 1 ? `, attempt ${attempt}` : ''}`],
    bar,
    formatMs(row.endedMs - row.startedMs),
    result,
  );
}

function span(kind: string, scale: Scale, fromMs: number, toMs: number): SVGElement {
  return s('rect', {
    class: kind,
    x: `${scale.percent(fromMs)}%`,
    y: kind === 'wait' ? 8 : 5,
    width: `${Math.max(0.3, scale.percent(toMs) - scale.percent(fromMs))}%`,
    height: kind === 'wait' ? 2 : 8,
  });
}
