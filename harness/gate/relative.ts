import type { Baseline, GateFinding } from '../model/gate.ts';
import { measurementName, measurementsOf, type Measurement, type RunStatistics } from '../model/run-statistics.ts';
import { objectiveKind, type ObjectiveKind } from '../model/slo.ts';
import { formatMs } from '../model/time.ts';
import { kindDifferences, MACHINE, type RunGroup } from './groups.ts';
import { judgeComparisons, RUNS_A_SIDE_MIN, type Comparison, type RelativeVerdict } from './statistics/relative-verdict.ts';
import type { Observation } from './statistics/sample.ts';

export interface RelativeOptions {
  /** What runs may take longer, as a share: 0.2 for 20 %. */
  readonly tolerance: number;
  readonly confidence: number;
  /** Compare runs of different machines as well. */
  readonly isAnyMachine: boolean;
}

/** Shorter times are the same to everybody, in milliseconds. */
const NOTICEABLE_MS = 5;
/** What may fail more than before, as a share of all arrivals. */
const AVAILABILITY_TOLERANCE = 0.01;
/** Of the latencies that are kept, the one that is compared: each comparison costs the others power. */
const COMPARED_QUANTILE = 0.95;

/** What the runs of one scenario say beside a baseline's; a finding for each statistic, or one that says why there is none. */
export function judgeAgainst(baseline: Baseline, group: RunGroup, options: RelativeOptions): readonly GateFinding[] {
  const { scenario } = group;
  const before = baseline.runs.filter((run) => run.scenario.name === scenario);
  const demand = `at most ${percent(options.tolerance)} worse than baseline '${baseline.name}'`;
  const refusal = refusalOf(before, group.runs, { baseline, options });
  if (refusal !== null) return [{ kind: 'baseline', name: 'all statistics', demand, scenario, answer: 'cannot-tell', ...refusal }];
  const pairs = pairsOf(before, group.runs, options);
  const verdicts = judgeComparisons(
    pairs.map(({ comparison }) => comparison),
    options.confidence,
  );
  return pairs.map((pair, index) => findingOf({ pair, verdict: verdicts[index] as RelativeVerdict, scenario, demand }));
}

/** Why runs of this baseline cannot be compared with these. */
function refusalOf(
  before: readonly RunStatistics[],
  now: readonly RunStatistics[],
  { baseline, options }: { readonly baseline: Baseline; readonly options: RelativeOptions },
): Pick<GateFinding, 'sentence' | 'wayOut'> | null {
  const [old, newest] = [before.at(-1), now.at(-1)];
  const save = `save one of these runs' version: npx halfopen baseline save ${baseline.name}`;
  if (old === undefined) return { sentence: `the baseline has no run of it`, wayOut: save };
  if (newest === undefined) return { sentence: 'there is no run that could be compared', wayOut: 'npx halfopen run' };
  const differences = [...new Set(before.flatMap((run) => kindDifferences(run, newest)))];
  if (differences.length > 0) return { sentence: `the baseline's runs differ in ${differences.join(', ')}`, wayOut: save };
  const machines = MACHINE.filter((field) =>
    [...before, ...now].some(({ fingerprint }) => fingerprint[field] !== newest.fingerprint[field]),
  );
  if (machines.length > 0 && !options.isAnyMachine) {
    const told = machines.map((field) => `${field} ${String(old.fingerprint[field])} and ${String(newest.fingerprint[field])}`);
    return {
      sentence: `the runs are of different machines: ${told.join(', ')}`,
      wayOut: 'make both sides on one machine, or compare all the same with --any-machine',
    };
  }
  return null;
}

interface Pair {
  readonly name: string;
  readonly kind: ObjectiveKind;
  readonly comparison: Comparison;
}

/** Statistics that both sides have. A run that cannot say is left out of its comparison, and fewer runs find less. */
function pairsOf(before: readonly RunStatistics[], now: readonly RunStatistics[], { tolerance }: RelativeOptions): readonly Pair[] {
  const compared = [...before, ...now].flatMap((run) => measurementsOf(run).filter(isCompared));
  const names = new Map(compared.map((measurement) => [measurementName(measurement), measurement]));
  return [...names].flatMap(([name, { objective }]) => {
    const kind = objectiveKind(objective);
    const named = (runs: readonly RunStatistics[]): readonly Measurement[] =>
      runs.flatMap((run) => measurementsOf(run).filter((measurement) => measurementName(measurement) === name));
    const floorMs = Math.max(NOTICEABLE_MS, ...[...named(before), ...named(now)].map(({ resolutionMs = 0 }) => resolutionMs));
    const observed = (runs: readonly RunStatistics[]): readonly Observation[] =>
      named(runs).flatMap((measurement) => observationOf(measurement, kind, floorMs));
    const sides = { baseline: observed(before), candidate: observed(now) };
    if (sides.baseline.length === 0 && sides.candidate.length === 0) return [];
    return [{ name, kind, comparison: { ...sides, ...scaleOf(kind, tolerance) } }];
  });
}

function isCompared({ objective, quantile, request }: Measurement): boolean {
  if (objective === 'latency') return quantile === COMPARED_QUANTILE && request === undefined;
  return objectiveKind(objective).per !== 'phase' || request === undefined;
}

function scaleOf({ unit }: ObjectiveKind, tolerance: number): Pick<Comparison, 'scale' | 'tolerance'> {
  if (unit === 'ratio') return { scale: 'difference', tolerance: AVAILABILITY_TOLERANCE };
  if (unit === 'count') return { scale: 'difference', tolerance: 0 };
  return { scale: 'ratio', tolerance };
}

/** As a number of which more is worse. */
function observationOf({ measured }: Measurement, { unit, better }: ObjectiveKind, floorMs: number): readonly Observation[] {
  if ('unknown' in measured) return [];
  if ('censoredAtMs' in measured) return [{ censoredAtMs: Math.max(floorMs, measured.censoredAtMs) }];
  if (!Number.isFinite(measured.value)) return [];
  const worse = better === 'less' ? measured.value : 1 - measured.value;
  return [{ value: unit === 'ms' ? Math.max(floorMs, worse) : worse }];
}

interface Judged {
  readonly pair: Pair;
  readonly verdict: RelativeVerdict;
  readonly scenario: string;
  readonly demand: string;
}

function findingOf({ pair, verdict, scenario, demand }: Judged): GateFinding {
  const { name, kind, comparison } = pair;
  const { scale, tolerance } = comparison;
  const bounds =
    verdict.shift.kind === 'shift'
      ? { estimate: verdict.shift.estimate, lower: verdict.shift.lower, upper: verdict.shift.upper }
      : { estimate: verdict.shift.kind === 'too-few' ? verdict.shift.estimate : null, lower: null, upper: null };
  const shift = { scale, ...bounds, p: verdict.p, findableRatio: verdict.findableRatio };
  const allowed = scale === 'ratio' ? demand : `${differenceText(tolerance, kind)} worse at most than the baseline`;
  return {
    kind: 'baseline',
    name,
    demand: allowed,
    scenario,
    answer: verdict.answer,
    sentence: [middles(comparison, kind), changeText(shift, kind), ...findable(verdict)].join('; '),
    shift,
    ...wayOutOf(verdict, comparison),
  };
}

function wayOutOf(verdict: RelativeVerdict, { baseline, candidate }: Comparison): Pick<GateFinding, 'wayOut'> {
  if (verdict.answer !== 'cannot-tell') return {};
  const sizes = `${baseline.length} runs before and ${candidate.length} now can say`;
  if (verdict.why === 'too-few-runs') return { wayOut: `${sizes}: ${verdict.runsASide ?? RUNS_A_SIDE_MIN} a side are needed` };
  if (verdict.runsASide === null) return { wayOut: `${sizes}: more runs a side are needed; how many cannot be said` };
  return { wayOut: `${sizes}: about ${verdict.runsASide} a side would tell, were both alike` };
}

function middles({ baseline, candidate }: Comparison, kind: ObjectiveKind): string {
  return `${middleText(candidate, kind)} now, ${middleText(baseline, kind)} before`;
}

function middleText(observations: readonly Observation[], { unit, better }: ObjectiveKind): string {
  const ranked = observations
    .map((observation) => ('value' in observation ? observation.value : Number.POSITIVE_INFINITY))
    .sort((a, b) => a - b);
  const middle = ranked[Math.floor((ranked.length - 1) / 2)];
  if (middle === undefined) return 'nothing';
  if (!Number.isFinite(middle)) return 'not reached';
  if (unit === 'ms') return `median ${formatMs(middle)}`;
  const value = better === 'more' ? 1 - middle : middle;
  return unit === 'ratio' ? `median ${percent(value)}` : `median ${Number(value.toFixed(3))}`;
}

function changeText({ scale, estimate, lower, upper }: NonNullable<GateFinding['shift']>, kind: ObjectiveKind): string {
  const told = (value: number | null, open: string): string =>
    value === null ? open : scale === 'ratio' ? signed((value - 1) * 100, '%') : differenceText(value, kind);
  if (estimate === null && lower === null && upper === null) return 'by how much they differ cannot be said';
  const middle = estimate === null ? '' : `worse by ${told(estimate, '')}, `;
  return `${middle}between ${told(lower, 'nobody knows what')} and ${told(upper, 'nobody knows what')}`;
}

function differenceText(value: number, { unit }: ObjectiveKind): string {
  return unit === 'ratio' ? signed(value * 100, 'points') : signed(value, '');
}

function signed(value: number, unit: string): string {
  const rounded = Number(value.toFixed(1));
  return `${rounded > 0 ? '+' : ''}${Object.is(rounded, -0) ? 0 : rounded}${unit === '' ? '' : ` ${unit}`}`;
}

function findable({ findableRatio }: RelativeVerdict): readonly string[] {
  return findableRatio === null ? [] : [`as many runs find ${signed((findableRatio - 1) * 100, '%')} in four of five cases`];
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
