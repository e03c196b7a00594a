import type { RequestRow } from '../../model/recording.ts';
import { arrivalRow } from './arrival-row.ts';
import { arrivalOf, launch, type Flight, type Lane } from './flight.ts';
import { itineraryFrom, type Itinerary } from './itinerary.ts';
import { openLanes, type Lanes } from './lanes.ts';
import type { DriverJob, Totals } from './messages.ts';
import { startPace } from './pacer.ts';
import { warmUp } from './warm-up.ts';

/** The load of one run, from warm-up to the last answer. Times in microseconds since run start. */
export interface LoadSession {
  /** @throws {Error} if the sentinel does not answer */
  warmUp(): Promise<void>;
  begin(atUs: number): void;
  /** Ends what is in flight, and what was not sent yet, as `aborted`. */
  stop(): void;
  /** How late requests were sent since the last call, in microseconds. */
  takeStartLags(): readonly number[];
  counts(): { readonly inFlight: number; readonly sent: number };
  readonly ended: Promise<Totals>;
  close(): Promise<void>;
}

/** @throws {UsageError} if a request's schema is no JSON Schema */
export function openSession(job: DriverJob, nowUs: () => number, onRow: (row: RequestRow) => void): LoadSession {
  const lanes = openLanes(job);
  const flights = new Set<Flight>();
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<Totals>();
  let itinerary: Itinerary | null = null;
  let isLastSent = false;
  let sent = 0;
  let startLags: number[] = [];
  let stopPace = (): void => undefined;
  let drainTimer: NodeJS.Timeout | undefined;

  const send = (lane: Lane, ordinal: number, intendedUs: number, record: (row: RequestRow) => void): void => {
    const flight = launch(lane, ordinal, intendedUs, nowUs, (row) => {
      flights.delete(flight);
      record(row);
      endIfDone();
    });
    flights.add(flight);
  };
  const sendNext = (from: Itinerary): void => {
    const departure = from.next();
    if (departure === null) return;
    const { kind, ordinal, place, intendedUs } = departure;
    if (kind === 'sentinel') return send(lanes.sentinel, ordinal, intendedUs, onRow);
    startLags.push(nowUs() - intendedUs);
    sent++;
    send(lanes.arrival(place), ordinal, intendedUs, (row) => {
      if (row.outcome === 'shed') sent--;
      onRow(row);
    });
  };
  const endIfDone = (): void => {
    if (!isLastSent || flights.size > 0) return;
    clearTimeout(drainTimer);
    resolveEnded({ scheduled: job.intendedUs.length, sent });
  };
  const abortFlights = (): void => {
    for (const flight of flights) flight.settle('aborted');
  };
  const onLastSent = (): void => {
    isLastSent = true;
    drainTimer = setTimeout(abortFlights, job.drainMs);
    endIfDone();
  };

  return {
    ended,
    warmUp: () => warmUp((ordinal, record) => send(lanes.warmUp, ordinal, nowUs(), record), nowUs),
    begin(atUs) {
      if (itinerary !== null) return;
      const whole = itineraryFrom(job, atUs);
      itinerary = whole;
      stopPace = startPace({ nowUs, dueUs: whole.dueUs, fire: () => sendNext(whole), onDone: onLastSent });
    },
    stop() {
      stopPace();
      itinerary ??= itineraryFrom(job, nowUs());
      for (const row of unsentRows(itinerary, lanes, nowUs())) onRow(row);
      isLastSent = true;
      abortFlights();
      endIfDone();
    },
    takeStartLags() {
      const taken = startLags;
      startLags = [];
      return taken;
    },
    counts: () => ({ inFlight: flights.size, sent }),
    close: () => lanes.close(),
  };
}

/** What was still to come, as arrivals that nobody sent. */
function* unsentRows(rest: Itinerary, lanes: Lanes, endedUs: number): Generator<RequestRow> {
  for (let departure = rest.next(); departure !== null; departure = rest.next()) {
    if (departure.kind === 'arrival') yield arrivalRow(arrivalOf(lanes.arrival(departure.place), departure), endedUs);
  }
}
