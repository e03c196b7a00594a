import type { GateFinding } from '../model/gate.ts';
import { objectiveKind, type Slo } from '../model/slo.ts';
import { formatMs } from '../model/time.ts';
import type { RunGroup } from './groups.ts';
import { achievementOf, describeBound, describeSlo, type Achievement } from './slo.ts';
import { kaplanMeier } from './statistics/kaplan-meier.ts';
import { upperQuantile } from './statistics/order-statistics.ts';
import { isCensored, leastOf, rankable, type Observation } from './statistics/sample.ts';
import { judgeShare } from './statistics/share-verdict.ts';

type Concerned = Exclude<Achievement, { readonly state: 'unconcerned' }>;

/**
 * What the runs of one scenario say of one SLO; null where the SLO is not about the scenario, or the scenario measures nothing of it.
 *
 * A run that cannot say counts against a pass and not for a failure. An invalid run counts as nothing; where there are more of them than
 * of the others, nobody knows whether the others are typical.
 */
export function judgeSlo(slo: Slo, group: RunGroup): GateFinding | null {
  const all = group.runs.map((run) => achievementOf(slo, run));
  const concerned = all.filter((achievement): achievement is Concerned => achievement.state !== 'unconcerned');
  if (concerned.length === 0) return null;
  const of = (state: Concerned['state']): number => concerned.filter((achievement) => achievement.state === state).length;
  const counts = { met: of('met'), missed: of('missed'), unclear: of('unclear') + of('refused') };
  const observations = concerned.flatMap(({ deciding: { measured } }) => ('unknown' in measured ? [] : [measured]));
  const values = observations.map((observation) => ('value' in observation ? observation.value : null));
  const median = medianOf(slo, observations);
  const found = {
    kind: 'slo',
    name: slo.name,
    demand: describeSlo(slo),
    scenario: group.scenario,
    counts,
    values,
    ...(median === null ? {} : { median }),
  } as const;
  const refused = concerned.find(({ state }) => state === 'refused');
  if (refused !== undefined && 'reason' in refused)
    return { ...found, answer: 'cannot-tell', sentence: refused.reason, wayOut: 'no number of runs can tell' };
  return {
    ...found,
    ...judgeCounts(slo, group, { counts, observations, reasons: reasonsOf(concerned), ...(median === null ? {} : { median }) }),
  };
}

interface Counted {
  readonly counts: NonNullable<GateFinding['counts']>;
  readonly observations: readonly Observation[];
  readonly reasons: readonly string[];
  readonly median?: NonNullable<GateFinding['median']>;
}

function judgeCounts(
  slo: Slo,
  group: RunGroup,
  counted: Counted,
): Pick<GateFinding, 'answer' | 'sentence' | 'wayOut' | 'share' | 'runsNeeded'> {
  const { met, missed, unclear } = counted.counts;
  const runs = met + missed + unclear;
  const goal = { share: slo.proportion, confidence: slo.confidence };
  const atWorst = judgeShare({ hits: met, runs }, goal);
  const atBest = judgeShare({ hits: met + unclear, runs }, goal);
  const share = { lower: atWorst.lower, upper: atBest.upper };
  const seen = seenSentence(slo, counted);
  if (atBest.answer === 'fail')
    return {
      answer: 'fail',
      share,
      sentence: `${seen}; that is at most ${percent(share.upper)} of all runs, ${percent(slo.proportion)} are demanded`,
    };
  if (group.unusable.length > group.runs.length) {
    const [first] = group.unusable;
    return {
      answer: 'cannot-tell',
      share,
      sentence: `${seen}, but ${group.unusable.length} more runs are invalid: nobody knows whether those that could be judged are typical`,
      wayOut: `find out why runs are invalid: ${first?.place}: ${first?.reason}`,
    };
  }
  if (atWorst.answer === 'pass')
    return {
      answer: 'pass',
      share,
      sentence: `${seen}; that is at least ${percent(share.lower)} of all runs${typical(slo, counted.observations)}`,
    };
  const needed = atWorst.answer === 'cannot-tell' ? atWorst.runsToPass : null;
  return { answer: 'cannot-tell', share, runsNeeded: needed, ...undecided(slo, { seen, needed, runs, reasons: counted.reasons, group }) };
}

interface Undecided {
  readonly seen: string;
  readonly needed: number | null;
  readonly runs: number;
  readonly reasons: readonly string[];
  readonly group: RunGroup;
}

function undecided(slo: Slo, { seen, needed, runs, reasons, group }: Undecided): Pick<GateFinding, 'sentence' | 'wayOut'> {
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  if (needed === null)
    return {
      sentence: `${seen}${why}: no number of runs can show that every run will`,
      wayOut: `demand a 'proportion' below 1 of SLO '${slo.name}'`,
    };
  return {
    sentence: `${seen}${why}: too few to tell; ${needed} runs would do if none of the others misses`,
    wayOut: `${needed - runs} more: ${repeatCommand(group, needed - runs)}`,
  };
}

/** The command that makes more runs like these. */
function repeatCommand({ scenario, runs }: RunGroup, more: number): string {
  const [newest] = runs.slice(-1);
  const words = ['npx halfopen run', scenario, `--repeat ${more}`];
  if (newest !== undefined && newest.environment !== 'embedded') words.push(`--env ${newest.environment}`);
  if (newest?.pace === 'fast') words.push('--pace fast');
  for (const [service, values] of Object.entries(newest?.overrides ?? {}))
    for (const [name, value] of Object.entries(values)) words.push(`--set ${service}.${name}=${value}`);
  return words.join(' ');
}

function seenSentence({ objective, bound }: Slo, { counts: { met, missed, unclear }, observations, median }: Counted): string {
  const total = met + missed + unclear;
  const kind = objectiveKind(objective);
  const limit = `${kind.better === 'less' ? 'at most' : 'at least'} ${describeBound(objective, bound)}`;
  const never = observations.filter(isCensored).length;
  const parts = [
    `${met} of ${total} ${total === 1 ? 'run' : 'runs'} had ${limit}`,
    ...(never === 0 ? [] : [`${never} not before the run ended`]),
    ...(unclear === 0 ? [] : [`${unclear} cannot say`]),
  ];
  return `${parts.join(', ')}${medianSentence(median)}`;
}

/** Of times that are known; one that was not reached is longer than any other. */
function medianOf({ objective, confidence }: Slo, observations: readonly Observation[]): NonNullable<GateFinding['median']> | null {
  const isTime = objectiveKind(objective).unit === 'ms';
  if (
    !isTime ||
    observations.length === 0 ||
    observations.some((observation) => !(leastOf(observation) >= 0 && leastOf(observation) < Infinity))
  )
    return null;
  const survival = kaplanMeier(observations, confidence);
  if (survival.kind === 'curve') return { value: survival.median, lower: survival.medianLower, upper: survival.medianUpper };
  return { value: null, lower: null, upper: null };
}

function medianSentence(median: GateFinding['median']): string {
  if (median === undefined || median.value === null) return '';
  const { value, lower, upper } = median;
  const interval = lower === null || upper === null ? '' : ` (${formatMs(lower)} to ${formatMs(upper)})`;
  return `, median ${formatMs(value)}${interval}`;
}

/** How long it takes in nearly every run, where that is known: what a limit could be set to. */
function typical({ objective, proportion, confidence }: Slo, observations: readonly Observation[]): string {
  if (objectiveKind(objective).unit !== 'ms') return '';
  const bound = upperQuantile(observations.map(rankable), { quantile: proportion, confidence });
  return bound.kind === 'bound' ? `; ${percent(proportion)} of all runs take at most ${describeBound(objective, bound.value)}` : '';
}

function reasonsOf(concerned: readonly Concerned[]): readonly string[] {
  const reasons = concerned.flatMap((achievement) => (achievement.state === 'unclear' ? [achievement.reason] : []));
  const unique = [...new Set(reasons)];
  return unique.length <= REASONS_MAX ? unique : [...unique.slice(0, REASONS_MAX), `and ${unique.length - REASONS_MAX} other reasons`];
}

const REASONS_MAX = 2;

/** Rounded away from what is demanded would be a lie: 94.97 % is not 95 %. */
function percent(share: number): string {
  return `${Number((Math.floor(share * 1000 + 1e-9) / 10).toFixed(1))} %`;
}
