import { OTHER_REQUEST, OUTCOMES, type Load, type Outcome } from '../../model/load.ts';
import type { RunVerdict } from '../../model/outcome.ts';
import type { Recording, RequestRow } from '../../model/recording.ts';
import { rounded, zeros, type Axis } from './axis.ts';
import { classOf, OUTCOME_CLASSES, type ArrivalSeries, type EdgeSeries, type OutcomeClass, type RunDetail } from './payload.ts';

/** Most request names that get a series of their own. */
const MAX_GROUPS = 12;
/** Most edges whose calls are counted. */
const MAX_EDGES = 6;

/**
 * Arrivals by intended time: all requests together first, then by name, then journeys. A journey lasts as long as its user
 * takes: among requests it would be the slowest of them, so it is in that sum only where there is nothing else.
 */
export function arrivalSeries(recording: Recording, axis: Axis): ArrivalSeries[] {
  const { load } = recording.run.plan;
  const journeys = new Set(journeyNames(load));
  const requests = recording.requests.filter(({ name }) => !journeys.has(name));
  const others = requests.some(({ name }) => name === OTHER_REQUEST) ? [OTHER_REQUEST] : [];
  const names = [...load.requests.map(({ name }) => name), ...others].slice(0, MAX_GROUPS);
  const all = groupOf('', requests.length === 0 ? recording.requests : requests, axis);
  const shown = [...(names.length < 2 ? [] : names), ...(requests.length === 0 ? [] : journeys)];
  const byName = new Map<string, RequestRow[]>(shown.map((name) => [name, []]));
  for (const row of recording.requests) byName.get(row.name)?.push(row);
  return [all, ...[...byName].map(([name, rows]) => groupOf(name, rows, axis))];
}

export function journeyNames(load: Load): readonly string[] {
  return load.kind === 'open' ? (load.journeys ?? []).map(({ name }) => name).slice(0, MAX_GROUPS) : [];
}

function groupOf(name: string, rows: readonly RequestRow[], axis: Axis): ArrivalSeries {
  const counts = Object.fromEntries(OUTCOME_CLASSES.map((key) => [key, zeros(axis)])) as Record<OutcomeClass, number[]>;
  const totals: Record<OutcomeClass, number> = { ok: 0, degraded: 0, wrong: 0, error: 0, unsent: 0 };
  const byOutcome: Partial<Record<Outcome, number>> = {};
  for (const row of rows) {
    const key = classOf(row.outcome);
    const bucket = axis.bucket(row.intendedUs);
    counts[key][bucket] = (counts[key][bucket] ?? 0) + 1;
    totals[key] += 1;
    byOutcome[row.outcome] = (byOutcome[row.outcome] ?? 0) + 1;
  }
  const ordered = Object.fromEntries(
    OUTCOMES.flatMap((outcome) => (byOutcome[outcome] === undefined ? [] : [[outcome, byOutcome[outcome]]])),
  );
  return { name, total: rows.length, totals, byOutcome: ordered, counts, ...envelope(rows, axis) };
}

/** p50, p95 and largest latency of the arrivals that were sent, in each bucket. */
function envelope(rows: readonly RequestRow[], axis: Axis): Pick<ArrivalSeries, 'p50Ms' | 'p95Ms' | 'maxMs'> {
  const sent = rows.filter((row) => row.startedUs !== null);
  const ends = new Int32Array(axis.bucketCount + 1);
  for (const row of sent) {
    const place = axis.bucket(row.intendedUs) + 1;
    ends[place] = (ends[place] ?? 0) + 1;
  }
  for (let bucket = 1; bucket <= axis.bucketCount; bucket++) ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0);
  const latencies = new Float64Array(sent.length);
  const next = ends.slice();
  for (const row of sent) {
    const bucket = axis.bucket(row.intendedUs);
    const place = next[bucket] ?? 0;
    latencies[place] = Math.max(0, row.endedUs - row.intendedUs) / 1000;
    next[bucket] = place + 1;
  }
  const p50Ms: (number | null)[] = [];
  const p95Ms: (number | null)[] = [];
  const maxMs: (number | null)[] = [];
  for (let bucket = 0; bucket < axis.bucketCount; bucket++) {
    const sorted = latencies.subarray(ends[bucket] ?? 0, ends[bucket + 1] ?? 0).sort();
    p50Ms.push(rank(sorted, 0.5));
    p95Ms.push(rank(sorted, 0.95));
    maxMs.push(rank(sorted, 1));
  }
  return { p50Ms, p95Ms, maxMs };
}

/** The nearest-rank quantile of sorted values. */
export function rank(sorted: ArrayLike<number>, share: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return value === undefined ? null : rounded(value);
}

/**
 * Calls by their start, on the edges that the run is about: those of its faults, those that findings are about, and
 * without any those of its breakers. A call repeats when the same trace made it before.
 */
export function edgeSeries(recording: Recording, verdict: RunVerdict, axis: Axis): EdgeSeries[] {
  const { system, faults } = recording.run.plan;
  const named = new Set(verdict.findings.map(({ subject }) => subject));
  const subjects = system.edges.filter(({ name }) => named.has(name)).map(({ name }) => name);
  const wanted = new Set([...faults.flatMap((fault) => fault.reach.edges), ...subjects]);
  const central = wanted.size > 0 ? wanted : new Set(Object.values(system.breakers).map(({ edge }) => edge));
  const column = (): number[] => zeros(axis);
  const edges = new Map(
    [...central]
      .slice(0, MAX_EDGES)
      .map((name) => [name, { seen: new Set<string>(), total: 0, first: column(), repeated: column(), failed: column() }]),
  );
  for (const exchange of recording.exchanges) {
    const edge = edges.get(exchange.edge);
    if (edge === undefined) continue;
    const bucket = axis.bucket(exchange.startedUs);
    const call = `${exchange.traceId} ${exchange.method} ${exchange.path}`;
    const kind = exchange.traceId !== '' && edge.seen.has(call) ? edge.repeated : edge.first;
    kind[bucket] = (kind[bucket] ?? 0) + 1;
    if (exchange.outcome !== 'answered' || exchange.status >= 500) edge.failed[bucket] = (edge.failed[bucket] ?? 0) + 1;
    edge.seen.add(call);
    edge.total += 1;
  }
  return [...edges].map(([edge, { total, first, repeated, failed }]) => ({ edge, total, first, repeated, failed }));
}

/** How long the machine itself took in each bucket. */
export function sentinelSeries(recording: Recording, axis: Axis): RunDetail['sentinel'] {
  if (recording.sentinel.length === 0) return null;
  const { p95Ms, maxMs } = envelope(recording.sentinel, axis);
  return { p95Ms, maxMs };
}
