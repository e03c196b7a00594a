import type { Outcome } from '../../model/load.ts';
import type { RequestRow } from '../../model/recording.ts';
import { arrivalRow, type Arrival } from './arrival-row.ts';
import type { AnswerReader } from './answer.ts';
import { judgeFailure } from './failure.ts';
import type { FilledRequest, Filler } from './fill.ts';
import type { Departure } from './itinerary.ts';
import type { ExchangeEnd, HttpClient, HttpExchange } from './http-client.ts';

/** Who sent a row, while the driver is one process. */
const INSTANCE = 'builtin';

/** Requests of one kind to one address. */
export interface Lane {
  readonly name: string;
  readonly timeoutMs: number;
  readonly client: HttpClient;
  readonly fill: Filler;
  readonly reader: AnswerReader;
  readonly traceOf: (ordinal: number) => string;
  readonly spanOf: (ordinal: number) => string;
}

/** A request on its way. */
export interface Flight {
  settle(outcome: Outcome): void;
}

/** Sends one request now; its row is recorded once, when it is answered, failed, timed out or was settled from outside. */
export function launch(lane: Lane, ordinal: number, intendedUs: number, nowUs: () => number, record: (row: RequestRow) => void): Flight {
  const arrival = arrivalOf(lane, { ordinal, intendedUs });
  const filled = lane.fill(ordinal);
  const request: FilledRequest = {
    ...filled,
    headers: { ...filled.headers, traceparent: `00-${arrival.traceId}-${lane.spanOf(ordinal)}-01` },
  };
  let firstByteUs: number | null = null;
  let isSettled = false;
  const startedUs = nowUs();
  const finish = (end: ExchangeEnd, given: Outcome | null): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    const endedUs = nowUs();
    const judged =
      given !== null ? { outcome: given, observed: null } : end.error !== null ? judgeFailure(end.error) : lane.reader.read(end);
    record(
      arrivalRow(arrival, endedUs, {
        startedUs: judged.outcome === 'shed' ? null : Math.round(startedUs),
        firstByteUs: firstByteUs === null ? null : Math.round(firstByteUs),
        outcome: judged.outcome,
        status: end.status,
        bytes: end.bytes,
        reused: end.reused,
        observed: judged.observed,
      }),
    );
  };
  const settle = (outcome: Outcome): void => {
    exchange.abandon();
    finish(exchange.sofar(), outcome);
  };
  const timer = setTimeout(() => settle('timeout'), lane.timeoutMs);
  const exchange: HttpExchange = lane.client.send(request, {
    wantsBody: lane.reader.wantsBody,
    onFirstByte: () => (firstByteUs = nowUs()),
    onEnd: (end) => finish(end, null),
  });
  return { settle };
}

/** An arrival as its row begins. */
export function arrivalOf(lane: Lane, { ordinal, intendedUs }: Pick<Departure, 'ordinal' | 'intendedUs'>): Arrival {
  return { ordinal, name: lane.name, instance: INSTANCE, intendedUs, traceId: lane.traceOf(ordinal) };
}
