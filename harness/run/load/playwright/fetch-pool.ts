import type { Browser } from 'playwright-core';
import type { Outcome } from '../../../model/load.ts';
import type { RequestRow } from '../../../model/recording.ts';
import type { AnswerReader, Judged } from '../answer.ts';
import type { Filler } from '../fill.ts';
import { unsentRow, type Arrival } from './arrival-row.ts';
import { judgeNetError } from './net-error.ts';
import { openSendingPage, REQUESTS_AT_A_TIME, type PageAnswer, type PageClock, type SendingPage } from './sending-page.ts';
import type { Flight } from './trip.ts';

/** Most pages that send requests: Chromium opens at most 256 connections in all. */
const PAGES_MAX = 40;
/** Pages that are opened side by side. */
const OPENED_AT_ONCE = 4;

/** Requests of one kind. */
export interface FetchLane {
  readonly timeoutMs: number;
  readonly fill: Filler;
  readonly reader: AnswerReader;
  readonly spanOf: (ordinal: number) => string;
}

/** Pages that send requests as `fetch` does. */
export interface FetchPool {
  readonly size: number;
  /** The row is recorded once: when it is answered, failed, timed out or was settled from outside. */
  send(lane: FetchLane, arrival: Arrival, record: (row: RequestRow) => void): Flight;
  /** How many had to wait, as every connection that the browser opens was in use. */
  delayed(): number;
  /** The first page's clock, with the uncertainty of the one that is least sure. */
  clock(): PageClock;
  sampleClock(): Promise<PageClock>;
}

export interface FetchPoolOptions {
  /** Most requests that may be on their way at a time. */
  readonly inFlightMax: number;
  readonly port: number;
  readonly warmUpUrl: string;
  nowUs(): number;
}

/** How many of these may be on their way at a time, if each took all of its time; intended times in order. */
export function largestOverlap(arrivals: readonly { readonly intendedUs: number; readonly timeoutMs: number }[]): number {
  const ends = arrivals.map(({ intendedUs, timeoutMs }) => intendedUs + timeoutMs * 1000).toSorted((left, right) => left - right);
  let gone = 0;
  let largest = 0;
  for (const [index, { intendedUs }] of arrivals.entries()) {
    while ((ends[gone] ?? Infinity) <= intendedUs) gone++;
    largest = Math.max(largest, index + 1 - gone);
  }
  return largest;
}

export async function openFetchPool(browser: Browser, options: FetchPoolOptions): Promise<FetchPool> {
  const { nowUs } = options;
  const size = Math.max(1, Math.min(PAGES_MAX, Math.ceil(options.inFlightMax / REQUESTS_AT_A_TIME)));
  const context = await browser.newContext();
  const pages: SendingPage[] = [];
  while (pages.length < size) {
    const width = Math.min(OPENED_AT_ONCE, size - pages.length);
    const opening = Array.from({ length: width }, (_, index) => openSendingPage(context, { ...options, place: pages.length + index }));
    pages.push(...(await Promise.all(opening)));
  }
  const queue = new Set<() => void>();
  let delayed = 0;
  const free = (): SendingPage | undefined => pages.find(({ inFlight }) => inFlight < REQUESTS_AT_A_TIME);
  const sendNext = (): void => {
    const [next] = queue;
    if (next === undefined || free() === undefined) return;
    queue.delete(next);
    next();
  };
  return {
    size,
    delayed: () => delayed,
    clock: () => leastSure(pages.map(({ clock }) => clock)),
    async sampleClock() {
      const clocks: PageClock[] = [];
      for (const page of pages) clocks.push(await page.sampleClock());
      return leastSure(clocks);
    },
    send(lane, arrival, record) {
      let isSettled = false;
      let page: SendingPage | undefined;
      let sentUs: number | null = null;
      const settle = (row: RequestRow): void => {
        if (isSettled) return;
        isSettled = true;
        queue.delete(start);
        record(row);
      };
      const start = (): void => {
        const chosen = free() ?? pages[0];
        if (chosen === undefined) return;
        page = chosen;
        sentUs = nowUs();
        const order = orderOf(lane, arrival);
        chosen.send(order, arrival.traceId, (answer) => {
          const { startedUs, firstByteUs, endedUs } = timesOf(answer, chosen.clock, { fromUs: sentUs ?? 0, toUs: nowUs() });
          const { outcome, observed } = judge(answer, lane.reader);
          const { status, bytes, reused } = answer;
          const times = { startedUs: outcome === 'shed' ? null : startedUs, firstByteUs };
          settle(unsentRow(arrival, endedUs, { ...times, outcome, status, bytes, reused, observed }));
          sendNext();
        });
      };
      if (free() === undefined) {
        delayed++;
        queue.add(start);
      } else start();
      return {
        settle(how) {
          const outcome: Outcome = 'aborted';
          const observed = how === 'crashed' ? { mismatch: 'the browser crashed' } : null;
          page?.forget(arrival.ordinal);
          settle(unsentRow(arrival, nowUs(), { startedUs: sentUs === null ? null : Math.round(sentUs), outcome, observed }));
        },
      };
    },
  };
}

function orderOf({ fill, timeoutMs, reader, spanOf }: FetchLane, { ordinal, traceId }: Arrival): Parameters<SendingPage['send']>[0] {
  const { method, path, headers, body } = fill(ordinal);
  const traceparent = `00-${traceId}-${spanOf(ordinal)}-01`;
  return { ordinal, method, path, headers: { ...headers, traceparent }, body, timeoutMs, wantsBody: reader.wantsBody };
}

/** A page's times on the run's clock; none can lie before it was told to send, nor after it said how that ended. */
export function timesOf(
  { startedMs, firstByteMs, endedMs }: Pick<PageAnswer, 'startedMs' | 'firstByteMs' | 'endedMs'>,
  { offsetUs }: PageClock,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): { readonly startedUs: number; readonly firstByteUs: number | null; readonly endedUs: number } {
  const mapped = (ms: number): number => Math.round(Math.min(toUs, Math.max(fromUs, ms * 1000 + offsetUs)));
  return { startedUs: mapped(startedMs), firstByteUs: firstByteMs === null ? null : mapped(firstByteMs), endedUs: mapped(endedMs) };
}

/** What an answer, or the lack of one, means. */
export function judge(answer: PageAnswer, reader: AnswerReader): Judged {
  const { status, error, message, netError, isRedirect, isCut, text } = answer;
  if (isRedirect) return { outcome: 'http-error', observed: { mismatch: 'a redirect, which no browser shows to a page' } };
  if (error === null) return reader.read({ status, isCut, body: text === null ? null : Buffer.from(text) });
  if (error === 'TimeoutError') return { outcome: 'timeout', observed: null };
  if (netError !== null) return judgeNetError(netError);
  // The browser refused it before it went to the network: a method or a header that no page may send.
  if (answer.endedMs - answer.startedMs < 1 && error === 'TypeError')
    return { outcome: 'shed', observed: { mismatch: message.slice(0, 200) } };
  return { outcome: 'reset', observed: { mismatch: `failed with ${error}: ${message}`.slice(0, 200) } };
}

function leastSure(clocks: readonly PageClock[]): PageClock {
  return { offsetUs: clocks[0]?.offsetUs ?? 0, uncertaintyUs: Math.max(0, ...clocks.map(({ uncertaintyUs }) => uncertaintyUs)) };
}
