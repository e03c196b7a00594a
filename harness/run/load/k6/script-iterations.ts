import type { PhaseName } from '../../../model/plan.ts';
import type { Begin, Drop, Enter, Iteration as IterationEnded, K6Scenario } from './protocol.ts';
import { dueTimesOf } from './script-arrivals.ts';
import { rankingBy, type Ranking } from './script-ranks.ts';

/** Which process said it, and its clock's moments as the run's. */
export interface Source {
  readonly instance: string;
  toRunUs(at: number): number;
}

/** One iteration of a script, as far as it is known. */
export interface Iteration {
  /** How late its executor started it, in microseconds; null until its rank is known. */
  lagUs: number | null;
  /** No call of it has failed so far: if it throws now, that is the script's own doing. */
  isSound: boolean;
}

/** Iterations of a script that began in one phase. */
export interface IterationCount {
  readonly phase: PhaseName;
  readonly ended: number;
  /** Those that an exception ended. */
  readonly threw: number;
  /** Those that threw although none of their calls had failed. */
  readonly threwUnprovoked: number;
  /** What the first of them threw. */
  readonly example: string | null;
}

export interface IterationsOptions {
  readonly scenarios: Readonly<Record<string, K6Scenario>>;
  readonly beganUs: number;
  /** When the timeline ends: what k6 drops from then on counts no more. */
  readonly endsUs: number;
  readonly phaseAt: (atUs: number) => PhaseName | null;
  readonly redact: (text: string) => string;
  /** An arrival for which k6 had no virtual user. */
  onDropped(dropped: { readonly scenario: string; readonly instance: string; readonly dueUs: number; readonly atUs: number }): void;
}

/** The iterations of a script's scenarios: when each was due, and how it ended. */
export interface Iterations {
  enter(record: Pick<Enter, 'sc' | 'vu' | 'it' | 'at' | 'scAt'>, source: Source): Iteration;
  leave(record: IterationEnded, source: Source): void;
  drop(record: Drop, source: Source): void;
  /** Ranks all arrivals up to that moment: none earlier is still to be heard of. */
  settle(untilUs: number): void;
  counts(): readonly IterationCount[];
  /** Iterations that a closed model had no time for, by scenario. */
  unstarted(): ReadonlyMap<string, number>;
}

export function openIterations({ scenarios, beganUs, endsUs, phaseAt, redact, onDropped }: IterationsOptions): Iterations {
  const rankings = rankingsOf(scenarios, beganUs);
  const running = new Map<string, Iteration>();
  const counts = new Map<PhaseName, IterationCount>();
  const unstarted = new Map<string, number>();
  const enter: Iterations['enter'] = (record, source) => {
    const key = keyOf(record, source);
    const known = running.get(key);
    if (known !== undefined) return known;
    const ranking = rankings.get(record.sc);
    const iteration: Iteration = { lagUs: ranking === undefined ? 0 : null, isSound: true };
    running.set(key, iteration);
    const atUs = source.toRunUs(record.at);
    ranking?.add({
      atUs,
      executorUs: record.scAt > 0 ? source.toRunUs(record.scAt) : null,
      onPlaced: (dueUs) => (iteration.lagUs = Math.max(0, atUs - dueUs)),
    });
    return iteration;
  };
  return {
    enter,
    leave(record, source) {
      const iteration = enter({ ...record, at: record.from, scAt: 0 }, source);
      running.delete(keyOf(record, source));
      const phase = phaseAt(source.toRunUs(record.from));
      if (phase !== null)
        counts.set(phase, counted(counts.get(phase), phase, iteration, record.err === undefined ? null : redact(record.err)));
    },
    drop({ sc, n, at }, { instance, toRunUs }) {
      const atUs = toRunUs(at);
      const ranking = rankings.get(sc);
      if (ranking === undefined) return void unstarted.set(sc, (unstarted.get(sc) ?? 0) + n);
      if (atUs >= endsUs) return;
      const onPlaced = (dueUs: number): void => onDropped({ scenario: sc, instance, dueUs, atUs });
      for (let place = 0; place < n; place++) ranking.add({ atUs, executorUs: null, onPlaced });
    },
    settle: (untilUs) => rankings.forEach((ranking) => ranking.settle(untilUs)),
    counts: () => [...counts.values()],
    unstarted: () => unstarted,
  };
}

function rankingsOf(scenarios: IterationsOptions['scenarios'], beganUs: number): ReadonlyMap<string, Ranking> {
  const pairs = Object.entries(scenarios).flatMap(([name, scenario]) => {
    const due = dueTimesOf(scenario);
    return due === null ? [] : [[name, rankingBy(due, () => beganUs + scenario.startTimeMs * 1000)] as const];
  });
  return new Map(pairs);
}

function keyOf({ vu, it }: Pick<Begin, 'vu' | 'it'>, { instance }: Source): string {
  return `${instance}/${vu}/${it}`;
}

function counted(before: IterationCount | undefined, phase: PhaseName, { isSound }: Iteration, thrown: string | null): IterationCount {
  const { ended, threw, threwUnprovoked, example } = before ?? { ended: 0, threw: 0, threwUnprovoked: 0, example: null };
  const isThrown = thrown !== null;
  return {
    phase,
    ended: ended + 1,
    threw: threw + Number(isThrown),
    threwUnprovoked: threwUnprovoked + Number(isThrown && isSound),
    example: example ?? thrown,
  };
}
