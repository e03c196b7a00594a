import type { ThresholdJudged } from '../../../model/event.ts';
import type { PhaseName } from '../../../model/plan.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { Sample } from './protocol.ts';
import { isMetBy, parseCondition, parseMetric, type Condition, type MetricFilter } from './thresholds-grammar.ts';

/** Most values of one metric that are kept for one phase; thresholds on it are judged by the first so many. */
export const VALUES_KEPT = 1_000_000;

type Stretch = PhaseName | 'run';
type Judged = Omit<NewEvent<ThresholdJudged>, 'kind' | 'atUs' | 'judgedBy'>;

/** Collects what a script's thresholds are about, by phase. */
export interface ThresholdWatch {
  /** `phase` is when it was measured; null: before the load, or after it. */
  add(sample: Pick<Sample, 'm' | 'type' | 'v' | 'tags'>, phase: PhaseName | null): void;
  /** Each threshold in each of these stretches, by the samples in it; lengths in seconds. */
  judge(stretches: readonly { readonly name: Stretch; readonly seconds: number }[]): readonly Judged[];
  /** Metrics of which more came than is kept. */
  cutShort(): readonly string[];
}

/** Watches thresholds as k6 has them: metric, with its tags → conditions. */
export function watchThresholds(thresholds: Readonly<Record<string, readonly string[]>>): ThresholdWatch {
  const watched = Object.entries(thresholds).flatMap(([name, conditions]) => {
    const filter = parseMetric(name);
    return filter === null ? [] : [{ name, filter, conditions, sinks: new Map<Stretch, Sink>() }];
  });
  const types = new Map<string, Sample['type']>();
  const sinkOf = (sinks: Map<Stretch, Sink>, stretch: Stretch): Sink => {
    const known = sinks.get(stretch) ?? emptySink();
    sinks.set(stretch, known);
    return known;
  };
  return {
    add(sample, phase) {
      types.set(sample.m, sample.type);
      for (const { filter, sinks } of watched) {
        if (!passes(sample, filter)) continue;
        sinkOf(sinks, 'run').add(sample);
        if (phase !== null) sinkOf(sinks, phase).add(sample);
      }
    },
    judge: (stretches) =>
      watched.flatMap(({ name, filter, conditions, sinks }) =>
        conditions.flatMap((condition) =>
          stretches.map((stretch) => ({
            metric: name,
            condition,
            phase: stretch.name,
            ...judgeOne(condition, sinks.get(stretch.name) ?? emptySink(), types.get(filter.metric), stretch.seconds),
          })),
        ),
      ),
    cutShort: () => watched.filter(({ sinks }) => [...sinks.values()].some(({ isCut }) => isCut())).map(({ name }) => name),
  };
}

function passes({ m, tags }: Pick<Sample, 'm' | 'tags'>, filter: MetricFilter): boolean {
  return m === filter.metric && filter.tags.every(([tag, value]) => (tags[tag] ?? '') === value);
}

function judgeOne(
  text: string,
  sink: Sink,
  type: Sample['type'] | undefined,
  seconds: number,
): Pick<Judged, 'isMet' | 'value' | 'samples'> {
  const condition = parseCondition(text);
  const value = condition === null ? null : valueOf(condition, sink, type, seconds);
  if (condition === null || value === null) return { isMet: null, samples: sink.count() };
  return { isMet: isMetBy(value, condition), value, samples: sink.count() };
}

/** As k6 computes it (`metrics/thresholds.go`), but without samples there is no value; only nothing counted is a count of 0. */
function valueOf({ aggregation, quantile }: Condition, sink: Sink, type: Sample['type'] | undefined, seconds: number): number | null {
  const isCounter = type === 'counter' || aggregation === 'count';
  if (isCounter) return aggregation === 'count' ? sink.sum() : seconds > 0 ? sink.sum() / seconds : null;
  const count = sink.count();
  if (count === 0) return null;
  switch (aggregation) {
    case 'rate':
      return sink.trues() / count;
    case 'value':
      return sink.last();
    case 'avg':
      return sink.sum() / count;
    case 'min':
      return sink.quantile(0);
    case 'max':
      return sink.quantile(1);
    case 'med':
      return sink.quantile(0.5);
    default:
      return sink.quantile(quantile ?? 0);
  }
}

/** What came of one metric in one stretch. Only a trend's values are kept. */
interface Sink {
  add(sample: Pick<Sample, 'type' | 'v'>): void;
  count(): number;
  sum(): number;
  trues(): number;
  last(): number;
  quantile(share: number): number;
  isCut(): boolean;
}

function emptySink(): Sink {
  let values = new Float64Array(0);
  let kept = 0;
  let sorted = 0;
  let count = 0;
  let sum = 0;
  let trues = 0;
  let last = 0;
  const keep = (value: number): void => {
    if (kept === VALUES_KEPT) return;
    if (kept === values.length) {
      const larger = new Float64Array(Math.min(VALUES_KEPT, Math.max(64, kept * 2)));
      larger.set(values);
      values = larger;
    }
    values[kept++] = value;
  };
  return {
    add({ type, v }) {
      count++;
      sum += v;
      last = v;
      if (v !== 0) trues++;
      if (type === 'trend') keep(v);
    },
    count: () => count,
    sum: () => sum,
    trues: () => trues,
    last: () => last,
    quantile(share) {
      if (sorted !== kept) values.subarray(0, kept).sort();
      sorted = kept;
      return interpolated(values.subarray(0, kept), share);
    },
    isCut: () => kept === VALUES_KEPT && count > kept,
  };
}

/** k6 interpolates linearly between the two values around the place. */
function interpolated(ordered: Float64Array, share: number): number {
  const place = share * (ordered.length - 1);
  const below = ordered[Math.floor(place)] ?? 0;
  const above = ordered[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}
