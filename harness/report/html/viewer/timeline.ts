import type uPlot from 'uplot';
import { OUTCOME_CLASSES, type BreakerLane, type RecoveryView, type RunDetail, type ServiceLane, type Stretch } from '../payload.ts';
import { arrivalChart, drawChart, edgeChart, GUTTER, latencyChart, NARROW_GUTTER, sentinelChart, type ChartSpec } from './charts.ts';
import { h, s } from './dom.ts';
import { isOnAxis, type Film } from './film.ts';
import { filmstrip } from './filmstrip.ts';
import { count } from './format.ts';
import { outcomeSwatch } from './glyphs.ts';
import {
  axisMarks,
  breakerLane,
  breakerWords,
  faultLane,
  momentLabels,
  phaseLane,
  recoveryLane,
  serviceLane,
  xOf,
  type Frame,
  type Lane,
} from './lanes.ts';
import { onThemeChange, readPalette, type Palette } from './palette.ts';
import type { View } from './view.ts';

interface Drawn {
  /** Draws anew at another width or in other colours. */
  build(frame: Frame, palette: Palette): void;
  /** Follows the range and the group. */
  update(frame: Frame): void;
}

/** The lanes, and the pane before them that takes pointer and keys. */
export interface Timeline {
  readonly lanes: HTMLElement;
  readonly front: HTMLElement;
}

/** Everything on one clock: what was done to the system, what it did, what users got, and whether the machine is to blame. */
export function timelineLanes(detail: RunDetail, recovery: RecoveryView | null, film: Film, view: View): Timeline {
  const plot = h('div', { class: 'lanes' });
  const parts: Drawn[] = [];
  const under = s('svg', { class: 'under', 'aria-hidden': 'true' });
  const over = s('svg', { class: 'over', 'aria-hidden': 'true' });
  const add = (lane: Lane, words: string): void => void parts.push(svgLane(plot, lane, words));
  if (recovery !== null) parts.push(labelRow(plot, recovery));
  if (recovery !== null) add(recoveryLane(recovery), 'Recovery against its limit; the table below has each moment.');
  add(phaseLane(detail), `Phases: ${detail.phases.map(({ name }) => name).join(', ')}.`);
  for (const fault of detail.faults) add(faultLane(fault, detail), `Fault ${fault.name}: ${fault.summary}.`);
  for (const lane of detail.breakers.filter(isLively)) add(breakerLane(lane), breakerWords(lane));
  for (const lane of detail.services.filter(isEventful)) add(serviceLane(lane), `Service ${lane.service}.`);
  parts.push(...chartLanes(plot, detail, view));
  for (const journey of filmedJourneys(film, view)) parts.push(filmLane(plot, journey, film, view));
  parts.push(axisRow(plot, detail));
  const front = h('div', { class: 'veil front' }, over);
  plot.append(h('div', { class: 'veil' }, under), front);
  parts.push(overlay(under, over, plot, detail, recovery, view));
  wire(plot, parts, view);
  return { lanes: plot, front };
}

/** Ink for exceptions: a breaker that stayed closed and a service that stayed ready are told in words. */
function isLively({ stretches }: BreakerLane): boolean {
  return stretches.some(({ state }) => state !== 'closed');
}

function isEventful({ stretches }: ServiceLane): boolean {
  return stretches.some(({ state }) => state !== 'ready');
}

/** What got no lane, in a sentence; empty where everything got one. */
export function quietWords({ breakers, services }: RunDetail): string {
  const closed = breakers.filter((lane) => !isLively(lane)).map(({ name }) => name);
  const ready = services.filter((lane) => !isEventful(lane)).map(({ service }) => service);
  return [
    ...(closed.length === 0 ? [] : [`Closed throughout: ${closed.join(', ')}.`]),
    ...(ready.length === 0 ? [] : [`Ready throughout: ${ready.join(', ')}.`]),
  ].join(' ');
}

/** Most journeys whose pictures get a lane. */
const MAX_FILM_LANES = 4;

function filmedJourneys({ pictures }: Film, view: View): string[] {
  const filmed = pictures.filter((picture) => isOnAxis(picture, view)).map(({ journey }) => journey);
  return [...new Set(filmed)].slice(0, MAX_FILM_LANES);
}

function filmLane(plot: HTMLElement, journey: string, film: Film, view: View): Drawn {
  const { element, note, update } = filmstrip(journey, film, view);
  const host = lane(plot, 'What users saw', [journey, note], 'film-lane');
  host.append(element);
  return { build: update, update };
}

/** Draws when the width is known, when it changes, and when the view does. */
function wire(plot: HTMLElement, parts: readonly Drawn[], view: View): void {
  let width = 0;
  const frame = (): Frame => ({ width, range: view.state().range });
  const build = (): void => {
    if (width <= 0) return;
    const palette = readPalette();
    for (const part of parts) part.build(frame(), palette);
  };
  new ResizeObserver(() => {
    const measured = plot.querySelector('.axis-row .plot')?.clientWidth ?? 0;
    // A lane that grew or shrank moves the others: the overlay measures anew.
    if (measured === width) {
      parts.at(-1)?.update(frame());
      return;
    }
    width = measured;
    build();
  }).observe(plot);
  onThemeChange(build);
  view.onChange((state, before) => {
    if (width <= 0) return;
    if (state.group !== before.group) build();
    else for (const part of parts) part.update(frame());
  });
}

function lane(plot: HTMLElement, title: string, notes: readonly (Node | string)[], kind = ''): HTMLElement {
  const host = h('div', { class: 'plot' });
  plot.append(
    h(
      'div',
      { class: `lane ${kind}` },
      h('div', { class: 'lane-name' }, h('b', {}, title), ...notes.map((note) => h('span', {}, note))),
      host,
    ),
  );
  return host;
}

function svgLane(plot: HTMLElement, content: Lane, words: string): Drawn {
  const host = lane(plot, content.title, content.notes);
  const svg = s('svg', { height: content.height, role: 'img', 'aria-label': words });
  host.append(svg);
  const update = (frame: Frame): void => {
    svg.setAttribute('width', String(frame.width));
    svg.replaceChildren(...content.draw(frame));
  };
  return { build: update, update };
}

function labelRow(plot: HTMLElement, recovery: RecoveryView): Drawn {
  const host = lane(plot, '', [], 'moments');
  const svg = s('svg', { height: 28, 'aria-hidden': 'true' });
  host.append(svg);
  const update = (frame: Frame): void => {
    svg.setAttribute('width', String(frame.width));
    svg.replaceChildren(...momentLabels(recovery, frame));
  };
  return { build: update, update };
}

function axisRow(plot: HTMLElement, detail: RunDetail): Drawn {
  const title = detail.zero === 'fault' ? 'Seconds since t0' : 'Seconds since the fault was due';
  const host = lane(plot, title, [], 'axis-row');
  const svg = s('svg', { height: 20, 'aria-hidden': 'true' });
  host.append(svg);
  const update = (frame: Frame): void => {
    svg.setAttribute('width', String(frame.width));
    svg.replaceChildren(...axisMarks(frame));
  };
  return { build: update, update };
}

/** The dense series. */
function chartLanes(plot: HTMLElement, detail: RunDetail, view: View): Drawn[] {
  const group = (): RunDetail['arrivals'][number] | undefined => detail.arrivals[view.state().group] ?? detail.arrivals[0];
  const key = h('span', { class: 'outcome-key' });
  const fillKey = (): void => {
    const shown = group();
    key.replaceChildren(
      ...OUTCOME_CLASSES.toReversed().flatMap((name) =>
        (shown?.totals[name] ?? 0) === 0 ? [] : [h('span', {}, outcomeSwatch(name), ` ${name} ${count(shown?.totals[name] ?? 0)}`)],
      ),
    );
  };
  const arrivals = lane(plot, 'Arrivals by outcome', [`by intended time, ${detail.bucketMs / 1000} s a step`, key], 'tall');
  const latency = lane(
    plot,
    'Latency',
    ['from intended time, log scale', lineKey('thick', 'p95'), lineKey('thin', 'median'), lineKey('dotted', 'slowest')],
    'tall',
  );
  const drawn: Drawn[] = [
    { build: fillKey, update: fillKey },
    chart(
      arrivals,
      (palette) => specOf(group(), (shown) => arrivalChart(shown, detail.bucketMs, palette)),
      detail,
      view,
      'Arrivals a second by outcome; the table below has the numbers.',
    ),
    chart(
      latency,
      (palette) => specOf(group(), (shown) => latencyChart(shown, detail.limits.p95Ms, palette)),
      detail,
      view,
      'Median, 95th percentile and slowest latency; the table below has the numbers.',
    ),
  ];
  const edges = detail.edges.filter(({ total }) => total > 0);
  for (const edge of edges) {
    const notes = [
      edge.edge,
      h(
        'span',
        { class: 'outcome-key' },
        h(
          'span',
          {},
          s('svg', { class: 'swatch', width: 16, height: 10 }, s('rect', { class: 'o-error', width: 16, height: 10 })),
          ' repeated',
        ),
        h('span', {}, outcomeSwatch('ok'), ' first attempt'),
      ),
      lineKey('dotted', 'failed'),
    ];
    const host = lane(plot, 'Calls on the edge', notes, 'tall');
    drawn.push(
      chart(
        host,
        (palette) => edgeChart(edge, detail.bucketMs, palette),
        detail,
        view,
        `Calls a second on ${edge.edge}, first attempts and repeats.`,
      ),
    );
  }
  if (detail.sentinel !== null) {
    const host = lane(plot, 'Sentinel', ['delay of the machine itself'], 'tall');
    drawn.push(chart(host, (palette) => sentinelChart(detail, palette), detail, view, 'Delay that the machine itself added.'));
  }
  return drawn;
}

function specOf(
  group: RunDetail['arrivals'][number] | undefined,
  make: (group: RunDetail['arrivals'][number]) => ChartSpec,
): ChartSpec | null {
  return group === undefined ? null : make(group);
}

function lineKey(kind: string, words: string): HTMLElement {
  return h(
    'span',
    { class: 'line-key' },
    s(
      'svg',
      { class: 'swatch', width: 18, height: 8, 'aria-hidden': 'true' },
      s('line', { class: `l-${kind}`, x1: 0, x2: 18, y1: 4, y2: 4 }),
    ),
    ` ${words}`,
  );
}

function chart(host: HTMLElement, spec: (palette: Palette) => ChartSpec | null, detail: RunDetail, view: View, words: string): Drawn {
  let current: uPlot | null = null;
  host.setAttribute('role', 'img');
  host.setAttribute('aria-label', words);
  const range = (): Stretch => view.state().range;
  return {
    build(frame, palette) {
      current?.destroy();
      const made = spec(palette);
      const gutter = matchMedia('(max-width: 760px)').matches ? NARROW_GUTTER : GUTTER;
      current = made === null ? null : drawChart(host, made, detail, palette, frame.width, gutter, range);
    },
    update(frame) {
      current?.setScale('x', { min: frame.range.fromMs, max: frame.range.toMs });
    },
  };
}

/** Behind the lanes: fault bands and marked evidence. Before them: moments, the limit, the cursor. */
function overlay(
  under: SVGSVGElement,
  over: SVGSVGElement,
  plot: HTMLElement,
  detail: RunDetail,
  recovery: RecoveryView | null,
  view: View,
): Drawn {
  const update = (frame: Frame): void => {
    const x = xOf(frame);
    const height = plot.clientHeight;
    const inside = (ms: number): boolean => x(ms) >= -1 && x(ms) <= frame.width + 1;
    const box = (kind: string, { fromMs, toMs }: Stretch): SVGElement => {
      const from = Math.min(frame.width, Math.max(0, x(fromMs)));
      return s('rect', { class: kind, x: from, y: 0, width: Math.max(0, Math.min(frame.width, x(toMs)) - from), height });
    };
    const line = (kind: string, ms: number, top: number): SVGElement[] =>
      inside(ms) ? [s('line', { class: kind, x1: x(ms), x2: x(ms), y1: top, y2: height - 22 })] : [];
    const { cursorMs, mark } = view.state();
    const bands = detail.faults.flatMap(({ windows }) =>
      windows.flatMap(({ acknowledgedMs, withdrawnMs }) =>
        acknowledgedMs === null ? [] : [{ fromMs: acknowledgedMs, toMs: withdrawnMs ?? detail.span.toMs }],
      ),
    );
    under.replaceChildren(...bands.map((band) => box('band', band)));
    const limitMs = limitOf(recovery);
    over.replaceChildren(
      ...(recovery?.moments ?? []).flatMap(({ moment, atMs }) =>
        atMs === null ? [] : line(moment === 't0' || moment === 't3' || moment === 't6' ? 'at-key' : 'at-moment', atMs, 28),
      ),
      ...(limitMs === null ? [] : line('limit', limitMs, 28)),
      ...(mark === null
        ? []
        : [
            box('marked', {
              fromMs: mark.fromMs,
              toMs: Math.max(mark.toMs, mark.fromMs + ((frame.range.toMs - frame.range.fromMs) / frame.width) * 3),
            }),
          ]),
      ...(cursorMs === null || !inside(cursorMs)
        ? []
        : [box('cursor', { fromMs: cursorMs, toMs: cursorMs + view.bucketMs }), ...line('cursor-line', cursorMs, 0)]),
    );
    for (const svg of [under, over]) {
      svg.setAttribute('width', String(frame.width));
      svg.setAttribute('height', String(height));
    }
  };
  return { build: update, update };
}

function limitOf(recovery: RecoveryView | null): number | null {
  const t3 = recovery?.moments.find(({ moment }) => moment === 't3')?.atMs ?? null;
  return recovery === null || recovery.limitMs === null || t3 === null ? null : t3 + recovery.limitMs;
}
