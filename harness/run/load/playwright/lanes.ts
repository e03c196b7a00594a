import { numberedUsers, type LoadUser } from '../../../model/users.ts';
import { redactorOf } from '../../../model/redact.ts';
import { answerReader } from '../answer.ts';
import { fillerOf, valuesOf } from '../fill.ts';
import type { Departure } from '../itinerary.ts';
import { hexScatter } from '../scatter.ts';
import type { Arrival } from './arrival-row.ts';
import type { FetchLane } from './fetch-pool.ts';
import type { JourneyCode } from './journey.ts';
import type { BrowserJob } from './messages.ts';
import type { JourneyLane } from './trip.ts';

/** Everything that a load sends, by kind. */
export interface Lanes {
  arrivalOf(departure: Departure): Arrival;
  /** How the arrival at this place in the job's lists is sent: one of the two. */
  laneOf(departure: Departure): { readonly fetching: FetchLane } | { readonly journey: JourneyLane };
  /** Those who go a journey again and again. */
  readonly users: readonly LoadUser[];
  /** A user's journey that begins now. */
  setOut(user: LoadUser, ordinal: number, nowUs: number): { readonly arrival: Arrival; readonly journey: JourneyLane };
}

/** @throws {UsageError} if a request's schema is no JSON Schema */
export function openLanes(job: BrowserJob, codes: readonly JourneyCode[]): Lanes {
  const values = valuesOf(job.load, job);
  const redact = redactorOf(job.redact).text;
  const traceOf = hexScatter(job.seed, `${job.runId}:load:trace`, 4);
  const spanOf = hexScatter(job.seed, `${job.runId}:load:span`, 2);
  const dataOf: JourneyLane['dataOf'] = (ordinal) => ({
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value(ordinal)])),
    uuid: values['uuid']?.(ordinal) ?? '',
    seq: String(ordinal),
  });
  const requests = job.load.requests.map((template) => ({
    fetching: { timeoutMs: template.timeoutMs, fill: fillerOf(template, values), reader: answerReader(template, redact), spanOf },
  }));
  const journeys = job.journeys.map((template, index) => {
    const code = codes[index];
    if (code === undefined) throw new Error(`the journey '${template.name}' was not imported`);
    return { journey: { template, code, spanOf, dataOf } };
  });
  const lanes = [...requests, ...journeys];
  const names = [...job.load.requests, ...job.journeys].map(({ name }) => name);
  return {
    arrivalOf: ({ ordinal, place, intendedUs }) => ({
      ordinal,
      intendedUs,
      name: names[job.request[place] ?? -1] ?? '',
      traceId: traceOf(ordinal),
    }),
    laneOf({ ordinal, place }) {
      const lane = lanes[job.request[place] ?? -1];
      if (lane === undefined) throw new Error(`arrival ${ordinal} names request ${job.request[place]}, which the load has not`);
      return lane;
    },
    users: numberedUsers(requests.length, job.journeys),
    setOut({ request, journey: { name } }, ordinal, nowUs) {
      const lane = journeys[request - requests.length];
      if (lane === undefined) throw new Error(`a user goes the journey ${name}, which the load has not`);
      return { arrival: { ordinal, intendedUs: nowUs, name, traceId: traceOf(ordinal) }, journey: lane.journey };
    },
  };
}
