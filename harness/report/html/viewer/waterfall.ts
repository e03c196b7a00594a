import type { BreakerLane, RecoveryView, RunDetail } from '../payload.ts';
import type { RecoveryMoment } from '../../../model/finding.ts';
import { formatMs } from '../../../model/time.ts';
import { h, moment as momentName, s } from './dom.ts';
import { at, tick } from './format.ts';
import { keyEntry } from './glyphs.ts';
import type { EvidencePanel } from './evidence.ts';
import { scaleOf, type Scale } from './strip.ts';

const WORDS: Readonly<Record<RecoveryMoment, readonly [name: string, note: string]>> = {
  t0: ['Fault acknowledged', 'in force from here on'],
  t1: ['First user felt it', 'the first harm that a user could see'],
  t2: ['Contained', 'errors back under the degraded limit, or the fallback serves'],
  t3: ['Fault withdrawn', 'acknowledged: out of force from here on'],
  t4: ['First good call', 'on the edge that the fault was on'],
  t5: ['Breaker closed', 'for good'],
  t6: ['Users served again', 'the first window of normal service that then holds'],
  t7: ['Retries drained', 'one attempt a call again'],
  t8: ['Held', 'recovery confirmed'],
};

/** Most breaker transitions between the moments that get a row of their own. */
const MAX_TRANSITIONS = 10;

interface Step {
  readonly moment: RecoveryMoment | null;
  readonly name: string;
  readonly note: string;
  readonly atMs: number;
  readonly evidence: HTMLElement | null;
}

/** Where the seconds went, and which recorded row proves each step. */
export function waterfall(recovery: RecoveryView, detail: RunDetail, panel: EvidencePanel): HTMLElement {
  const steps = stepsOf(recovery, detail, panel);
  const lastMs = Math.max(1000, ...steps.map(({ atMs }) => atMs), recovery.recoveryMs === null ? recovery.horizonMs : 0);
  const scale = scaleOf(0, lastMs * 1.04, 5);
  const limitMs = limitOf(recovery);
  const head = h(
    'tr',
    { role: 'row' },
    h('th', { role: 'columnheader', scope: 'col', class: 'w-moment' }, h('span', { class: 'hidden' }, 'Moment')),
    h('th', { role: 'columnheader', scope: 'col', class: 'w-what' }, 'What happened'),
    h('th', { role: 'columnheader', scope: 'col', class: 'w-at' }, 'at'),
    h('th', { role: 'columnheader', scope: 'col', class: 'w-took' }, 'took'),
    h('th', { role: 'columnheader', scope: 'col', class: 'w-bar' }, axis(scale)),
    h('th', { role: 'columnheader', scope: 'col', class: 'w-evidence' }, 'Evidence'),
  );
  const rows = steps.map((step, index) => row(step, steps[index - 1]?.atMs ?? null, scale, recovery, limitMs));
  const missing = recovery.moments.filter(({ state }) => state !== 'seen');
  return h(
    'div',
    { class: 'waterfall' },
    h(
      'table',
      { role: 'table' },
      h('caption', { class: 'hidden' }, `The recovery from ${recovery.fault}, moment by moment`),
      h('thead', { role: 'rowgroup' }, head),
      h('tbody', { role: 'rowgroup' }, ...rows, ...missing.map(({ moment, state }) => missingRow(moment, state))),
      h('tfoot', { role: 'rowgroup' }, total(recovery)),
    ),
    h(
      'p',
      { class: 'key' },
      keyEntry('recovering, in time', s('rect', { class: 'w-good', y: 3, width: 22, height: 8 })),
      keyEntry(
        limitMs === null ? 'no limit' : `after the limit (${at(limitMs)})`,
        s('rect', { class: 'w-late', y: 3, width: 22, height: 8 }),
      ),
      keyEntry('limit', s('line', { class: 'limit', x1: 11, x2: 11, y1: 0, y2: 14 })),
    ),
  );
}

function stepsOf(recovery: RecoveryView, detail: RunDetail, panel: EvidencePanel): Step[] {
  const seen = recovery.moments.flatMap(({ moment, atMs, evidence }): Step[] => {
    const [name, note] = WORDS[moment];
    return atMs === null
      ? []
      : [{ moment, name, note, atMs, evidence: h('span', {}, ...evidence.flatMap((entry) => [panel.link(entry), ' '])) }];
  });
  const endMs = recovery.moments.find(({ moment }) => moment === 't6')?.atMs ?? recovery.horizonMs;
  const startMs = recovery.moments.find(({ moment }) => moment === 't3')?.atMs ?? 0;
  const moves = detail.breakers.flatMap((lane) => transitions(lane, startMs, endMs, seen, panel));
  return [...seen, ...moves.slice(0, MAX_TRANSITIONS)].toSorted(
    (left, right) => left.atMs - right.atMs || Number(left.moment === null) - Number(right.moment === null),
  );
}

/** What the breaker did between the fault's end and recovery, but for the transition that is a moment already. */
function transitions(lane: BreakerLane, fromMs: number, toMs: number, seen: readonly Step[], panel: EvidencePanel): Step[] {
  return lane.stretches.flatMap((stretch, index): Step[] => {
    const before = lane.stretches[index - 1];
    const isNews =
      stretch.fromMs > fromMs &&
      stretch.fromMs <= toMs &&
      !seen.some(({ moment, atMs }) => moment === 't5' && Math.abs(atMs - stretch.fromMs) < 1);
    if (before === undefined || !isNews) return [];
    const evidence =
      stretch.event === null
        ? null
        : panel.link({ table: 'events', count: 1, ids: [stretch.event], fromMs: stretch.fromMs, toMs: stretch.fromMs });
    return [{ moment: null, name: `${before.state} → ${stretch.state}`, note: lane.name, atMs: stretch.fromMs, evidence }];
  });
}

function limitOf({ limitMs, moments }: RecoveryView): number | null {
  const t3 = moments.find(({ moment }) => moment === 't3')?.atMs ?? null;
  return limitMs === null || t3 === null ? null : t3 + limitMs;
}

function axis(scale: Scale): SVGSVGElement {
  return s(
    'svg',
    { class: 'axis', width: '100%', height: 16, 'aria-hidden': 'true' },
    ...scale.ticks.map((ms) =>
      s('text', { x: `${scale.percent(ms)}%`, y: 12, 'text-anchor': ms === 0 ? 'start' : 'middle' }, ms === 0 ? '0 s' : tick(ms)),
    ),
  );
}

function row(step: Step, beforeMs: number | null, scale: Scale, recovery: RecoveryView, limitMs: number | null): HTMLElement {
  const tookMs = beforeMs === null ? null : step.atMs - beforeMs;
  const cell = (kind: string, ...children: readonly (Node | string | null)[]): HTMLElement =>
    h('td', { role: 'cell', class: kind }, ...children);
  return h(
    'tr',
    { role: 'row', class: step.moment === null ? 'between' : '' },
    cell('w-moment', step.moment === null ? null : momentName(step.moment)),
    h('th', { role: 'rowheader', scope: 'row', class: 'w-what' }, h('b', {}, step.name), h('span', {}, step.note)),
    cell('w-at', at(step.atMs)),
    cell('w-took', tookMs === null ? '' : formatMs(Math.round(tookMs))),
    cell('w-bar', bar(step, beforeMs, scale, recovery, limitMs)),
    cell('w-evidence', step.evidence),
  );
}

function bar(step: Step, beforeMs: number | null, scale: Scale, recovery: RecoveryView, limitMs: number | null): SVGSVGElement {
  const percent = (ms: number): string => `${scale.percent(ms)}%`;
  const svg = s('svg', { 'aria-hidden': 'true' });
  const of = (name: RecoveryMoment): number | null => recovery.moments.find(({ moment }) => moment === name)?.atMs ?? null;
  const [t0, t3, t6] = [of('t0'), of('t3'), of('t6')];
  if (t0 !== null && t3 !== null)
    svg.append(s('rect', { class: 'band', x: percent(t0), y: 0, width: `${scale.percent(t3) - scale.percent(t0)}%`, height: '100%' }));
  for (const ms of scale.ticks) svg.append(s('line', { class: 'grid', x1: percent(ms), x2: percent(ms), y1: 0, y2: '100%' }));
  if (limitMs !== null) svg.append(s('line', { class: 'limit', x1: percent(limitMs), x2: percent(limitMs), y1: 0, y2: '100%' }));
  const piece = (kind: string, fromMs: number, toMs: number): void => {
    if (toMs > fromMs)
      svg.append(
        s('rect', {
          class: kind,
          x: percent(fromMs),
          y: '50%',
          width: `${scale.percent(toMs) - scale.percent(fromMs)}%`,
          height: 6,
          transform: 'translate(0 -3)',
        }),
      );
  };
  const isRecovering = t3 !== null && step.atMs > t3 && (t6 === null || step.atMs <= t6);
  const fromMs = Math.max(0, beforeMs ?? step.atMs);
  if (!isRecovering) piece('w-neutral', fromMs, step.atMs);
  else {
    piece('w-good', fromMs, Math.min(step.atMs, limitMs ?? step.atMs));
    if (limitMs !== null) piece('w-late', Math.max(fromMs, limitMs), step.atMs);
  }
  svg.append(s('line', { class: 'edge-tick', x1: percent(step.atMs), x2: percent(step.atMs), y1: '30%', y2: '70%' }));
  return svg;
}

function missingRow(moment: RecoveryMoment, state: string): HTMLElement {
  const [name] = WORDS[moment];
  const words = state === 'censored' ? 'not before the run ended' : 'does not apply here';
  return h(
    'tr',
    { role: 'row', class: 'missing' },
    h('td', { role: 'cell', class: 'w-moment' }, momentName(moment)),
    h('th', { role: 'rowheader', scope: 'row', class: 'w-what' }, h('b', {}, name), h('span', {}, words)),
    h('td', { role: 'cell', class: 'w-at' }, '—'),
    h('td', { role: 'cell', class: 'w-took' }),
    h('td', { role: 'cell', class: 'w-bar' }),
    h('td', { role: 'cell', class: 'w-evidence' }),
  );
}

function total(recovery: RecoveryView): HTMLElement {
  const words = recovery.recoveryMs === null ? 'never' : formatMs(recovery.recoveryMs);
  const limit = recovery.limitMs === null ? '' : `; ${formatMs(recovery.limitMs)} were allowed`;
  return h(
    'tr',
    { role: 'row' },
    h('td', { role: 'cell', class: 'w-moment' }),
    h(
      'th',
      { role: 'rowheader', scope: 'row', class: 'w-what' },
      h('b', {}, 'Recovery'),
      h('span', {}, `t6 − t3, resolution ${formatMs(recovery.resolutionMs)}${limit}`),
    ),
    h('td', { role: 'cell', class: 'w-at' }),
    h('td', { role: 'cell', class: 'w-took' }, h('b', { class: recovery.recoveryMs === null ? 'v-fail' : '' }, words)),
    h('td', { role: 'cell', class: 'w-bar' }),
    h('td', { role: 'cell', class: 'w-evidence' }),
  );
}
