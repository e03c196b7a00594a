import { LIMITS } from '../../../model/limits.ts';
import type { RequestRow } from '../../../model/recording.ts';
import type { LoadUser } from '../../../model/users.ts';
import { itineraryFrom, type Departure, type Itinerary } from '../itinerary.ts';
import type { Totals } from '../messages.ts';
import { startPace } from '../pacer.ts';
import { unsentRow, type Arrival } from './arrival-row.ts';
import type { Crew } from './crew.ts';
import type { FetchLane } from './fetch-pool.ts';
import { launchJourney } from './journey-flight.ts';
import type { Lanes } from './lanes.ts';
import type { BrowserJob } from './messages.ts';
import type { Flight, JourneyLane } from './trip.ts';
import { openCircling } from './users.ts';

/** A load on its way. */
export interface Voyage {
  readonly job: BrowserJob;
  readonly lanes: Lanes;
  nowUs(): number;
  onRow(row: RequestRow): void;
  readonly flights: Set<Flight>;
  /** Journeys of the schedule that are under way; those of users have pages of their own. */
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

/** Sends each arrival at its time, and each user when they are back, and ends when the last one has ended. */
export function openFlow(voyage: Voyage): Flow {
  const { job, lanes, flights, nowUs, onRow } = voyage;
  const { promise: ended, resolve, reject } = Promise.withResolvers<Totals>();
  // Whoever waits for it sees the rejection.
  ended.catch(() => undefined);
  let itinerary: Itinerary | null = null;
  let beganUs = Infinity;
  let isLastSent = false;
  /** Who still sends: the schedule, and the users. */
  let senders = 2;
  let stopPace = (): void => undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  const endIfDone = (): void => {
    if (!isLastSent || flights.size > 0) return;
    clearTimeout(drainTimer);
    resolve({ scheduled: job.intendedUs.length + circling.begun(), sent: voyage.sent });
  };
  const abortFlights = (): void => {
    for (const flight of flights) flight.settle('aborted');
  };
  const onDone = (): void => {
    if (--senders > 0) return;
    isLastSent = true;
    drainTimer = setTimeout(abortFlights, job.drainMs);
    endIfDone();
  };
  const circling = openCircling({
    users: lanes.users,
    scheduled: job.scheduled,
    nowUs,
    setOut: (user, ordinal, dueUs, onEnded) =>
      setOut(voyage, { user, ordinal, dueUs }, (row) => {
        onRow(row);
        onEnded(row);
        endIfDone();
      }),
    onOver: onDone,
  });
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
      circling.begin(atUs, atUs + (job.phases.at(-1)?.toUs ?? 0));
    },
    stop() {
      stopPace();
      circling.stop();
      const rest = (itinerary ??= itineraryFrom({ ...job, sentinelEveryUs: null, totalUs: 0 }, nowUs()));
      for (let departure = rest.next(); departure !== null; departure = rest.next()) onRow(unsentRow(lanes.arrivalOf(departure), nowUs()));
      isLastSent = true;
      abortFlights();
      endIfDone();
    },
    fail(error) {
      stopPace();
      circling.stop();
      clearTimeout(drainTimer);
      reject(error);
    },
  };
}

/** Sends one arrival of the schedule, or sheds it where there is nothing to send it through. */
function depart(voyage: Voyage, departure: Departure, onLanded: () => void): void {
  const { job, lanes, crew, nowUs, onRow } = voyage;
  const arrival = lanes.arrivalOf(departure);
  const lane = lanes.laneOf(departure);
  const shed = (mismatch: string): void => onRow(shedRow(arrival, nowUs(), mismatch));
  if (crew === null) return shed(NO_BROWSER);
  const isJourney = 'journey' in lane;
  const users = lanes.users.length;
  const pagesMax = (job.browser.pagesMax ?? LIMITS.pages) - users;
  if (isJourney && voyage.journeys >= pagesMax)
    return shed(`${pagesMax} journeys were under way${users === 0 ? '' : ` beside ${users} users`}: browser.pagesMax allows no more`);
  if (isJourney) {
    voyage.journeys++;
    voyage.startLags.push(nowUs() - arrival.intendedUs);
  }
  launch(voyage, crew, { arrival, lane }, (row) => {
    if (isJourney) voyage.journeys--;
    else if (row.startedUs !== null) voyage.startLags.push(row.startedUs - row.intendedUs);
    onRow(row);
    onLanded();
  });
}

/** Sends one user on their way, now; `record` hears of it once. */
function setOut(
  voyage: Voyage,
  { user, ordinal, dueUs }: { readonly user: LoadUser; readonly ordinal: number; readonly dueUs: number },
  record: (row: RequestRow) => void,
): void {
  const { lanes, crew, nowUs } = voyage;
  const { arrival, journey } = lanes.setOut(user, ordinal, nowUs());
  if (crew === null) return record(shedRow(arrival, nowUs(), NO_BROWSER));
  voyage.startLags.push(nowUs() - dueUs);
  // Nothing is due in a closed model: what is intended is what is begun.
  launch(voyage, crew, { arrival, lane: { journey } }, (row) => record({ ...row, intendedUs: row.startedUs ?? row.intendedUs }));
}

const NO_BROWSER = 'the browser crashed and is being started again';

function shedRow(arrival: Arrival, atUs: number, mismatch: string): RequestRow {
  return unsentRow(arrival, atUs, { outcome: 'shed', observed: { mismatch } });
}

/** An arrival, and how it is sent. */
interface Passage {
  readonly arrival: Arrival;
  readonly lane: { readonly fetching: FetchLane } | { readonly journey: JourneyLane };
}

function launch(voyage: Voyage, crew: Crew, { arrival, lane }: Passage, onLanded: (row: RequestRow) => void): void {
  const { flights } = voyage;
  voyage.sent++;
  const record = (row: RequestRow): void => {
    flights.delete(flight);
    if (row.startedUs === null) voyage.sent--;
    onLanded(row);
  };
  const flight =
    'journey' in lane ? launchJourney(lane.journey, crew.world, arrival, record) : launchFetch(crew, lane.fetching, arrival, record);
  flights.add(flight);
}

function launchFetch({ pool }: Crew, lane: FetchLane, arrival: Arrival, record: (row: RequestRow) => void): Flight {
  if (pool === null) throw new Error(`the request '${arrival.name}' came without pages that send it`);
  return pool.send(lane, arrival, record);
}
