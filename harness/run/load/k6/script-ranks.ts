import type { DueTimes } from './script-arrivals.ts';

/** An arrival of an executor as it was seen: an iteration that started, or one that was dropped. */
interface Seen {
  /** When it was started or dropped. */
  readonly atUs: number;
  /** When its executor started; null where nobody said so. */
  readonly executorUs: number | null;
  /** Told once, in order of rank: when it was due. */
  onPlaced(dueUs: number): void;
}

/** Finds out when each arrival of one executor was due: sorted by time, the k-th is the k-th of its schedule. */
export interface Ranking {
  add(seen: Seen): void;
  /** Places all arrivals up to that moment: none earlier is still to come. */
  settle(untilUs: number): void;
}

/** `fallbackUs` is when the executor is taken to have started where nobody says so. */
export function rankingBy(due: DueTimes, fallbackUs: () => number): Ranking {
  const waiting: Seen[] = [];
  let rank = 0;
  let startedUs: number | null = null;
  return {
    add(seen) {
      waiting.push(seen);
      startedUs ??= seen.executorUs;
    },
    settle(untilUs) {
      if (!waiting.some(({ atUs }) => atUs <= untilUs)) return;
      waiting.sort((left, right) => left.atUs - right.atUs);
      const count = waiting.findIndex(({ atUs }) => atUs > untilUs);
      const settled = waiting.splice(0, count < 0 ? waiting.length : count);
      for (const { executorUs, onPlaced } of settled) onPlaced((executorUs ?? startedUs ?? fallbackUs()) + due(rank++));
    },
  };
}
