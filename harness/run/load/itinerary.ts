import type { DriverJob } from './messages.ts';

/** One thing to send: an arrival of the schedule, or a question to the sentinel. */
export interface Departure {
  readonly kind: 'arrival' | 'sentinel';
  /** In the plan's schedule, or among the sentinel's questions, from 0. */
  readonly ordinal: number;
  /** In the driver's own lists. */
  readonly place: number;
  /** On the run's clock, in microseconds. */
  readonly intendedUs: number;
}

/** All departures of a run in order of time. */
export interface Itinerary {
  /** When the next one is due; null when there is none left. */
  dueUs(): number | null;
  next(): Departure | null;
}

/** Merges the schedule with the sentinel's even spacing, from the load's start to the end of the last phase. */
export function itineraryFrom(job: Pick<DriverJob, 'ordinals' | 'intendedUs' | 'sentinelEveryUs' | 'totalUs'>, beganUs: number): Itinerary {
  const everyUs = job.sentinelEveryUs ?? Infinity;
  const sentinels = job.sentinelEveryUs === null ? 0 : Math.ceil(job.totalUs / everyUs);
  let arrival = 0;
  let sentinel = 0;
  const arrivalUs = (): number => beganUs + (job.intendedUs[arrival] ?? Infinity);
  const sentinelUs = (): number => (sentinel < sentinels ? beganUs + sentinel * everyUs : Infinity);
  const dueUs = (): number | null => {
    const atUs = Math.min(arrivalUs(), sentinelUs());
    return atUs === Infinity ? null : atUs;
  };
  return {
    dueUs,
    next() {
      const intendedUs = dueUs();
      if (intendedUs === null) return null;
      if (sentinelUs() < arrivalUs()) return { kind: 'sentinel', ordinal: sentinel, place: sentinel++, intendedUs };
      return { kind: 'arrival', ordinal: job.ordinals[arrival] ?? arrival, place: arrival++, intendedUs };
    },
  };
}
