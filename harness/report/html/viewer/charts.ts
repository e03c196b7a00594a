import uPlot from 'uplot';
import type { ArrivalSeries, EdgeSeries, RunDetail, Stretch } from '../payload.ts';
import { texture, type Palette } from './palette.ts';

/** Height of a chart and how its columns are drawn; times are bucket begins in milliseconds. */
export interface ChartSpec {
  readonly height: number;
  readonly columns: readonly (readonly (number | null)[])[];
  readonly series: readonly uPlot.Series[];
  readonly bands?: uPlot.Options['bands'];
  readonly scale: { readonly min: number; readonly max: number; readonly isLog?: true };
  readonly label: (value: number) => string;
  readonly splits: readonly number[];
  /** A limit that crosses the chart. */
  readonly limit?: { readonly value: number; readonly words: string };
}

/** Width of the value axis at the right edge, in pixels; the stylesheet's lanes leave the same. */
export const GUTTER = 52;
export const NARROW_GUTTER = 48;

const stepped = uPlot.paths.stepped?.({ align: 1 });

export function drawChart(
  host: HTMLElement,
  spec: ChartSpec,
  detail: RunDetail,
  palette: Palette,
  width: number,
  gutter: number,
  range: () => Stretch,
): uPlot {
  const begins = Array.from({ length: (spec.columns[0]?.length ?? 0) + 1 }, (_, index) => detail.span.fromMs + index * detail.bucketMs);
  // A last point at the end of the last bucket, so that its step has its full width.
  const columns = spec.columns.map((column) => [...column, column.at(-1) ?? null]);
  const { min, max, isLog } = spec.scale;
  return new uPlot(
    {
      width: width + gutter,
      height: spec.height,
      padding: [7, 0, 7, 0],
      cursor: { show: false },
      legend: { show: false },
      focus: { alpha: 1 },
      scales: {
        x: { time: false, range: () => [range().fromMs, range().toMs] },
        y: { distr: isLog === true ? 3 : 1, range: () => [min, max] },
      },
      axes: [{ show: false }, valueAxis(spec, palette, gutter)],
      series: [
        {},
        ...spec.series.map((series) => ({ ...(stepped === undefined ? {} : { paths: stepped }), points: { show: false }, ...series })),
      ],
      ...(spec.bands === undefined ? {} : { bands: spec.bands }),
      hooks: { draw: [(plot) => drawLimit(plot, spec, palette)] },
    },
    [begins, ...columns] as uPlot.AlignedData,
    host,
  );
}

function valueAxis(spec: ChartSpec, palette: Palette, gutter: number): uPlot.Axis {
  return {
    side: 1,
    size: gutter,
    gap: 4,
    stroke: palette.mute,
    font: '11px system-ui, sans-serif',
    grid: { stroke: palette.hair, width: 1 },
    ticks: { show: false },
    splits: () => [...spec.splits],
    values: (_plot, splits) => splits.map((value) => spec.label(value)),
    filter: (_plot, splits) => splits,
  };
}

function drawLimit(plot: uPlot, { limit }: ChartSpec, palette: Palette): void {
  if (limit === undefined) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(limit.value, 'y', true));
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = palette.blue;
  ctx.lineWidth = 1.2 * ratio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.lineWidth = 3 * ratio;
  ctx.strokeStyle = palette.page;
  ctx.fillStyle = palette.blue;
  ctx.textBaseline = 'bottom';
  ctx.strokeText(limit.words, bbox.left + 3 * ratio, y - 2 * ratio);
  ctx.fillText(limit.words, bbox.left + 3 * ratio, y - 2 * ratio);
  ctx.restore();
}

/** Arrivals a second, stacked by outcome: ok below, what went wrong on top. */
export function arrivalChart(group: ArrivalSeries, bucketMs: number, palette: Palette): ChartSpec {
  const perSecond = 1000 / bucketMs;
  const { counts } = group;
  const stack = (...columns: readonly (readonly number[])[]): number[] =>
    counts.ok.map((_, index) => columns.reduce((sum, column) => sum + (column[index] ?? 0), 0) * perSecond);
  const ok = stack(counts.ok);
  const degraded = stack(counts.ok, counts.degraded);
  const wrong = stack(counts.ok, counts.degraded, counts.wrong);
  const error = stack(counts.ok, counts.degraded, counts.wrong, counts.error);
  const unsent = stack(counts.ok, counts.degraded, counts.wrong, counts.error, counts.unsent);
  const max = niceTop(Math.max(1, ...unsent));
  return {
    height: 110,
    // The tallest first: each lower one paints over its share.
    columns: [unsent, error, wrong, degraded, ok],
    series: [
      { fill: texture(palette, 'unsent') },
      { fill: palette.redArea },
      { fill: texture(palette, 'wrong') },
      { fill: texture(palette, 'degraded') },
      { fill: palette.ok },
    ].map((series) => ({ ...series, width: 0 })),
    scale: { min: 0, max },
    splits: [0, max / 2, max],
    label: (value) => (value === max ? `${format(value)}/s` : format(value)),
  };
}

/** An envelope from the median to p95, and the slowest: dots would hide what many share. */
export function latencyChart(group: ArrivalSeries, limitMs: number | null, palette: Palette): ChartSpec {
  const values = [...group.p50Ms, ...group.maxMs].filter((value) => value !== null);
  const least =
    10 **
    Math.floor(
      Math.log10(
        Math.max(
          0.1,
          values.reduce((low, value) => Math.min(low, value), Infinity),
        ),
      ),
    );
  const most = values.reduce((high, value) => Math.max(high, value), Math.max(1, limitMs ?? 1));
  const top = Math.max(10 ** Math.ceil(Math.log10(most * 1.05)), least * 10);
  const floor = Number.isFinite(least) ? least : 0.1;
  const splits = [1, 10, 100, 1000, 10_000, 100_000].filter((value) => value >= floor && value <= top);
  const clamp = (column: readonly (number | null)[]): (number | null)[] =>
    column.map((value) => (value === null ? null : Math.max(value, floor)));
  return {
    height: 120,
    columns: [clamp(group.maxMs), clamp(group.p95Ms), clamp(group.p50Ms)],
    series: [
      { stroke: palette.mute, width: 1, dash: [2, 3] },
      { stroke: palette.ink, width: 2 },
      { stroke: palette.ink, width: 1 },
    ],
    bands: [{ series: [2, 3], fill: palette.envelope }],
    scale: { min: floor, max: top, isLog: true },
    splits,
    label: (value) => (value >= 1000 ? `${value / 1000} s` : `${value} ms`),
    ...(limitMs === null ? {} : { limit: { value: limitMs, words: `limit for p95: ${format(limitMs)} ms` } }),
  };
}

/** Calls a second on an edge: repeats above first attempts, what failed as a line. */
export function edgeChart(edge: EdgeSeries, bucketMs: number, palette: Palette): ChartSpec {
  const perSecond = 1000 / bucketMs;
  const first = edge.first.map((value) => value * perSecond);
  const all = edge.first.map((value, index) => (value + (edge.repeated[index] ?? 0)) * perSecond);
  const max = niceTop(Math.max(1, ...all));
  return {
    height: 72,
    columns: [all, first, edge.failed.map((value) => (value === 0 ? null : value * perSecond))],
    series: [
      { fill: palette.redArea, width: 0 },
      { fill: palette.ok, width: 0 },
      { stroke: palette.ink, width: 1, dash: [2, 2] },
    ],
    scale: { min: 0, max },
    splits: [0, max],
    label: (value) => (value === max ? `${format(value)}/s` : format(value)),
  };
}

export function sentinelChart(detail: RunDetail, palette: Palette): ChartSpec {
  const p95 = detail.sentinel?.p95Ms ?? [];
  const slowest = detail.sentinel?.maxMs ?? [];
  const max = niceTop(
    Math.max(
      detail.limits.sentinelMs * 1.25,
      slowest.reduce<number>((high, value) => Math.max(high, value ?? 0), 0),
    ),
  );
  return {
    height: 54,
    columns: [slowest, p95],
    series: [
      { stroke: palette.mute, width: 1, dash: [2, 3] },
      { stroke: palette.ink, width: 1 },
    ],
    scale: { min: 0, max },
    splits: [0, max],
    label: (value) => (value === max ? `${format(value)} ms` : format(value)),
    limit: { value: detail.limits.sentinelMs, words: `limit ${format(detail.limits.sentinelMs)} ms` },
  };
}

/** A round number at or above a value. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function format(value: number): string {
  return value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}
