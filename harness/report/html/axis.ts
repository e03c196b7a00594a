import type { Recording } from '../../model/recording.ts';
import type { PhaseName } from '../../model/plan.ts';
import type { Stretch } from './payload.ts';

/** Bucket lengths from fine to coarse, in milliseconds. */
const BUCKET_MS = [250, 500, 1000, 2000, 5000, 10_000] as const;
/** Most buckets of one run: what keeps a long run's payload small. */
const MAX_BUCKETS = 1200;

/** The report's clock for one run: milliseconds since its zero, in buckets. */
export interface Axis {
  readonly zeroUs: number;
  readonly zero: 'fault' | 'load' | 'run';
  readonly loadStartedUs: number | null;
  /** What happens to services after it is the harness taking the system down. */
  readonly loadEndedUs: number;
  readonly span: Stretch;
  readonly bucketMs: number;
  readonly bucketCount: number;
  /** Milliseconds since zero. */
  ms(atUs: number): number;
  /** The bucket of a moment; moments outside the span fall into its first or last. */
  bucket(atUs: number): number;
}

export function axisOf(recording: Recording): Axis {
  const loadStartedUs = recording.events.find((event) => event.kind === 'load-started')?.atUs ?? null;
  const acknowledged = recording.events.find((event) => event.kind === 'fault' && event.step === 'acknowledged');
  const zeroUs = acknowledged?.atUs ?? plannedZero(recording, loadStartedUs) ?? 0;
  const ms = (atUs: number): number => Math.round((atUs - zeroUs) / 10) / 100;
  const fromUs = loadStartedUs ?? 0;
  const toUs = Math.max(endOf(recording), fromUs + 1000);
  const bucketMs =
    BUCKET_MS.find((candidate) => (toUs - fromUs) / 1000 / candidate <= MAX_BUCKETS) ?? Math.ceil((toUs - fromUs) / 1000 / MAX_BUCKETS);
  const bucketCount = Math.max(1, Math.ceil((toUs - fromUs) / 1000 / bucketMs));
  return {
    zeroUs,
    zero: acknowledged !== undefined ? 'fault' : loadStartedUs !== null ? 'load' : 'run',
    loadStartedUs,
    loadEndedUs: recording.events.find((event) => event.kind === 'load-ended')?.atUs ?? Infinity,
    span: { fromMs: ms(fromUs), toMs: ms(fromUs + bucketCount * bucketMs * 1000) },
    bucketMs,
    bucketCount,
    ms,
    bucket: (atUs) => Math.min(bucketCount - 1, Math.max(0, Math.floor((atUs - fromUs) / 1000 / bucketMs))),
  };
}

/** Without a fault in force, zero is where the first fault was due. */
function plannedZero(recording: Recording, loadStartedUs: number | null): number | null {
  if (loadStartedUs === null) return null;
  const phase = recording.run.plan.phases.find(({ name }) => name === ('fault' satisfies PhaseName));
  return loadStartedUs + (phase?.fromUs ?? 0);
}

/** The load's end where it was seen; the last thing recorded otherwise. Intended times bound the axis, not the last late answer. */
function endOf(recording: Recording): number {
  const last = recording.events.at(-1)?.atUs ?? 0;
  const started = recording.events.find((event) => event.kind === 'load-started')?.atUs;
  const planned = started === undefined ? 0 : started + (recording.run.plan.phases.at(-1)?.toUs ?? 0);
  const ended = recording.events.find((event) => event.kind === 'load-ended')?.atUs;
  const lastRequest = recording.requests.at(-1)?.intendedUs ?? 0;
  return Math.max(lastRequest, Math.min(ended ?? last, planned === 0 ? last : planned));
}

/** A latency or share with three significant digits: what a pixel can show. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** A column of counts, one a bucket. */
export function zeros(axis: Axis): number[] {
  return Array.from({ length: axis.bucketCount }, () => 0);
}
