import type { ExchangeRow, Recording, RequestRow } from '../../model/recording.ts';
import type { Axis } from './axis.ts';
import { spread, type citedIds } from './evidence.ts';
import { classOf, type ExchangeView, type RequestView, type SampleReason, type Samples } from './payload.ts';
import { journeyNames } from './series.ts';

/** Most requests that a report shows one by one. */
const SAMPLE_LIMIT = 200;
const CITED_LIMIT = 120;
const PER_OUTCOME = 8;
const SLOWEST = 12;
const TYPICAL = 8;
/** Most exchanges of all samples together, and of one trace. */
const EXCHANGE_LIMIT = 2000;
const PER_TRACE = 40;

/** Requests worth a look with everything that the taps saw of them: the cited, some of each bad outcome, the slowest, a few ordinary ones. */
export function samplesOf(recording: Recording, cited: ReturnType<typeof citedIds>, axis: Axis): Samples {
  const chosen = chooseRequests(recording, cited);
  const traces = new Set([...chosen.keys()].map(({ traceId }) => traceId));
  const exchanges = chooseExchanges(recording.exchanges, traces, cited.get('exchanges') ?? new Set());
  const effectIds = cited.get('effects') ?? new Set();
  const effects = recording.effects.filter(({ id, traceId }) => effectIds.has(id) || traces.has(traceId)).slice(0, EXCHANGE_LIMIT);
  return {
    requestsTotal: recording.requests.length,
    exchangesTotal: recording.exchanges.length,
    requests: [...chosen]
      .map(([row, reason]) => requestView(row, reason, axis))
      .toSorted((left, right) => left.intendedMs - right.intendedMs || left.id - right.id),
    exchanges: exchanges.map((row) => exchangeView(row, axis)),
    effects: effects.map(({ id, atUs, service, effect, key, traceId }) => ({
      id,
      atMs: axis.ms(atUs),
      service,
      text: `${effect} ${key}`,
      traceId,
    })),
  };
}

function chooseRequests(
  { run, requests, exchanges, effects }: Recording,
  cited: ReturnType<typeof citedIds>,
): ReadonlyMap<RequestRow, SampleReason> {
  const chosen = new Map<RequestRow, SampleReason>();
  const take = (rows: readonly RequestRow[], reason: SampleReason, limit = SAMPLE_LIMIT): void => {
    for (const row of rows) if (chosen.size < limit && !chosen.has(row)) chosen.set(row, reason);
  };
  const requestIds = cited.get('requests') ?? new Set();
  const traces = new Set([...citedTraces(exchanges, cited.get('exchanges')), ...citedTraces(effects, cited.get('effects'))]);
  take(
    requests.filter(({ id }) => requestIds.has(id)),
    'cited',
    CITED_LIMIT,
  );
  take(traces.size === 0 ? [] : requests.filter(({ traceId }) => traces.has(traceId)), 'cited', CITED_LIMIT);
  const byOutcome = Map.groupBy(
    requests.filter((row) => classOf(row.outcome) !== 'ok'),
    (row) => `${row.outcome} ${row.name}`,
  );
  for (const rows of byOutcome.values()) take(spread(rows, PER_OUTCOME), 'not ok', SAMPLE_LIMIT - SLOWEST - TYPICAL);
  const journeys = new Set(journeyNames(run.plan.load));
  take(slowest(requests.filter(({ name }) => !journeys.has(name))), 'slowest');
  take(
    spread(
      requests.filter(({ outcome }) => outcome === 'ok'),
      TYPICAL,
    ),
    'typical',
  );
  return chosen;
}

function citedTraces(
  rows: readonly { readonly id: number; readonly traceId: string }[],
  ids: ReadonlySet<number> | undefined,
): Set<string> {
  const traces = new Set<string>();
  if (ids !== undefined) for (const row of rows) if (ids.has(row.id) && row.traceId !== '') traces.add(row.traceId);
  return traces;
}

/** The slowest, slowest first, in one pass: a full sort of a million rows would cost more than the report. */
function slowest(requests: readonly RequestRow[]): RequestRow[] {
  const lengthUs = (row: RequestRow): number => row.endedUs - row.intendedUs;
  const best: RequestRow[] = [];
  for (const row of requests) {
    const last = best[SLOWEST - 1];
    if (last !== undefined && lengthUs(row) <= lengthUs(last)) continue;
    best.push(row);
    best.sort((left, right) => lengthUs(right) - lengthUs(left));
    best.length = Math.min(best.length, SLOWEST);
  }
  return best;
}

function chooseExchanges(exchanges: readonly ExchangeRow[], traces: ReadonlySet<string>, ids: ReadonlySet<number>): ExchangeRow[] {
  const perTrace = new Map<string, number>();
  const chosen: ExchangeRow[] = [];
  for (const row of exchanges) {
    const seen = perTrace.get(row.traceId) ?? 0;
    const isSampled = traces.has(row.traceId) && seen < PER_TRACE;
    if (chosen.length >= EXCHANGE_LIMIT || !(isSampled || ids.has(row.id))) continue;
    perTrace.set(row.traceId, seen + 1);
    chosen.push(row);
  }
  return chosen;
}

function requestView(row: RequestRow, reason: SampleReason, axis: Axis): RequestView {
  return {
    id: row.id,
    name: row.name,
    intendedMs: axis.ms(row.intendedUs),
    startedMs: row.startedUs === null ? null : axis.ms(row.startedUs),
    firstByteMs: row.firstByteUs === null ? null : axis.ms(row.firstByteUs),
    endedMs: axis.ms(row.endedUs),
    outcome: row.outcome,
    status: row.status,
    traceId: row.traceId,
    observed: row.observed,
    reason,
  };
}

function exchangeView(row: ExchangeRow, axis: Axis): ExchangeView {
  return {
    id: row.id,
    edge: row.edge,
    startedMs: axis.ms(row.startedUs),
    firstByteMs: row.firstByteUs === null ? null : axis.ms(row.firstByteUs),
    endedMs: axis.ms(row.endedUs),
    outcome: row.outcome,
    status: row.status,
    call: `${row.method} ${row.path}`.trim().slice(0, 200),
    traceId: row.traceId,
    touch: row.fault === null ? null : `${row.fault}${row.touch === null ? '' : `: ${row.touch}`}`,
  };
}
