import type { BreakerMoved, RunEvent } from '../../harness/model/event.ts';

/** A transition as the breaker's library told it, in microseconds since run start. */
export interface TrueTransition {
  readonly breaker: string;
  readonly state: string;
  readonly atUs: number;
}

export interface Comparison {
  readonly true: number;
  readonly found: number;
  /** Recorded, but the library knows nothing of it. */
  readonly invented: number;
  /** Recorded less true, in milliseconds, of those that were found. */
  readonly errorsMs: readonly number[];
}

/** Farther apart than this, two transitions are not the same one, in microseconds. */
const SAME_WITHIN_US = 500_000;

/** Holds what was recorded against the truth: each true transition may be found once, by a recorded one to the same state, in order. */
export function compareTransitions(truth: readonly TrueTransition[], recorded: readonly TrueTransition[]): Comparison {
  const left = new Set(recorded);
  const errorsMs: number[] = [];
  for (const { breaker, state, atUs } of truth) {
    const match = [...left].find(
      (entry) => entry.breaker === breaker && entry.state === state && Math.abs(entry.atUs - atUs) <= SAME_WITHIN_US,
    );
    if (match === undefined) continue;
    left.delete(match);
    errorsMs.push((match.atUs - atUs) / 1000);
  }
  return { true: truth.length, found: errorsMs.length, invented: left.size, errorsMs };
}

/** What the probe recorded of these breakers, without how it began to watch: the first state, and `unknown` when a process comes or goes. */
export function recordedTransitions(events: readonly RunEvent[], breakers: readonly string[]): TrueTransition[] {
  const isMove = (event: RunEvent): event is BreakerMoved =>
    event.kind === 'breaker' && breakers.includes(event.breaker) && event.source === 'event' && event.from !== 'unknown';
  return events.filter(isMove).map(({ breaker, to, atUs }) => ({ breaker, state: to, atUs }));
}

/** Lines of a truth file: `{"name":…,"state":…,"monoNs":…}`, by name without the service's, on the machine's monotonic clock. */
export function readTruth(text: string, originUs: number): TrueTransition[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { name, state, monoNs } = JSON.parse(line) as { readonly name: string; readonly state: string; readonly monoNs: string };
      return { breaker: name, state, atUs: Number(BigInt(monoNs) / 1000n) - originUs };
    });
}
