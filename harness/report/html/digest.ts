import type { Recording } from '../../model/recording.ts';
import type { JudgedRun } from '../contract.ts';
import { axisOf, rounded, type Axis } from './axis.ts';
import { degradedOf, driverFacts } from './drivers.ts';
import { eventViews } from './events.ts';
import { citedIds, rowTimes } from './evidence.ts';
import { findingViews, measuresOf, p95LimitMs, recoverySummary } from './findings.ts';
import { journeyViews } from './journeys.ts';
import { breakerLanes, faultLanes, phaseLanes, serviceLanes } from './lanes.ts';
import {
  PAYLOAD_VERSION,
  type ArrivalSeries,
  type BreakerLane,
  type FaultLane,
  type RunDetail,
  type RunSummary,
  type Stretch,
} from './payload.ts';
import { PICTURES_MAX_BYTES, pictureViews, runPictures, type RunPictures } from './pictures.ts';
import { samplesOf } from './samples.ts';
import { arrivalSeries, edgeSeries, sentinelSeries } from './series.ts';
import { thresholdViews } from './thresholds.ts';

/** Buckets of an overview strip: as many as its pixels can tell apart. */
const STRIP_BUCKETS = 96;

/** What the report keeps of one run: bounded, however long the run was. */
export interface RunDigest {
  readonly summary: RunSummary;
  /** Without its pictures: which of them fit is known when all runs are. */
  readonly detail: RunDetail;
  readonly pictures: RunPictures;
}

export function digestRun({ recording, verdict, index, pictures }: JudgedRun): RunDigest {
  const { plan } = recording.run;
  const axis = axisOf(recording);
  const cited = citedIds(verdict);
  const arrivals = arrivalSeries(recording, axis);
  const faults = faultLanes(recording, axis);
  const breakers = breakerLanes(recording, axis);
  const phases = phaseLanes(recording, axis);
  const views = pictureViews(recording.events, phases, axis);
  const degraded = degradedOf(recording.events);
  const detail: RunDetail = {
    version: PAYLOAD_VERSION,
    facts: factsOf(recording),
    degraded,
    zero: axis.zero,
    span: axis.span,
    phases,
    faults,
    breakers,
    services: serviceLanes(recording, axis),
    bucketMs: axis.bucketMs,
    arrivals,
    edges: edgeSeries(recording, verdict, axis),
    sentinel: sentinelSeries(recording, axis),
    limits: { p95Ms: p95LimitMs(verdict), sentinelMs: plan.guards.sentinelP95MsMax },
    findings: findingViews(verdict, rowTimes(recording, cited), axis),
    journeys: journeyViews(recording, phases, views, axis),
    pictures: views,
    pictureFiles: { inside: 0, beside: 0, missing: 0, maxBytes: PICTURES_MAX_BYTES },
    thresholds: thresholdViews(recording.events),
    events: eventViews(recording.events, cited.get('events') ?? new Set(), axis),
    samples: samplesOf(recording, cited, axis),
  };
  const summary: RunSummary = {
    index,
    system: plan.system.name,
    environment: plan.environment,
    pace: plan.pace,
    driver: plan.driver,
    isDegraded: degraded.length > 0,
    faults: plan.faults.map(({ summary }) => summary),
    span: axis.span,
    strip: stripOf(arrivals[0], axis),
    bands: faults.flatMap((fault) => bandsOf(fault, axis)),
    breaker: livelyBreaker(breakers, faults, recording),
    recovery: recoverySummary(verdict),
    measures: measuresOf(verdict),
  };
  return { summary, detail, pictures: runPictures(views, pictures) };
}

function factsOf({ run, events }: Recording): RunDetail['facts'] {
  const { plan } = run;
  const overrides = Object.entries(plan.overrides).flatMap(([service, values]) =>
    Object.entries(values).map(([name, value]) => `${service}.${name}=${value}`),
  );
  return [
    ['Run', run.runId],
    ['Started', run.startedAt],
    ['Environment', plan.environment],
    ['Seed', String(plan.seed)],
    ['Pace', plan.pace],
    ...driverFacts(plan, events),
    ...(plan.scenario.tags.length === 0 ? [] : [['Tags', plan.scenario.tags.join(' ')] as const]),
    ...(overrides.length === 0 ? [] : [['Set for this run', overrides.join(' ')] as const]),
    ['Versions', pairs(run.versions)],
    ['Machine', pairs(run.fingerprint)],
  ];
}

function pairs(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ');
}

function stripOf(all: ArrivalSeries | undefined, axis: Axis): RunSummary['strip'] {
  const merge = Math.ceil(axis.bucketCount / STRIP_BUCKETS);
  const notOk: (number | null)[] = [];
  for (let from = 0; from < axis.bucketCount; from += merge) {
    let arrived = 0;
    let ok = 0;
    for (let bucket = from; bucket < Math.min(from + merge, axis.bucketCount); bucket++) {
      for (const column of Object.values(all?.counts ?? {})) arrived += column[bucket] ?? 0;
      ok += all?.counts.ok[bucket] ?? 0;
    }
    notOk.push(arrived === 0 ? null : rounded(1 - ok / arrived));
  }
  return { fromMs: axis.span.fromMs, bucketMs: axis.bucketMs * merge, notOk };
}

/** When a fault was in force; one that was never withdrawn acts to the end. */
function bandsOf(fault: FaultLane, axis: Axis): Stretch[] {
  return fault.windows.flatMap(({ acknowledgedMs, withdrawnMs }) =>
    acknowledgedMs === null ? [] : [{ fromMs: acknowledgedMs, toMs: withdrawnMs ?? axis.span.toMs }],
  );
}

/** The breaker that a strip shows: one on a fault's edge first, the one that moved most among those. */
function livelyBreaker(lanes: readonly BreakerLane[], faults: readonly FaultLane[], { run }: Recording): RunSummary['breaker'] {
  const edges = new Set(faults.flatMap((fault) => fault.edges));
  const onFault = (lane: BreakerLane): number => (edges.has(run.plan.system.breakers[lane.name]?.edge ?? '') ? 1 : 0);
  const lane = lanes.toSorted((left, right) => onFault(right) - onFault(left) || right.stretches.length - left.stretches.length)[0];
  return lane === undefined
    ? null
    : { name: lane.name, stretches: lane.stretches.map(({ fromMs, toMs, state }) => ({ fromMs, toMs, state })) };
}
