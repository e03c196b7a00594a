import { DatabaseSync } from 'node:sqlite';
import { existsSync, statSync } from 'node:fs';
import type { RunEvent } from '../model/event.ts';
import type { Outcome } from '../model/load.ts';
import { UsageError } from '../model/problem.ts';
import type { EffectRow, ExchangeOutcome, ExchangeRow, Observed, Recording, RequestRow, RunInfo, SpanRow } from '../model/recording.ts';
import { STORE_VERSION } from './store.ts';

/**
 * Reads a recording back, whole or cut off by a SIGKILL.
 *
 * @throws {UsageError} if the file is missing, is not a recording, is damaged, or is of another version
 */
export function loadRecording(path: string): Recording {
  if (!existsSync(path)) throw new UsageError(`Cannot read the recording ${path} as it does not exist`);
  if (statSync(path).size === 0)
    throw new UsageError(`Cannot read the recording ${path} as it is empty: the run that made it stopped before it wrote anything`);
  try {
    using database = openForReading(path);
    return readAll(database.handle, path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `Cannot read ${path} as it must be a whole halfopen recording (SQLite): ${(cause as Error).message}. The file was left as it is`,
    );
  }
}

function openForReading(path: string): Disposable & { readonly handle: DatabaseSync } {
  const handle = new DatabaseSync(path, { readOnly: true });
  return { handle, [Symbol.dispose]: () => handle.close() };
}

function readAll(database: DatabaseSync, path: string): Recording {
  const run = readRun(database, path);
  const intern = internTable();
  const { requests, sentinel } = readRequests(database, intern);
  return {
    run,
    events: rows(database, 'SELECT id, at_us, kind, data FROM events ORDER BY id').map(([id, atUs, kind, data]) => ({
      ...(JSON.parse(data as string) as object),
      id,
      atUs,
      kind,
    })) as readonly RunEvent[],
    requests,
    sentinel,
    exchanges: readExchanges(database, intern),
    effects: rows(database, 'SELECT id, at_us, service, effect, key, trace_id FROM effects ORDER BY at_us, id').map(
      ([id, atUs, service, effect, key, traceId]): EffectRow => ({
        id: id as number,
        atUs: atUs as number,
        service: intern(service as string),
        effect: intern(effect as string),
        key: key as string,
        traceId: traceId as string,
      }),
    ),
    spans: rows(
      database,
      'SELECT trace_id, span_id, parent_span_id, service, name, started_us, ended_us FROM spans ORDER BY started_us, span_id',
    ).map(
      ([traceId, spanId, parentSpanId, service, name, startedUs, endedUs]) =>
        ({ traceId, spanId, parentSpanId, service, name, startedUs, endedUs }) as SpanRow,
    ),
  };
}

function readRun(database: DatabaseSync, path: string): RunInfo {
  const table = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'run'").get();
  if (table === undefined)
    throw new UsageError(`Cannot read ${path} as it must be a halfopen recording: it is a SQLite file of something else`);
  const values = new Map(rows(database, 'SELECT key, value FROM run').map(([key, value]) => [key as string, value as string]));
  const version = values.get('schema_version');
  if (version !== String(STORE_VERSION)) {
    throw new UsageError(
      `Cannot read ${path} as its schema version must be ${STORE_VERSION}: current value is ${version ?? 'nothing'}. Read it with the halfopen that wrote it`,
    );
  }
  const info = JSON.parse(values.get('info') ?? '') as RunInfo;
  // Recordings from before there was another environment, or another load driver, do not say which it was.
  return { ...info, plan: { ...OLDER_PLAN, ...info.plan } };
}

const OLDER_PLAN = {
  powers: ['tcp', 'http', 'tap', 'process', 'stdout', 'readiness'],
  settings: {},
  driver: 'builtin',
  files: [],
  k6: {},
  browser: {},
} as const;

type Cell = string | number | null;

function rows(database: DatabaseSync, query: string): Cell[][] {
  const statement = database.prepare(query);
  statement.setReturnArrays(true);
  return statement.all() as unknown as Cell[][];
}

/** Rows that are read, and let go, at a time: a million of them at once cost more to collect than to read. */
const PAGE_ROWS = 20_000;

/** The rows of a large table, page by page in the order in which they were written. Sorting them is cheaper here than in SQLite. */
function* pages(database: DatabaseSync, table: string, columns: string): Generator<Cell[]> {
  const statement = database.prepare(`SELECT rowid, ${columns} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${PAGE_ROWS}`);
  statement.setReturnArrays(true);
  for (let after = 0; ;) {
    const page = statement.all(after) as unknown as Cell[][];
    yield* page;
    if (page.length < PAGE_ROWS) return;
    after = page.at(-1)?.[0] as number;
  }
}

function readRequests(
  database: DatabaseSync,
  intern: (text: string) => string,
): { readonly requests: RequestRow[]; readonly sentinel: RequestRow[] } {
  const columns = `sentinel, id, name, instance, intended_us, started_us, first_byte_us, ended_us, outcome, status, trace_id, bytes, reused, observed`;
  const readObserved = observedReader();
  const requests: RequestRow[] = [];
  const sentinel: RequestRow[] = [];
  for (const row of pages(database, 'requests', columns)) {
    (row[1] === 1 ? sentinel : requests).push({
      id: row[2] as number,
      name: intern(row[3] as string),
      instance: intern(row[4] as string),
      intendedUs: row[5] as number,
      startedUs: row[6] as number | null,
      firstByteUs: row[7] as number | null,
      endedUs: row[8] as number,
      outcome: intern(row[9] as string) as Outcome,
      status: row[10] as number,
      traceId: row[11] as string,
      bytes: row[12] as number,
      reused: row[13] === 1,
      observed: readObserved(row[14]),
    });
  }
  const byId = (left: RequestRow, right: RequestRow): number => left.id - right.id;
  return { requests: requests.sort(byId), sentinel: sentinel.sort(byId) };
}

function readExchanges(database: DatabaseSync, intern: (text: string) => string): ExchangeRow[] {
  const columns = `edge, instance, connection, started_us, first_byte_us, ended_us, outcome, status, method, path, trace_id, bytes_up, bytes_down,
    observed, fault, touch`;
  const readObserved = observedReader();
  const exchanges: ExchangeRow[] = [];
  for (const row of pages(database, 'exchanges', columns)) {
    exchanges.push({
      id: row[0] as number,
      edge: intern(row[1] as string),
      instance: intern(row[2] as string),
      connection: row[3] as number,
      startedUs: row[4] as number,
      firstByteUs: row[5] as number | null,
      endedUs: row[6] as number,
      outcome: intern(row[7] as string) as ExchangeOutcome,
      status: row[8] as number,
      method: intern(row[9] as string),
      path: intern(row[10] as string),
      traceId: row[11] as string,
      bytesUp: row[12] as number,
      bytesDown: row[13] as number,
      observed: readObserved(row[14]),
      fault: row[15] === null ? null : intern(row[15] as string),
      touch: row[16] === null ? null : intern(row[16] as string),
    });
  }
  return exchanges.sort((left, right) => left.startedUs - right.startedUs || left.id - right.id);
}

/** The same value and version come again and again: each text is read once, as far as the limit goes. */
function observedReader(): (cell: Cell | undefined) => Observed | null {
  const known = new Map<string, Observed>();
  return (cell) => {
    if (typeof cell !== 'string') return null;
    const held = known.get(cell);
    if (held !== undefined) return held;
    const observed = JSON.parse(cell) as Observed;
    if (known.size < MEMORY) known.set(cell, observed);
    return observed;
  };
}

/** Most different texts that are remembered. */
const MEMORY = 10_000;

/** Repeated names become one string each: a million rows hold few different ones. */
function internTable(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const held = known.get(text);
    if (held !== undefined) return held;
    if (known.size < MEMORY) known.set(text, text);
    return text;
  };
}
