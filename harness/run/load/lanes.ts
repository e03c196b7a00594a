import { SENTINEL, type RequestTemplate } from '../../model/load.ts';
import { redactorOf } from '../../model/redact.ts';
import { answerReader } from './answer.ts';
import { fillerOf, valuesOf } from './fill.ts';
import type { Lane } from './flight.ts';
import { openHttpClient, type HttpClient } from './http-client.ts';
import type { DriverJob } from './messages.ts';
import { hexScatter } from './scatter.ts';

const SENTINEL_TEMPLATE: RequestTemplate = { name: SENTINEL, method: 'GET', path: '/', weight: 1, headers: {}, timeoutMs: 2000 };
/** Goes the way of every request, body and all, so that the first real one finds compiled code. */
const WARM_UP_TEMPLATE: RequestTemplate = { ...SENTINEL_TEMPLATE, observe: { value: '/value' }, schema: {} };

/** Where requests go, by kind. */
export interface Lanes {
  /** The lane of the arrival at this place in the job's lists. */
  arrival(place: number): Lane;
  readonly sentinel: Lane;
  readonly warmUp: Lane;
  close(): Promise<void>;
}

/** @throws {UsageError} if a request's schema is no JSON Schema */
export function openLanes(job: DriverJob): Lanes {
  const entry = openHttpClient(job.entry);
  const sentinel = openHttpClient(job.sentinel);
  const values = valuesOf(job.load, job);
  const redact = redactorOf(job.redact).text;
  const laneOf = (template: RequestTemplate, client: HttpClient, stream: string): Lane => ({
    name: template.name,
    timeoutMs: template.timeoutMs,
    client,
    fill: fillerOf(template, values),
    reader: answerReader(template, redact),
    traceOf: hexScatter(job.seed, `${job.runId}:${stream}:trace`, 4),
    spanOf: hexScatter(job.seed, `${job.runId}:${stream}:span`, 2),
  });
  const lanes = job.load.requests.map((template) => laneOf(template, entry, 'load'));
  return {
    arrival(place) {
      const lane = lanes[job.request[place] ?? -1];
      if (lane === undefined) throw new Error(`arrival ${job.ordinals[place]} names request ${job.request[place]}, which the load has not`);
      return lane;
    },
    sentinel: laneOf(SENTINEL_TEMPLATE, sentinel, 'sentinel'),
    warmUp: laneOf(WARM_UP_TEMPLATE, sentinel, 'warm-up'),
    async close() {
      await Promise.all([entry.close(), sentinel.close()]);
    },
  };
}
