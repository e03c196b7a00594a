import type { Verdict } from '../../../model/verdict.ts';
import type { RecoverySummary, RunSummary } from '../payload.ts';
import { s } from './dom.ts';
import { at } from './format.ts';
import { formatMs } from '../../../model/time.ts';
import { breakerMark } from './glyphs.ts';

/** A shared axis in percent of a cell's width. */
export interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ticks: readonly number[];
  percent(ms: number): number;
}

/** Units of a strip's own coordinate system: it stretches with its cell. */
const STRIP_WIDTH = 1000;
const BARS_HEIGHT = 20;
const BREAKER_HEIGHT = 9;

export function scaleOf(fromMs: number, toMs: number, wanted: number): Scale {
  const stepMs = niceStep((toMs - fromMs) / wanted);
  const ticks: number[] = [];
  for (let tick = Math.ceil(fromMs / stepMs) * stepMs; tick <= toMs; tick += stepMs) ticks.push(tick);
  return { fromMs, toMs, ticks, percent: (ms) => ((Math.min(toMs, Math.max(fromMs, ms)) - fromMs) / (toMs - fromMs)) * 100 };
}

/** 1, 2 or 5 times a power of ten. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}

export function stripScale(runs: readonly RunSummary[]): Scale {
  const fromMs = Math.min(-1000, ...runs.map(({ span }) => span.fromMs));
  return scaleOf(fromMs, Math.max(1000, ...runs.map(({ span }) => span.toMs)), 5);
}

/** From zero to a little beyond the longest recovery or limit. */
export function recoveryScale(runs: readonly RunSummary[]): Scale {
  const lengths = runs.flatMap(({ recovery }) => [
    recovery?.recoveryMs ?? 0,
    recovery?.limitMs ?? 0,
    recovery !== null && recovery.recoveryMs === null ? (recovery.lookedMs ?? 0) : 0,
  ]);
  return scaleOf(0, Math.max(1000, ...lengths) * 1.08, 4);
}

/** The run at a glance: bands where a fault acted, bars for what was not ok, the breaker below. */
export function stripOf(run: RunSummary, scale: Scale): SVGSVGElement {
  const x = (ms: number): number => (scale.percent(ms) / 100) * STRIP_WIDTH;
  const { fromMs, bucketMs, notOk } = run.strip;
  const height = BARS_HEIGHT + 4 + BREAKER_HEIGHT;
  const bars = notOk.map((share, index) => {
    const from = x(fromMs + index * bucketMs);
    const top = BARS_HEIGHT * (1 - (share ?? 0));
    return `M${from.toFixed(1)} ${BARS_HEIGHT}V${top.toFixed(1)}H${x(fromMs + (index + 1) * bucketMs).toFixed(1)}V${BARS_HEIGHT}Z`;
  });
  const marks = (run.breaker?.stretches ?? []).map((stretch) => {
    const mark = breakerMark(stretch.state, x(stretch.fromMs), x(stretch.toMs) - x(stretch.fromMs), BREAKER_HEIGHT);
    mark.setAttribute('transform', `translate(0 ${BARS_HEIGHT + 4})`);
    return mark;
  });
  return s(
    'svg',
    {
      class: 'strip',
      width: '100%',
      height,
      viewBox: `0 0 ${STRIP_WIDTH} ${height}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': stripWords(run),
    },
    ...run.bands.map((band) => s('rect', { class: 'band', x: x(band.fromMs), y: 0, width: x(band.toMs) - x(band.fromMs), height })),
    s('path', { class: 'o-error', d: bars.filter((_, index) => (notOk[index] ?? 0) > 0).join('') }),
    s('line', { class: 'ground', x1: x(run.span.fromMs), x2: x(run.span.toMs), y1: BARS_HEIGHT, y2: BARS_HEIGHT }),
    ...marks,
  );
}

function stripWords(run: RunSummary): string {
  const bad = run.strip.notOk.flatMap((share, index) => ((share ?? 0) > 0.02 ? [run.strip.fromMs + index * run.strip.bucketMs] : []));
  const first = bad[0];
  const last = bad.at(-1);
  const errors =
    first === undefined || last === undefined
      ? 'Every answer was ok'
      : `Answers were not ok between ${at(first)} and ${at(last + run.strip.bucketMs)}`;
  const opened = run.breaker?.stretches.filter(({ state }) => state === 'open').length ?? 0;
  return `${errors}.${run.breaker === null ? '' : ` ${run.breaker.name} was open ${opened === 1 ? 'once' : `${opened} times`}.`}`;
}

/** Each run's recovery as a dot with its resolution, the limit as a tick on the same axis. */
export function recoveryDots(
  runs: readonly { readonly recovery: RecoverySummary | null; readonly verdict: Verdict }[],
  scale: Scale,
): SVGSVGElement {
  const svg = s('svg', { class: 'dots', width: '100%', height: 34, role: 'img' });
  const percent = (ms: number): string => `${scale.percent(ms)}%`;
  for (const tick of scale.ticks) svg.append(s('line', { class: 'grid', x1: percent(tick), x2: percent(tick), y1: 0, y2: 34 }));
  const limit = runs.find(({ recovery }) => recovery !== null && recovery.limitMs !== null)?.recovery?.limitMs ?? null;
  if (limit !== null) svg.append(s('line', { class: 'limit', x1: percent(limit), x2: percent(limit), y1: 5, y2: 29 }));
  const known = runs.flatMap(({ recovery, verdict }) =>
    recovery === null ? [] : [{ recovery, verdict: verdict === 'invalid' ? verdict : recovery.verdict }],
  );
  known.forEach(({ recovery, verdict }, place) => {
    const y = known.length === 1 ? 17 : 8 + ((place * 7) % 20);
    if (recovery.recoveryMs === null) {
      const mark = s(
        'svg',
        { x: percent(recovery.lookedMs ?? scale.toMs), y: y - 6, width: 12, height: 12, overflow: 'visible' },
        s('path', { class: 'censored', d: 'M-4 1L6 6L-4 11Z' }),
      );
      svg.append(
        s('line', { class: 'whisker dashed', x1: percent(limit ?? 0), x2: percent(recovery.lookedMs ?? scale.toMs), y1: y, y2: y }),
        mark,
      );
      return;
    }
    const { recoveryMs, resolutionMs } = recovery;
    svg.append(
      s('line', {
        class: `whisker v-${verdict}`,
        x1: percent(recoveryMs - resolutionMs),
        x2: percent(recoveryMs + resolutionMs),
        y1: y,
        y2: y,
      }),
      s('circle', { class: `dot v-${verdict}`, cx: percent(recoveryMs), cy: y, r: 4.5 }),
    );
  });
  if (known.length === 0)
    svg.append(s('text', { class: 'faint', x: 4, y: 21 }, runs.some(({ verdict }) => verdict === 'invalid') ? 'not measured' : ''));
  svg.setAttribute(
    'aria-label',
    dotsWords(
      known.map(({ recovery }) => recovery),
      limit,
    ),
  );
  return svg;
}

function dotsWords(recoveries: readonly RecoverySummary[], limit: number | null): string {
  if (recoveries.length === 0) return 'Recovery was not measured.';
  const words = recoveries.map(({ recoveryMs }) => (recoveryMs === null ? 'not recovered' : formatMs(recoveryMs))).join(', ');
  return `Recovery: ${words}${limit === null ? '' : `; limit ${formatMs(limit)}`}.`;
}
