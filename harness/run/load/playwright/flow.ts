import type { RequestRow } from '../../../model/recording.ts';
import { itineraryFrom, type Departure, type Itinerary } from '../itinerary.ts';
import type { Totals } from '../messages.ts';
import { startPace } from '../pacer.ts';
import { unsentRow, type Arrival } from './arrival-row.ts';
import type { Crew } from './crew.ts';
import type { FetchLane } from './fetch-pool.ts';
import { launchJourney } from './journey-flight.ts';
import type { Lanes } from './lanes.ts';
import type { BrowserJob } from './messages.ts';
import type { Flight } from './trip.ts';

const PAGES_MAX = 20;

/** A load on its way. */
export interface Voyage {
  readonly job: BrowserJob;
  readonly lanes: Lanes;
  nowUs(): number;
  onRow(row: RequestRow): void;
  readonly flights: Set<Flight>;
  journeys: number;
  sent: number;
  readonly startLags: number[];
  /** Null while a browser that crashed is started again. */
  crew: Crew | null;
}

export interface Flow {
  begin(atUs: number): void;
  /** Ends what is in flight, and what was not sent yet, as `aborted`. */
  stop(): void;
  readonly ended: Promise<Totals>;
  beganUs(): number;
  fail(error: Error): void;
}

/** Sends each arrival at its time, and ends when the last one has ended. */
export function openFlow(voyage: Voyage): Flow {
  const { job, lanes, flights, nowUs, onRow } = voyage;
  const { promise: ended, resolve, reject } = Promise.withResolvers<Totals>();
  // Whoever waits for it sees the rejection.
  ended.catch(() => undefined);
  let itinerary: Itinerary | null = null;
  let beganUs = Infinity;
  let isLastSent = false;
  let stopPace = (): void => undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  const endIfDone = (): void => {
    if (!isLastSent || flights.size > 0) return;
    clearTimeout(drainTimer);
    resolve({ scheduled: job.intendedUs.length, sent: voyage.sent });
  };
  const abortFlights = (): void => {
    for (const flight of flights) flight.settle('aborted');
  };
  const onDone = (): void => {
    isLastSent = true;
    drainTimer = setTimeout(abortFlights, job.drainMs);
    endIfDone();
  };
  return {
    ended,
    beganUs: () => beganUs,
    begin(atUs) {
      if (itinerary !== null) return;
      beganUs = atUs;
      const whole = itineraryFrom({ ...job, sentinelEveryUs: null, totalUs: 0 }, atUs);
      itinerary = whole;
      const fire = (): void => {
        const departure = whole.next();
        if (departure !== null) depart(voyage, departure, endIfDone);
      };
      stopPace = startPace({ nowUs, dueUs: whole.dueUs, fire, onDone });
    },
    stop() {
      stopPace();
      const rest = (itinerary ??= itineraryFrom({ ...job, sentinelEveryUs: null, totalUs: 0 }, nowUs()));
      for (let departure = rest.next(); departure !== null; departure = rest.next()) onRow(unsentRow(lanes.arrivalOf(departure), nowUs()));
      isLastSent = true;
      abortFlights();
      endIfDone();
    },
    fail(error) {
      stopPace();
      clearTimeout(drainTimer);
      reject(error);
    },
  };
}

/** Sends one arrival, or sheds it where there is nothing to send it through. */
function depart(voyage: Voyage, departure: Departure, onLanded: () => void): void {
  const { job, lanes, flights, crew, nowUs, onRow } = voyage;
  const arrival = lanes.arrivalOf(departure);
  const lane = lanes.laneOf(departure);
  const shed = (mismatch: string): void => onRow(unsentRow(arrival, nowUs(), { outcome: 'shed', observed: { mismatch } }));
  if (crew === null) return shed('the browser crashed and is being started again');
  const pagesMax = job.browser.pagesMax ?? PAGES_MAX;
  const isJourney = 'journey' in lane;
  if (isJourney && voyage.journeys >= pagesMax) return shed(`${pagesMax} journeys were under way: browser.pagesMax allows no more`);
  voyage.sent++;
  if (isJourney) {
    voyage.journeys++;
    voyage.startLags.push(nowUs() - arrival.intendedUs);
  }
  const record = (row: RequestRow): void => {
    flights.delete(flight);
    if (isJourney) voyage.journeys--;
    else if (row.startedUs !== null) voyage.startLags.push(row.startedUs - row.intendedUs);
    if (row.startedUs === null) voyage.sent--;
    onRow(row);
    onLanded();
  };
  const flight = isJourney ? launchJourney(lane.journey, crew.world, arrival, record) : launchFetch(crew, lane.fetching, arrival, record);
  flights.add(flight);
}

function launchFetch({ pool }: Crew, lane: FetchLane, arrival: Arrival, record: (row: RequestRow) => void): Flight {
  if (pool === null) throw new Error(`the request '${arrival.name}' came without pages that send it`);
  return pool.send(lane, arrival, record);
}
