import { cpuSecondsOf } from './process-group.ts';
import type { Subject } from './subjects.ts';

/** What one turn gave. `units` is all the work done, in the line's unit. */
export interface Work {
  readonly units: number;
}

/** The same with the CPU that the proxy's processes used for each unit, in microseconds; NaN where nobody's is counted. */
export type Costed<W> = W & { readonly cpuUs: number };

/** Does a turn of work and takes the proxy's CPU before and after it. */
export async function costed<W extends Work>(subject: Subject, work: () => Promise<W>): Promise<Costed<W>> {
  const before = subject.pid === null ? Number.NaN : cpuSecondsOf(subject.pid);
  const done = await work();
  const after = subject.pid === null ? Number.NaN : cpuSecondsOf(subject.pid);
  return { ...done, cpuUs: ((after - before) * 1e6) / done.units };
}

/**
 * Measures subjects in turn, forwards and backwards by rounds (A-B-C, C-B-A, …). The round before the first compiles code and opens
 * caches and is thrown away, but where each turn starts afresh (`isCold`).
 */
export async function inRounds<T, S = Subject>(
  subjects: readonly S[],
  rounds: number,
  measure: (subject: S) => Promise<T>,
  { isCold = false } = {},
): Promise<ReadonlyMap<S, readonly T[]>> {
  const taken = new Map<S, T[]>(subjects.map((subject) => [subject, []]));
  for (let round = isCold ? 1 : 0; round <= rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const value = await measure(subject);
      if (round > 0) taken.get(subject)?.push(value);
    }
  }
  return taken;
}
