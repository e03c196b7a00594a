import { OTHER_REQUEST, type RequestTemplate } from '../../../model/load.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { answerReader, type AnswerReader, type Judged } from '../answer.ts';
import { judgeFailedCall } from './failed-call.ts';
import type { Begin, FromK6, Req } from './protocol.ts';
import type { CallMatcher } from './script-calls.ts';
import { openIterations, type Iteration, type IterationCount, type IterationsOptions, type Source } from './script-iterations.ts';

/** When the client of a call that nobody declared counts as having given up, in milliseconds. */
const OTHER_TIMEOUT_MS = 5000;

export interface LedgerOptions extends Omit<IterationsOptions, 'onDropped'> {
  readonly requests: readonly RequestTemplate[];
  readonly match: CallMatcher;
}

/** The calls of a script as arrivals: each that began gets one row, and each arrival that k6 had no virtual user for. */
export interface CallLedger {
  read(record: FromK6, source: Source): void;
  /** Rows that are complete; nothing from before that moment is still to be heard of. */
  settle(untilUs: number): readonly RequestRow[];
  /** All other rows: what is still in flight is given up at that moment. */
  close(atUs: number): readonly RequestRow[];
  counts(): { readonly inFlight: number; readonly rows: number; readonly sent: number };
  /** How late iterations began since the last question, in microseconds. */
  takeStartLags(): readonly number[];
  iterations(): readonly IterationCount[];
  /** Iterations that a closed model had no time for, by scenario. */
  unstarted(): ReadonlyMap<string, number>;
}

type RowAnswer = Judged & Pick<RequestRow, 'firstByteUs' | 'endedUs' | 'status' | 'bytes' | 'reused'>;

interface Arrival {
  readonly iteration: Iteration;
  readonly isFirst: boolean;
  readonly startedUs: number;
  readonly template: RequestTemplate | null;
  readonly traceId: string;
  readonly instance: string;
  hops: number;
  /** Null while it is in flight. */
  answer: RowAnswer | null;
}

/** @throws {UsageError} if a request's schema is no JSON Schema */
export function openLedger(options: LedgerOptions): CallLedger {
  const readers = new Map(options.requests.map((template) => [template.name, answerReader(template, options.redact)]));
  const firstNames = new Map<string, string>();
  const numbered = numberRows();
  const iterations = openIterations({
    ...options,
    onDropped: ({ scenario, ...dropped }) => numbered.add(shedRow({ name: firstNames.get(scenario) ?? OTHER_REQUEST, ...dropped })),
  });
  const calls = new Map<string, Arrival>();
  const answered = new Set<Arrival>();

  const begin = (record: Begin, source: Source): void => {
    const key = callKey(record.i, source);
    const before = continued(record, source, calls);
    if (before !== undefined) {
      answered.delete(before);
      before.hops++;
      before.answer = null;
      calls.set(key, before);
      return;
    }
    const iteration = iterations.enter({ ...record, at: record.itAt, scAt: 0 }, source);
    const startedUs = source.toRunUs(record.at);
    if (startedUs >= options.endsUs) return;
    const template = options.match(record.method, record.url);
    if (record.first && !firstNames.has(record.sc)) firstNames.set(record.sc, nameOf(template));
    const { instance } = source;
    calls.set(key, { iteration, isFirst: record.first, startedUs, template, traceId: record.tid, instance, hops: 1, answer: null });
  };
  const answer = (record: Req, source: Source): void => {
    const key = callKey(record.i, source);
    const arrival = calls.get(key);
    if (arrival === undefined) return;
    arrival.answer = answerOf(record, arrival, { readers, toRunUs: source.toRunUs });
    if (arrival.answer.outcome !== 'ok' && !isRedirect(record.st)) arrival.iteration.isSound = false;
    answered.add(arrival);
    // The next hop of a redirect looks for it.
    if (!isRedirect(record.st)) calls.delete(key);
  };
  const settle = (untilUs: number): void => {
    iterations.settle(untilUs);
    for (const arrival of answered) {
      if (!isComplete(arrival, untilUs)) continue;
      answered.delete(arrival);
      numbered.add(rowOf(arrival), arrival.isFirst);
    }
    for (const [key, { answer: end }] of calls) if (end !== null && end.endedUs <= untilUs) calls.delete(key);
  };
  return {
    read(record, source) {
      if (record.t === 'begin') begin(record, source);
      else if (record.t === 'req') answer(record, source);
      else if (record.t === 'enter') iterations.enter(record, source);
      else if (record.t === 'iter') iterations.leave(record, source);
      else if (record.t === 'drop') iterations.drop(record, source);
    },
    settle(untilUs) {
      settle(untilUs);
      return numbered.take();
    },
    close(atUs) {
      settle(Infinity);
      for (const arrival of calls.values()) numbered.add(rowOf({ ...arrival, answer: givenUp(arrival, atUs) }), arrival.isFirst);
      calls.clear();
      return numbered.take();
    },
    counts: () => ({ inFlight: calls.size, ...numbered.counts() }),
    takeStartLags: numbered.takeLags,
    iterations: iterations.counts,
    unstarted: iterations.unstarted,
  };
}

/** Rows in the order in which they become complete, with ids that ascend. */
function numberRows() {
  let ready: RequestRow[] = [];
  let lags: number[] = [];
  let rows = 0;
  let sent = 0;
  return {
    add(row: Omit<RequestRow, 'id'>, isStart = false): void {
      ready.push({ id: rows++, ...row });
      if (row.startedUs === null) return;
      sent++;
      if (isStart) lags.push(row.startedUs - row.intendedUs);
    },
    take(): readonly RequestRow[] {
      const taken = ready;
      ready = [];
      return taken;
    },
    takeLags(): readonly number[] {
      const taken = lags;
      lags = [];
      return taken;
    },
    counts: () => ({ rows, sent }),
  };
}

/** The arrival of which a call is the next hop. */
function continued({ prev }: Begin, source: Source, calls: Map<string, Arrival>): Arrival | undefined {
  if (prev === undefined) return undefined;
  const key = callKey(prev, source);
  const arrival = calls.get(key);
  calls.delete(key);
  return arrival;
}

function callKey(i: number, { instance }: Source): string {
  return `${instance}/${i}`;
}

function nameOf(template: RequestTemplate | null): string {
  return template?.name ?? OTHER_REQUEST;
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** A redirect may go on until nothing from its time is still to be heard of; the first call waits for its iteration's rank. */
function isComplete({ answer, isFirst, iteration }: Arrival, untilUs: number): boolean {
  return answer !== null && (!isRedirect(answer.status) || answer.endedUs <= untilUs) && (!isFirst || iteration.lagUs !== null);
}

interface Answering {
  readonly readers: ReadonlyMap<string, AnswerReader>;
  toRunUs(at: number): number;
}

function answerOf(record: Req, arrival: Arrival, { readers, toRunUs }: Answering): RowAnswer {
  if (record.err === 'canceled') return givenUp(arrival, toRunUs(record.at));
  return {
    ...judgeCall(record, arrival, readers),
    firstByteUs: record.fb === null ? null : Math.round(toRunUs(record.fb)),
    endedUs: Math.round(toRunUs(record.at)),
    status: record.st,
    bytes: record.bytes,
    reused: record.reused,
  };
}

/** A declared request succeeds as it does for every driver; nobody declared the others, so k6's own rule holds for them. */
function judgeCall(record: Req, { template, hops }: Arrival, readers: Answering['readers']): Judged {
  if (record.err !== null) return judgeFailedCall(record.err, record.msg);
  const reader = template === null ? undefined : readers.get(template.name);
  const isSuccess = record.st >= 200 && record.st < (template === null ? 400 : 300);
  // What a redirect led to is not what was declared.
  if (reader === undefined || !reader.wantsBody || (hops > 1 && record.body === undefined))
    return { outcome: isSuccess ? 'ok' : 'http-error', observed: null };
  const body = record.body === undefined ? null : Buffer.from(record.body);
  return reader.read({ status: record.st, body, isCut: record.cut === true });
}

/** What k6 gave up, or had in flight at the end: the client of a call that had waited for longer than its timeout would have given up itself. */
function givenUp({ template, startedUs }: Arrival, atUs: number): RowAnswer {
  const timeoutUs = (template?.timeoutMs ?? OTHER_TIMEOUT_MS) * 1000;
  const outcome = atUs - startedUs >= timeoutUs ? 'timeout' : 'aborted';
  return { outcome, observed: null, firstByteUs: null, endedUs: Math.round(Math.max(atUs, startedUs)), status: 0, bytes: 0, reused: false };
}

/** The first call of an iteration is as late as its iteration; what the script did before it is no delay, nor what follows. */
function rowOf({ iteration, isFirst, startedUs, template, instance, traceId, answer }: Arrival): Omit<RequestRow, 'id'> {
  if (answer === null) throw new TypeError(`Cannot record a call of ${nameOf(template)} as it must have ended`);
  const lagUs = isFirst ? (iteration.lagUs ?? 0) : 0;
  const { outcome, observed, firstByteUs, endedUs, status, bytes, reused } = answer;
  return {
    name: nameOf(template),
    instance,
    intendedUs: Math.round(startedUs - lagUs),
    startedUs: outcome === 'shed' ? null : Math.round(startedUs),
    firstByteUs,
    endedUs,
    outcome,
    status,
    traceId,
    bytes,
    reused,
    observed,
  };
}

type Dropped = Pick<RequestRow, 'name' | 'instance'> & { readonly dueUs: number; readonly atUs: number };

/** k6 had no virtual user for it. Nobody knows what it would have called: the scenario's first call is the best guess. */
function shedRow({ name, instance, dueUs, atUs }: Dropped): Omit<RequestRow, 'id'> {
  const intendedUs = Math.round(dueUs);
  const unsent = {
    startedUs: null,
    firstByteUs: null,
    outcome: 'shed',
    status: 0,
    traceId: '',
    bytes: 0,
    reused: false,
    observed: null,
  } as const;
  return { name, instance, intendedUs, ...unsent, endedUs: Math.max(intendedUs, Math.round(atUs)) };
}
