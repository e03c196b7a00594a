import type { BreakerLane, FaultLane, RecoveryView, RunDetail, ServiceLane, Stretch } from '../payload.ts';
import { formatMs } from '../../../model/time.ts';
import { s } from './dom.ts';
import { at, tick } from './format.ts';
import { breakerMark, halfOpenDisc } from './glyphs.ts';
import { niceStep } from './strip.ts';

/** Pixels of one lane's plot and what of the run it shows. */
export interface Frame {
  readonly width: number;
  readonly range: Stretch;
}

/** A lane redraws itself whole: a few hundred marks at most. */
export interface Lane {
  readonly title: string;
  readonly notes: readonly string[];
  readonly height: number;
  draw(frame: Frame): readonly SVGElement[];
}

export function xOf({ width, range }: Frame): (ms: number) => number {
  return (ms) => ((ms - range.fromMs) / (range.toMs - range.fromMs)) * width;
}

/** A stretch cut to the frame, in pixels; null where it is out of sight. */
function visible(frame: Frame, fromMs: number, toMs: number): { readonly x: number; readonly width: number } | null {
  const x = xOf(frame);
  const from = Math.max(-2, x(fromMs));
  const to = Math.min(frame.width + 2, x(toMs));
  return to < 0 || from > frame.width || to < from ? null : { x: from, width: to - from };
}

/** Text that is left out where it would not fit: six and a half pixels a letter. */
function fitted(text: string, x: number, width: number, y: number, kind: string): SVGElement[] {
  return text.length * 6.5 + 6 > width ? [] : [s('text', { class: kind, x: x + width / 2, y, 'text-anchor': 'middle' }, text)];
}

export function phaseLane(detail: RunDetail): Lane {
  const height = 18;
  return {
    title: 'Phases',
    notes: [],
    height,
    draw: (frame) =>
      detail.phases.flatMap((phase) => {
        const place = visible(frame, phase.fromMs, phase.toMs);
        if (place === null) return [];
        return [
          s('rect', { class: 'phase', x: place.x, y: 0.5, width: place.width, height: height - 1 }),
          ...fitted(phase.name, place.x, place.width, 13, 'small'),
        ];
      }),
  };
}

/** Full from acknowledged to acknowledged, hatched from asked to acknowledged; below it what it touched. */
export function faultLane(fault: FaultLane, detail: RunDetail): Lane {
  const touched = fault.touched.reduce((sum, value) => sum + value, 0);
  const most = Math.max(1, ...fault.touched);
  const notes = [
    fault.summary,
    fault.bite === 'tap' ? `touched ${touched} of ${fault.exposed} exchanges there` : `${fault.exposed} exchanges there while it acted`,
  ];
  const draw = (frame: Frame): SVGElement[] => {
    const marks: SVGElement[] = [];
    const bar = (kind: string, fromMs: number, toMs: number, label = ''): void => {
      const place = visible(frame, fromMs, toMs);
      if (place !== null)
        marks.push(
          s('rect', { class: kind, x: place.x, y: 0, width: Math.max(place.width, 1), height: 14 }),
          ...fitted(label, place.x, place.width, 11, 'on-dark'),
        );
    };
    for (const window of fault.windows) {
      const endMs = window.withdrawnMs ?? detail.span.toMs;
      if (window.acknowledgedMs !== null) bar('fault', window.acknowledgedMs, endMs, fault.name);
      if (window.requestedMs !== null)
        bar('asked', window.requestedMs, window.acknowledgedMs ?? endMs, window.acknowledgedMs === null ? 'asked, never acknowledged' : '');
      if (window.withdrawRequestedMs !== null) bar('asked', window.withdrawRequestedMs, endMs);
    }
    fault.touched.forEach((count, index) => {
      const fromMs = detail.span.fromMs + index * detail.bucketMs;
      const place = count === 0 ? null : visible(frame, fromMs, fromMs + detail.bucketMs);
      if (place === null) return;
      const tall = 2 + 8 * (count / most);
      marks.push(s('rect', { class: 'touched', x: place.x, y: 27 - tall, width: Math.max(place.width - 0.5, 1), height: tall }));
    });
    return marks;
  };
  return { title: `Fault ${fault.name}`, notes, height: 28, draw };
}

const SOURCES: Readonly<Record<string, string>> = {
  event: 'its own events',
  log: 'read from its log',
  poll: 'polled',
  inferred: 'inferred from traffic',
  process: 'its process',
};

export function breakerLane(lane: BreakerLane): Lane {
  const height = 18;
  const draw = (frame: Frame): SVGElement[] => {
    const x = xOf(frame);
    const marks: SVGElement[] = [];
    const discs: SVGElement[] = [];
    for (const stretch of lane.stretches) {
      const place = visible(frame, stretch.fromMs, stretch.toMs);
      if (place === null) continue;
      if (stretch.state === 'half-open' && place.width < 18) discs.push(halfOpenDisc(place.x + place.width / 2, height - 6));
      else
        marks.push(
          breakerMark(stretch.state, place.x, place.width, height),
          ...fitted(stretch.state, place.x, place.width, stretch.state === 'closed' ? 11 : 13, wordKind(stretch.state)),
        );
      // A state that was polled changed somewhere in between: the bracket holds that interval, and no state is drawn in it.
      if (stretch.fromMs - stretch.earliestMs > 1)
        marks.push(
          s('path', { class: 'bracket', d: `M${x(stretch.earliestMs) + 3} 0h-3v${height}h3M${x(stretch.fromMs) - 3} 0h3v${height}h-3` }),
        );
    }
    return [...marks, ...discs];
  };
  return { title: lane.name, notes: [lane.instance, SOURCES[lane.source] ?? lane.source].filter((note) => note !== ''), height, draw };
}

function wordKind(state: string): string {
  return state === 'open' || state === 'forced-open' ? 'on-red' : 'small';
}

/** Ready is a thin line; whatever is not stands out. */
export function serviceLane(lane: ServiceLane): Lane {
  const height = 16;
  const draw = (frame: Frame): SVGElement[] =>
    lane.stretches.flatMap((stretch) => {
      const place = visible(frame, stretch.fromMs, stretch.toMs);
      if (place === null) return [];
      const isReady = stretch.state === 'ready';
      const mark = s('rect', {
        class: `s-${stretch.state}`,
        x: place.x,
        y: isReady ? height - 3 : 0.5,
        width: Math.max(place.width, 1),
        height: isReady ? 3 : height - 1,
      });
      return [
        mark,
        ...fitted(stretch.state.replace('-', ' '), place.x, place.width, isReady ? 10 : 12, stretch.state === 'down' ? 'on-red' : 'small'),
      ];
    });
  return { title: lane.service, notes: ['the service itself'], height, draw };
}

/** t3 to t6 against its limit. */
export function recoveryLane(recovery: RecoveryView): Lane {
  const height = 30;
  const of = (name: string): number | null => recovery.moments.find(({ moment }) => moment === name)?.atMs ?? null;
  const draw = (frame: Frame): SVGElement[] => {
    const x = xOf(frame);
    const t3 = of('t3');
    if (t3 === null) return [];
    const t6 = of('t6');
    const endMs = t6 ?? recovery.horizonMs;
    const limitMs = recovery.limitMs === null ? null : t3 + recovery.limitMs;
    const line = (kind: string, fromMs: number, toMs: number): SVGElement[] =>
      toMs <= fromMs ? [] : [s('line', { class: kind, x1: x(fromMs), x2: x(toMs), y1: 8, y2: 8 })];
    const marks = [...line('in-time', t3, Math.min(endMs, limitMs ?? endMs)), ...(limitMs === null ? [] : line('late', limitMs, endMs))];
    marks.push(s('line', { class: 'edge-tick', x1: x(t3), x2: x(t3), y1: 3, y2: 13 }));
    if (t6 !== null) marks.push(s('line', { class: 'edge-tick', x1: x(t6), x2: x(t6), y1: 3, y2: 13 }));
    else
      marks.push(s('path', { class: 'censored', transform: `translate(${Math.min(x(endMs), frame.width) - 10} 1)`, d: 'M0 1L11 7L0 13Z' }));
    return [...marks, ...recoveryWords(recovery, frame, { t3, t6, limitMs })];
  };
  return { title: 'Recovery', notes: [`of ${recovery.fault}: t3 to t6 against its limit`], height, draw };
}

function recoveryWords(
  recovery: RecoveryView,
  frame: Frame,
  { t3, t6, limitMs }: { t3: number; t6: number | null; limitMs: number | null },
): SVGElement[] {
  const x = xOf(frame);
  const middle = (fromMs: number, toMs: number): number => (Math.max(0, x(fromMs)) + Math.min(frame.width, x(toMs))) / 2;
  const words: SVGElement[] = [];
  const end = t6 ?? recovery.horizonMs;
  const endX = Math.min(x(end), frame.width);
  const place = endX > frame.width - 170 ? { x: endX - 14, 'text-anchor': 'end', y: 26 } : { x: endX + 6, 'text-anchor': 'start', y: 12 };
  const isFree = place.y === 12 || endX - 180 > middle(t3, limitMs ?? t3) + 35;
  if (limitMs !== null && isFree)
    words.push(
      s(
        'text',
        { class: 'limit-word', x: middle(t3, limitMs), y: 26, 'text-anchor': 'middle' },
        `allowed ${formatMs(recovery.limitMs ?? 0)}`,
      ),
    );
  if (t6 === null) words.push(s('text', { ...place, class: 'late-word' }, 'not recovered by the end'));
  else if (limitMs !== null && t6 > limitMs)
    words.push(s('text', { ...place, class: 'late-word' }, `late by ${formatMs(t6 - limitMs)} ± ${formatMs(recovery.resolutionMs)}`));
  else words.push(s('text', { ...place, class: 'small' }, `${formatMs(t6 - t3)} ± ${formatMs(recovery.resolutionMs)}`));
  return words;
}

/** Names of the moments above the lanes, pushed apart where they would overlap, with a leader to their place. */
export function momentLabels(recovery: RecoveryView, frame: Frame): SVGElement[] {
  const x = xOf(frame);
  const seen = recovery.moments.flatMap(({ moment, atMs }) =>
    atMs === null || x(atMs) < -1 || x(atMs) > frame.width + 1 ? [] : [{ moment, x: x(atMs) }],
  );
  seen.sort((left, right) => left.x - right.x);
  const labels: { readonly moment: string; readonly x: number; at: number }[] = [];
  for (const entry of seen) labels.push({ ...entry, at: Math.max(entry.x, (labels.at(-1)?.at ?? -Infinity) + 17) });
  const over = (labels.at(-1)?.at ?? 0) - frame.width;
  if (over > 0) {
    let next = frame.width + 17;
    for (const label of labels.toReversed()) {
      label.at = Math.min(label.at, next - 17);
      next = label.at;
    }
  }
  return labels.flatMap((label) => {
    const isKey = label.moment === 't0' || label.moment === 't3' || label.moment === 't6';
    const text = s(
      'text',
      { class: isKey ? 'moment-key' : 'moment-name', x: label.at, y: 12, 'text-anchor': 'middle' },
      't',
      s('tspan', { dy: 3, class: 'index' }, label.moment.slice(1)),
    );
    return [text, s('path', { class: 'leader', d: `M${label.at} 18L${label.x} 28` })];
  });
}

export function axisMarks(frame: Frame): SVGElement[] {
  const x = xOf(frame);
  const { range, width } = frame;
  const step = niceStep(((range.toMs - range.fromMs) / width) * 90);
  const marks: SVGElement[] = [s('line', { class: 'axis-line', x1: 0, x2: width, y1: 0.5, y2: 0.5 })];
  for (let ms = Math.ceil(range.fromMs / step) * step; ms <= range.toMs; ms += step) {
    const isEnd = x(ms) < 8 || x(ms) > width - 8;
    marks.push(s('line', { class: 'axis-line', x1: x(ms), x2: x(ms), y1: 0, y2: 4 }));
    if (!isEnd)
      marks.push(s('text', { class: 'axis-word', x: x(ms), y: 16, 'text-anchor': 'middle' }, Math.abs(ms) < 1e-6 ? '0 s' : tick(ms)));
  }
  return marks;
}

/** What a lane's drawing says, in one sentence. */
export function breakerWords(lane: BreakerLane): string {
  const parts = lane.stretches.slice(0, 40).map(({ state, fromMs }, index) => (index === 0 ? state : `${state} at ${at(fromMs)}`));
  return `${lane.name}: ${parts.join(', ')}${lane.stretches.length > 40 ? ', and so on' : ''}.`;
}
