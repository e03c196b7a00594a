import { LIMITS } from '../../../model/limits.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { userOrdinal, type LoadUser } from '../../../model/users.ts';

/** How long a user waits who could not set out, as the browser is being started again, in milliseconds. */
const SHED_PAUSE_MS = 1000;

export interface CirclingOptions {
  readonly users: readonly LoadUser[];
  /** Arrivals of the schedule; users' journeys are numbered behind these. */
  readonly scheduled: number;
  nowUs(): number;
  /** Sends a user on their way; `onEnded` hears how it went. */
  setOut(user: LoadUser, ordinal: number, dueUs: number, onEnded: (row: RequestRow) => void): void;
  /** Nobody sets out any more; some may still be under way. */
  onOver(): void;
}

/** Users who each go their journey again when the last has ended. */
export interface Circling {
  /** All set out at `atUs`, and nobody at `untilUs` or later. */
  begin(atUs: number, untilUs: number): void;
  /** Nobody sets out any more; `onOver` is not called. */
  stop(): void;
  /** Journeys that users have begun, or would have begun if there had been a browser. */
  begun(): number;
}

export function openCircling({ users, scheduled, nowUs, setOut, onOver }: CirclingOptions): Circling {
  const timers = new Set<NodeJS.Timeout>();
  let endsUs = -Infinity;
  let begun = 0;
  let isOver = false;
  const wake = (atUs: number, act: () => void): void => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        act();
      },
      Math.max(0, (atUs - nowUs()) / 1000),
    );
    timers.add(timer);
  };
  const stop = (): void => {
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
  const circle = (user: LoadUser, repetition: number, dueUs: number): void => {
    if (isOver) return;
    wake(dueUs, () => {
      if (nowUs() >= endsUs) return;
      begun++;
      const ordinal = userOrdinal(user.number, repetition, { scheduled, users: users.length });
      setOut(user, ordinal, dueUs, (row) => circle(user, repetition + 1, nextUs(user, row)));
    });
  };
  return {
    stop,
    begun: () => begun,
    begin(atUs, untilUs) {
      if (users.length === 0) return onOver();
      endsUs = untilUs;
      for (const user of users) circle(user, 0, atUs);
      wake(untilUs, () => {
        stop();
        onOver();
      });
    },
  };
}

/** When a user goes again after a journey that went so. */
function nextUs({ journey: { thinkMs } }: LoadUser, { startedUs, endedUs }: RequestRow): number {
  if (startedUs === null) return endedUs + Math.max(thinkMs, SHED_PAUSE_MS) * 1000;
  return Math.max(endedUs + thinkMs * 1000, startedUs + LIMITS.repetitionMs * 1000);
}
