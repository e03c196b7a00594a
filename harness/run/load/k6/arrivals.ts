import { LIMITS } from '../../../model/limits.ts';
import type { OpenLoad } from '../../../model/load.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { answerReader, type AnswerReader, type Judged } from '../answer.ts';
import { arrivalRow } from '../arrival-row.ts';
import { hexScatter } from '../scatter.ts';
import { judgeFailedCall } from './failed-call.ts';
import type { Begin, Drop, End, FromK6, MarkSet, Req } from './protocol.ts';
import type { Share } from '../share.ts';

/** How the generic runner says of an arrival that k6 would not send it: its ordinal and the reason. */
const UNSENT_MARK = 'halfopen:unsent';
const MISMATCH_LENGTH = 200;

export interface ArrivalsRequest {
  readonly share: Share;
  readonly load: OpenLoad;
  readonly seed: number;
  readonly runId: string;
  readonly instance: string;
  readonly redact: (text: string) => string;
  /** A moment of k6's on the run's clock, in whole microseconds. */
  readonly runUs: (at: number) => number;
}

export interface ArrivalCounts {
  readonly scheduled: number;
  readonly sent: number;
  readonly inFlight: number;
  /** Neither sent nor dropped yet. */
  readonly ahead: number;
}

/** The arrivals of one k6 process: each becomes exactly one row. */
export interface Arrivals {
  /** The schedule's zero on the run's clock. */
  begin(atUs: number): void;
  /** @throws {HarnessError} if it contradicts what was said before: records were lost or doubled */
  take(record: FromK6): void;
  /** Rows that were finished since the last call. */
  takeRows(): readonly RequestRow[];
  /** How late calls were begun since the last call, in microseconds. */
  takeStartLags(): readonly number[];
  counts(): ArrivalCounts;
  /** What k6 itself has counted must be what came; null where it is. */
  contradiction(end: End): string | null;
  /** Makes rows of what is in flight and of what was not sent: given up at this moment. */
  settle(atUs: number): void;
}

type Ended = Pick<RequestRow, 'startedUs' | 'endedUs' | 'outcome'> & Partial<RequestRow>;

interface Flight {
  readonly place: number;
  readonly startedUs: number;
  readonly traceId: string;
}

/** @throws {UsageError} if a request's schema is no JSON Schema */
export function openArrivals(request: ArrivalsRequest): Arrivals {
  const { share, load, instance, redact, runUs } = request;
  const readers = load.requests.map((template) => answerReader(template, redact));
  const ledger = openLedger(request);
  const flights = new Map<number, Flight>();
  const counted = { begun: 0, ended: 0, dropped: 0, unsent: 0 };
  const lags = basket<number>();

  const onBegin = ({ i, at, ord, tid }: Begin): void => {
    counted.begun++;
    const place = ledger.claim(ord);
    const startedUs = runUs(at);
    lags.push(startedUs - ledger.intendedUs(place));
    flights.set(i, { place, startedUs, traceId: tid });
  };
  const onReq = (req: Req): void => {
    const flight = flights.get(req.i);
    if (flight === undefined) throw new HarnessError(`Records of ${instance} were lost: call ${req.i} ended and had not begun`);
    flights.delete(req.i);
    counted.ended++;
    const reader = readers[share.request[flight.place] ?? 0] as AnswerReader;
    const row = rowOf(flight, req, reader, runUs);
    if (row.outcome === 'shed') counted.unsent++;
    ledger.finish(flight.place, row);
  };
  const onDrop = ({ ord, at }: Drop): void => {
    counted.dropped++;
    ledger.finish(ledger.claim(ord), { startedUs: null, endedUs: runUs(at), outcome: 'shed' });
  };
  const onMark = (mark: MarkSet): void => {
    const unsent = unsentIn(mark);
    if (unsent === null) return;
    const observed = { mismatch: redact(unsent.reason).slice(0, MISMATCH_LENGTH) };
    ledger.finish(ledger.claim(unsent.ordinal), { startedUs: null, endedUs: runUs(mark.at), outcome: 'shed', observed });
  };

  return {
    begin: ledger.begin,
    take(record) {
      if (record.t === 'begin') onBegin(record);
      else if (record.t === 'req') onReq(record);
      else if (record.t === 'drop') onDrop(record);
      else if (record.t === 'mark') onMark(record);
    },
    takeRows: ledger.takeRows,
    takeStartLags: lags.takeAll,
    counts: () => ({
      scheduled: share.ordinals.length,
      sent: counted.begun - counted.unsent,
      inFlight: flights.size,
      ahead: ledger.unclaimed(),
    }),
    contradiction(end) {
      const [theirs, ours] = [countsAsText(end), countsAsText(counted)];
      return ours === theirs ? null : `k6 counted ${theirs}; told were ${ours}`;
    },
    settle(atUs) {
      for (const { place, startedUs, traceId } of flights.values())
        ledger.finish(place, { startedUs, endedUs: Math.max(atUs, startedUs), outcome: 'aborted', traceId });
      flights.clear();
      for (const place of ledger.claimRest()) ledger.finish(place, { startedUs: null, endedUs: atUs, outcome: 'aborted' });
    },
  };
}

/** Which arrivals something was told of, and the rows that became of them. */
interface Ledger {
  begin(atUs: number): void;
  /** The arrival's place in the share. @throws {HarnessError} if there is none, or it was claimed before */
  claim(ordinal: number | undefined): number;
  claimRest(): readonly number[];
  unclaimed(): number;
  intendedUs(place: number): number;
  finish(place: number, row: Ended): void;
  takeRows(): readonly RequestRow[];
}

function openLedger({ share, load, seed, runId, instance }: ArrivalsRequest): Ledger {
  const traceOf = hexScatter(seed, `${runId}:load:trace`, 4);
  const isClaimed = new Uint8Array(share.ordinals.length);
  let unclaimed = isClaimed.length;
  const rows = basket<RequestRow>();
  let zeroUs = 0;
  const claimAt = (place: number): number => {
    isClaimed[place] = 1;
    unclaimed--;
    return place;
  };
  const intendedUs = (place: number): number => Math.round(zeroUs + (share.intendedUs[place] ?? 0));
  return {
    begin: (atUs) => (zeroUs = atUs),
    claim(ordinal) {
      const place = ordinal === undefined ? -1 : placeOf(share.ordinals, ordinal);
      if (isClaimed[place] === 0) return claimAt(place);
      const reason = place === -1 ? 'it is none of its own' : 'it was told of before';
      throw new HarnessError(`Records of ${instance} contradict each other: it told of arrival ${ordinal}, and ${reason}`);
    },
    claimRest: () => [...isClaimed.keys()].filter((place) => isClaimed[place] === 0).map(claimAt),
    unclaimed: () => unclaimed,
    intendedUs,
    finish(place, row) {
      const ordinal = share.ordinals[place] ?? 0;
      const name = load.requests[share.request[place] ?? 0]?.name ?? '';
      rows.push(arrivalRow({ ordinal, name, instance, intendedUs: intendedUs(place), traceId: traceOf(ordinal) }, row.endedUs, row));
    },
    takeRows: rows.takeAll,
  };
}

function rowOf({ startedUs, traceId }: Flight, req: Req, reader: AnswerReader, runUs: ArrivalsRequest['runUs']): Ended {
  const judged = judge(req, reader);
  return {
    ...judged,
    startedUs: judged.outcome === 'shed' ? null : startedUs,
    firstByteUs: req.fb === null ? null : runUs(req.fb),
    endedUs: runUs(req.at),
    status: req.st,
    traceId,
    bytes: req.bytes,
    reused: req.reused,
  };
}

function unsentIn({ name, detail = '' }: MarkSet): { readonly ordinal: number; readonly reason: string } | null {
  const [, ordinal, reason = ''] = name === UNSENT_MARK ? (/^(\d+) (.*)$/s.exec(detail) ?? []) : [];
  return ordinal === undefined ? null : { ordinal: Number(ordinal), reason };
}

function judge({ st, err, msg, bytes, body, cut }: Req, reader: AnswerReader): Judged {
  if (err !== null) return judgeFailedCall(err, msg);
  if (!reader.wantsBody) return reader.read({ status: st, body: null, isCut: false });
  // One in a form that the extension cannot read is none.
  return reader.read({ status: st, body: Buffer.from(body ?? ''), isCut: cut === true || bytes > LIMITS.bodyBytes });
}

function countsAsText({ begun, ended, dropped }: Pick<End, 'begun' | 'ended' | 'dropped'>): string {
  return `${begun} begun, ${ended} ended, ${dropped} dropped`;
}

/** Holds what comes until it is taken, all at once. */
function basket<T>(): { push(item: T): void; takeAll(): readonly T[] } {
  let items: T[] = [];
  return {
    push: (item) => void items.push(item),
    takeAll() {
      const taken = items;
      items = [];
      return taken;
    },
  };
}

/** Where an ordinal stands in the ascending list; -1 where it does not. */
function placeOf(ordinals: Uint32Array, ordinal: number): number {
  let low = 0;
  let high = ordinals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = ordinals[middle] ?? 0;
    if (found === ordinal) return middle;
    if (found < ordinal) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
