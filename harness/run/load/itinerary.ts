import type { DriverJob } from './messages.ts';

/** One thing to send: an arrival of the schedule, or a question to the sentinel. */
export interface Departure {
  readonly kind: 'arrival' | 'sentinel';
  /** Counts within its kind, from 0. */
  readonly ordinal: number;
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
export function itineraryFrom(job: Pick<DriverJob, 'intendedUs' | 'sentinelEveryUs' | 'totalUs'>, beganUs: number): Itinerary {
  const sentinels = Math.ceil(job.totalUs / job.sentinelEveryUs);
  let arrival = 0;
  let sentinel = 0;
  const arrivalUs = (): number => beganUs + (job.intendedUs[arrival] ?? Infinity);
  const sentinelUs = (): number => (sentinel < sentinels ? beganUs + sentinel * job.sentinelEveryUs : Infinity);
  const dueUs = (): number | null => {
    const atUs = Math.min(arrivalUs(), sentinelUs());
    return atUs === Infinity ? null : atUs;
  };
  return {
    dueUs,
    next() {
      const intendedUs = dueUs();
      if (intendedUs === null) return null;
      if (sentinelUs() < arrivalUs()) return { kind: 'sentinel', ordinal: sentinel++, intendedUs };
      return { kind: 'arrival', ordinal: arrival++, intendedUs };
    },
  };
}
