import { SENTINEL } from '../model/load.ts';
import type { RunEvent } from '../model/event.ts';
import type { RunInfo } from '../model/recording.ts';
import type { Redactor } from '../model/redact.ts';
import type { NewEvent, Sink, SinkRecord } from '../model/sink.ts';
import type { Store, StoredRow } from './store.ts';

/** How long rows wait for their batch, in milliseconds: what a SIGKILL can cost. */
const BATCH_MS = 100;
const BATCH_ROWS = 5000;

/** Numbers, redacts and bounds what a run reports, and writes it by batches. */
export interface Recorder extends Disposable {
  readonly append: Sink;
  /** Writes what is waiting. */
  flush(): void;
}

export interface RecorderOptions {
  readonly store: Store;
  readonly redactor: Redactor;
  readonly limits: { readonly exchanges: number; readonly events: number; readonly effects: number };
  /** Called once when the store fails (a full disk); later rows are dropped, earlier ones are kept. */
  onFailure(error: Error): void;
}

/** A recorder over a fresh store. */
export function createRecorder({ store, redactor, limits, onFailure }: RecorderOptions): Recorder {
  const counts = { events: 0, exchanges: 0, effects: 0 };
  const dropped = { events: 0, exchanges: 0, effects: 0 };
  let waiting: StoredRow[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failed = false;

  const guarded = (work: () => void): void => {
    if (failed) return;
    try {
      work();
    } catch (error) {
      failed = true;
      onFailure(error as Error);
    }
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    guarded(() => store.write(batch));
  };
  const push = (row: StoredRow): void => {
    waiting.push(row);
    if (waiting.length >= BATCH_ROWS) flush();
    else timer ??= setTimeout(flush, BATCH_MS);
  };
  const admit = (table: 'events' | 'exchanges' | 'effects'): boolean => {
    if (counts[table] >= limits[table]) {
      dropped[table]++;
      return false;
    }
    counts[table]++;
    return true;
  };
  const append: Sink = (record) => {
    if (record.table === 'run') guarded(() => store.describe(redactor.value<RunInfo>(record.row)));
    else appendRow(record);
  };
  const appendRow = (record: Exclude<SinkRecord, { table: 'run' }>): void => {
    switch (record.table) {
      case 'events':
        // The last event says whether the run is whole: no limit may swallow it.
        if (record.row.kind === 'run-ended') finish(record.row);
        else if (admit('events')) push({ table: 'events', row: numbered(redactor.value(record.row), counts.events) });
        return;
      case 'requests': {
        const observed = record.row.observed === null ? null : redactor.value(record.row.observed);
        push({ table: 'requests', row: { ...record.row, observed }, sentinel: record.row.name === SENTINEL });
        return;
      }
      case 'exchanges':
        if (admit('exchanges')) {
          const { path, observed } = record.row;
          push({
            table: 'exchanges',
            row: { ...record.row, id: counts.exchanges, path: redactor.text(path), observed: redactor.value(observed) },
          });
        }
        return;
      case 'effects':
        if (admit('effects')) push({ table: 'effects', row: { ...record.row, id: counts.effects, key: redactor.text(record.row.key) } });
        return;
      case 'spans':
        push({ table: 'spans', row: record.row });
    }
  };
  const finish = (row: NewEvent): void => {
    for (const what of ['events', 'exchanges', 'effects'] as const) {
      if (dropped[what] === 0) continue;
      push({
        table: 'events',
        row: { id: ++counts.events, atUs: row.atUs, kind: 'lost', what, count: dropped[what], limit: limits[what] },
      });
    }
    push({ table: 'events', row: numbered(redactor.value(row), ++counts.events) });
    flush();
  };
  return {
    append,
    flush,
    [Symbol.dispose]: () => {
      flush();
      guarded(() => store[Symbol.dispose]());
    },
  };
}

function numbered(row: NewEvent, id: number): RunEvent {
  return { ...row, id } as RunEvent;
}
