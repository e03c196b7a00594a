import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { HarnessError } from '../model/problem.ts';
import type { EffectRow, ExchangeRow, RequestRow, RunInfo, SpanRow } from '../model/recording.ts';
import type { RunEvent } from '../model/event.ts';

/** Version of the file's layout; `run.schema_version` holds it. */
export const STORE_VERSION = 1;

const LAYOUT = `
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TABLE requests (id INTEGER NOT NULL, sentinel INTEGER NOT NULL, name TEXT NOT NULL, instance TEXT NOT NULL, intended_us INTEGER NOT NULL,
  started_us INTEGER, first_byte_us INTEGER, ended_us INTEGER NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, trace_id TEXT NOT NULL,
  bytes INTEGER NOT NULL, reused INTEGER NOT NULL, observed TEXT) STRICT;
CREATE TABLE exchanges (id INTEGER PRIMARY KEY, edge TEXT NOT NULL, instance TEXT NOT NULL, connection INTEGER NOT NULL, started_us INTEGER NOT NULL,
  first_byte_us INTEGER, ended_us INTEGER NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  trace_id TEXT NOT NULL, bytes_up INTEGER NOT NULL, bytes_down INTEGER NOT NULL, observed TEXT, fault TEXT, touch TEXT) STRICT;
CREATE TABLE effects (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, service TEXT NOT NULL, effect TEXT NOT NULL, key TEXT NOT NULL, trace_id TEXT NOT NULL) STRICT;
CREATE TABLE spans (trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_span_id TEXT NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL) STRICT;
`;

/** A row with its table, as the recorder writes it. */
export type StoredRow =
  | { readonly table: 'events'; readonly row: RunEvent }
  | { readonly table: 'requests'; readonly row: RequestRow; readonly sentinel: boolean }
  | { readonly table: 'exchanges'; readonly row: ExchangeRow }
  | { readonly table: 'effects'; readonly row: EffectRow }
  | { readonly table: 'spans'; readonly row: SpanRow };

/** One SQLite file being written. Rows go in by batches; what a batch brought in survives a SIGKILL right after. */
export interface Store extends Disposable {
  write(rows: readonly StoredRow[]): void;
}

/**
 * Creates a recording file. It appears under its name whole: with its tables and with what is known of the run, so that
 * a run that is killed at any moment leaves either no recording or one that opens.
 *
 * @throws {HarnessError} if the file exists or cannot be written
 */
export function createStore(path: string, run: RunInfo): Store {
  if (existsSync(path)) throw new HarnessError(`Cannot record into ${path} as it must not exist yet: recordings are never overwritten`);
  const database = openFresh(path, run);
  const statements = prepareAll(database);
  return {
    write: (rows) => {
      database.exec('BEGIN');
      try {
        for (const row of rows) insert(statements, row);
        database.exec('COMMIT');
      } catch (cause) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw new HarnessError(`Cannot write to the recording ${path}: ${(cause as Error).message}. What was recorded before is kept`, {
          cause,
        });
      }
    },
    [Symbol.dispose]: () => {
      if (!database.isOpen) return;
      // One file is left: the log is folded in and removed.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;');
      database.close();
    },
  };
}

function openFresh(path: string, run: RunInfo): DatabaseSync {
  const unfinished = `${path}.new`;
  try {
    rmSync(unfinished, { force: true });
    const fresh = new DatabaseSync(unfinished);
    fresh.exec(`PRAGMA synchronous = OFF; ${LAYOUT}`);
    const describe = fresh.prepare('INSERT INTO run VALUES (?, ?)');
    describe.run('schema_version', String(STORE_VERSION));
    describe.run('info', JSON.stringify(run));
    fresh.close();
    renameSync(unfinished, path);
    const database = new DatabaseSync(path);
    // A write-ahead log keeps each committed batch through a SIGKILL; nothing here has to survive a power cut.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;');
    return database;
  } catch (cause) {
    throw new HarnessError(
      `Cannot create the recording ${path}: ${(cause as Error).message}. Check that the output folder is writable and the disk has room`,
      { cause },
    );
  }
}

type Statements = Readonly<Record<StoredRow['table'], StatementSync>>;

function prepareAll(database: DatabaseSync): Statements {
  const into = (table: string, columns: number): StatementSync =>
    database.prepare(`INSERT INTO ${table} VALUES (${Array.from({ length: columns }, () => '?').join(', ')})`);
  return {
    events: into('events', 4),
    requests: into('requests', 14),
    exchanges: into('exchanges', 17),
    effects: into('effects', 6),
    spans: into('spans', 7),
  };
}

const whole = (timeUs: number): number => Math.round(timeUs);
const wholeOrNull = (timeUs: number | null): number | null => (timeUs === null ? null : Math.round(timeUs));

function insert(statements: Statements, stored: StoredRow): void {
  switch (stored.table) {
    case 'events': {
      const { id, atUs, kind, ...data } = stored.row;
      statements.events.run(id, whole(atUs), kind, JSON.stringify(data));
      return;
    }
    case 'requests':
      insertRequest(statements.requests, stored.row, stored.sentinel);
      return;
    case 'exchanges':
      insertExchange(statements.exchanges, stored.row);
      return;
    case 'effects': {
      const { id, atUs, service, effect, key, traceId } = stored.row;
      statements.effects.run(id, whole(atUs), service, effect, key, traceId);
      return;
    }
    case 'spans': {
      const { traceId, spanId, parentSpanId, service, name, startedUs, endedUs } = stored.row;
      statements.spans.run(traceId, spanId, parentSpanId, service, name, whole(startedUs), whole(endedUs));
    }
  }
}

function insertRequest(statement: StatementSync, row: RequestRow, sentinel: boolean): void {
  statement.run(
    row.id,
    sentinel ? 1 : 0,
    row.name,
    row.instance,
    whole(row.intendedUs),
    wholeOrNull(row.startedUs),
    wholeOrNull(row.firstByteUs),
    whole(row.endedUs),
    row.outcome,
    row.status,
    row.traceId,
    row.bytes,
    row.reused ? 1 : 0,
    row.observed === null ? null : JSON.stringify(row.observed),
  );
}

function insertExchange(statement: StatementSync, row: ExchangeRow): void {
  statement.run(
    row.id,
    row.edge,
    row.instance,
    row.connection,
    whole(row.startedUs),
    wholeOrNull(row.firstByteUs),
    whole(row.endedUs),
    row.outcome,
    row.status,
    row.method,
    row.path,
    row.traceId,
    row.bytesUp,
    row.bytesDown,
    row.observed === null ? null : JSON.stringify(row.observed),
    row.fault,
    row.touch,
  );
}
