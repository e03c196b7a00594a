import { measurementName, measurementsOf, type Measured, type Measurement, type RunStatistics } from '../model/run-statistics.ts';
import { objectiveKind, type ObjectiveKind, type Slo } from '../model/slo.ts';
import { formatMs } from '../model/time.ts';

/**
 * What one run says of one SLO.
 *
 * `met`, `missed` – surely; `unclear` – it was asked and cannot say: it counts against a pass, and not for a failure; `refused` – the bound is finer than
 * what was measured, so no run of this kind can ever say; `unconcerned` – the SLO is not about this run, or the run measures nothing of it.
 */
export type Achievement =
  | { readonly state: 'met' | 'missed'; readonly deciding: Measurement }
  | { readonly state: 'unclear' | 'refused'; readonly deciding: Measurement; readonly reason: string }
  | { readonly state: 'unconcerned'; readonly reason: string };

/** Whether an SLO is about a scenario. */
export function isAbout({ scenarios: { names, tags } }: Slo, scenario: RunStatistics['scenario']): boolean {
  if (names.length === 0 && tags.length === 0) return true;
  return names.includes(scenario.name) || scenario.tags.some((tag) => tags.includes(tag));
}

/** The measurements of a run that an SLO bounds: each of them must be within its bound. */
export function boundedBy(slo: Slo, statistics: Pick<RunStatistics, 'metrics'>): readonly Measurement[] {
  const { per } = objectiveKind(slo.objective);
  return measurementsOf(statistics).filter((measurement) => {
    if (measurement.objective !== slo.objective) return false;
    const isSame = (field: 'during' | 'quantile' | 'fault' | 'edge' | 'request'): boolean =>
      slo[field] === undefined || slo[field] === measurement[field];
    // All requests together are a measurement of their own; a fault has one for each `recovery()`, and all of those count.
    const isOfRequests = per === 'phase' ? slo.request === measurement.request : isSame('request');
    return isOfRequests && isSame('during') && isSame('quantile') && isSame('fault') && isSame('edge');
  });
}

/**
 * Judges one run by one SLO: the worst of what it bounds decides. An edge on which nobody called decides only where no other does.
 */
export function achievementOf(slo: Slo, statistics: RunStatistics): Achievement {
  if (!isAbout(slo, statistics.scenario)) return { state: 'unconcerned', reason: `the SLO is not about ${statistics.scenario.name}` };
  const bounded = boundedBy(slo, statistics);
  const all = bounded.map((measurement) => judge(slo, measurement, noiseOf(measurement, statistics)));
  const isSilent = ({ state, deciding }: Judged): boolean =>
    state === 'unclear' && 'unknown' in deciding.measured && deciding.samples === 0;
  const speaking = all.filter((judged) => !isSilent(judged));
  const worst = ORDER.flatMap((state) => (speaking.length > 0 ? speaking : all).find((judged) => judged.state === state) ?? [])[0];
  return worst ?? { state: 'unconcerned', reason: nothingMeasured(slo, statistics) };
}

type Judged = Exclude<Achievement, { readonly state: 'unconcerned' }>;

/** Worst first: what is missed for sure decides, whatever else cannot be told. */
const ORDER = ['refused', 'missed', 'unclear', 'met'] as const satisfies readonly Judged['state'][];

function judge(slo: Slo, deciding: Measurement, noiseMs: number): Judged {
  const kind = objectiveKind(slo.objective);
  const { measured, resolutionMs = 0, unsent = 0 } = deciding;
  const unclear = (reason: string): Judged => ({ state: 'unclear', deciding, reason });
  if (kind.unit === 'ms' && resolutionMs > 0 && slo.bound <= resolutionMs) {
    const reason = `the bound ${formatMs(slo.bound)} is not above ${formatMs(resolutionMs)}, as finely as ${kind.words} is measured in this scenario`;
    return { state: 'refused', deciding, reason: `${reason}; raise the bound, or the load's rate` };
  }
  if ('unknown' in measured) return unclear(measured.unknown);
  if ('censoredAtMs' in measured) {
    const { censoredAtMs } = measured;
    if (censoredAtMs >= slo.bound) return { state: 'missed', deciding };
    return unclear(
      `the run watched for ${formatMs(censoredAtMs)} only, and ${formatMs(slo.bound)} are allowed; lengthen the scenario's recovery phase`,
    );
  }
  const { value } = measured;
  if (!Number.isFinite(value)) return unclear('what was measured is no number');
  const isMet = kind.better === 'less' ? value <= slo.bound : value >= slo.bound;
  if (!isMet && kind.unit === 'ms' && value - resolutionMs <= slo.bound) {
    return unclear(`it was measured to ${formatMs(resolutionMs)} only, and ${formatMs(value)} is that near to ${formatMs(slo.bound)}`);
  }
  if (isNoise(kind, { isMet, marginMs: Math.abs(value - slo.bound), noiseMs })) {
    return unclear(`the machine, the driver or the harness added up to ${formatMs(noiseMs)}, and that may have decided it`);
  }
  if (!isMet && unsent > 0 && kind.noise !== 'nothing')
    return unclear(`the load driver did not send ${unsent} of ${deciding.samples ?? unsent} arrivals, which count as failed`);
  return { state: isMet ? 'met' : 'missed', deciding };
}

function isNoise(
  { noise }: ObjectiveKind,
  { isMet, marginMs, noiseMs }: { readonly isMet: boolean; readonly marginMs: number; readonly noiseMs: number },
): boolean {
  if (noiseMs === 0 || noise === 'nothing') return false;
  return noise === 'margin' ? marginMs < noiseMs : !isMet;
}

function noiseOf({ during }: Measurement, { noiseMs }: RunStatistics): number {
  return noiseMs[during ?? 'recovery'];
}

function nothingMeasured({ objective, fault, edge, request }: Slo, { scenario, metrics }: RunStatistics): string {
  const lists = [
    ...(fault === undefined ? [] : [{ noun: 'fault', asked: fault, known: metrics.faults.map((entry) => entry.fault) }]),
    ...(edge === undefined ? [] : [{ noun: 'edge', asked: edge, known: metrics.edges.map((entry) => entry.edge) }]),
    ...(request === undefined ? [] : [{ noun: 'request', asked: request, known: metrics.phases.flatMap((entry) => entry.request ?? []) }]),
  ];
  const missing = lists.find(({ asked, known }) => !known.includes(asked));
  if (missing === undefined) return `${scenario.name} measures no ${objectiveKind(objective).words} of that kind`;
  const known = [...new Set(missing.known)];
  return `${scenario.name} has no ${missing.noun} '${missing.asked}'${known.length === 0 ? '' : ` (it has ${known.join(', ')})`}`;
}

/** What was measured, as reports print it: `9.8 s`, `> 15 s`, `99.2 %`, or the reason why there is nothing. */
export function describeMeasured(objective: Measurement['objective'], measured: Measured): string {
  if ('unknown' in measured) return measured.unknown;
  if ('censoredAtMs' in measured) return `> ${formatMs(measured.censoredAtMs)}`;
  return describeBound(objective, measured.value);
}

/** A number in the unit of its objective. */
export function describeBound(objective: Measurement['objective'], value: number): string {
  const { unit } = objectiveKind(objective);
  if (unit === 'ms') return formatMs(value);
  if (unit === 'ratio') return `${Number((value * 100).toFixed(3))} %`;
  return `${Number(value.toFixed(3))}${unit === 'x' ? ' ×' : ''}`;
}

/** An SLO in one sentence. */
export function describeSlo(slo: Slo): string {
  const { objective, during, quantile, fault, edge, request, bound, proportion, confidence } = slo;
  const kind = objectiveKind(objective);
  const what = measurementName({
    objective,
    measured: { value: bound },
    ...(during === undefined ? {} : { during }),
    ...(quantile === undefined ? {} : { quantile }),
    ...(fault === undefined ? {} : { fault }),
    ...(edge === undefined ? {} : { edge }),
    ...(request === undefined ? {} : { request }),
  });
  const limit = `${kind.better === 'less' ? 'at most' : 'at least'} ${describeBound(objective, bound)}`;
  const percent = (share: number): string => `${Number((share * 100).toFixed(3))} %`;
  return `${what} is ${limit} in at least ${percent(proportion)} of the runs (confidence ${percent(confidence)})`;
}
