import { SENTINEL } from '../model/load.ts';
import type { RunEvent } from '../model/event.ts';
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
  const batch = batchInto(store, onFailure);
  const counted = ['events', 'exchanges', 'effects'] as const;
  const counts = { events: 0, exchanges: 0, effects: 0 };
  const dropped = { events: 0, exchanges: 0, effects: 0 };
  const admit = (table: (typeof counted)[number]): boolean => {
    if (counts[table] >= limits[table]) {
      dropped[table]++;
      return false;
    }
    counts[table]++;
    return true;
  };
  const finish = (row: NewEvent): void => {
    for (const what of counted) {
      if (dropped[what] === 0) continue;
      batch.push({
        table: 'events',
        row: { id: ++counts.events, atUs: row.atUs, kind: 'lost', what, count: dropped[what], limit: limits[what] },
      });
    }
    batch.push({ table: 'events', row: numbered(redactor.value(row), ++counts.events) });
    batch.flush();
  };
  const append = (record: SinkRecord): void => {
    switch (record.table) {
      case 'events':
        // The last event says whether the run is whole: no limit may swallow it.
        if (record.row.kind === 'run-ended') finish(record.row);
        else if (admit('events')) batch.push({ table: 'events', row: numbered(redactor.value(record.row), counts.events) });
        return;
      case 'requests': {
        const observed = redactor.value(record.row.observed);
        batch.push({ table: 'requests', row: { ...record.row, observed }, sentinel: record.row.name === SENTINEL });
        return;
      }
      case 'exchanges':
        if (admit('exchanges')) {
          const { path, observed } = record.row;
          batch.push({
            table: 'exchanges',
            row: { ...record.row, id: counts.exchanges, path: redactor.text(path), observed: redactor.value(observed) },
          });
        }
        return;
      case 'effects':
        if (admit('effects'))
          batch.push({ table: 'effects', row: { ...record.row, id: counts.effects, key: redactor.text(record.row.key) } });
        return;
      case 'spans':
        batch.push({ table: 'spans', row: record.row });
    }
  };
  return {
    append,
    flush: batch.flush,
    [Symbol.dispose]: () => {
      batch.flush();
      batch.guarded(() => store[Symbol.dispose]());
    },
  };
}

/** Rows on their way to the store. After its first failure nothing more is tried: what is there stays readable. */
function batchInto(
  store: Store,
  onFailure: RecorderOptions['onFailure'],
): { push(row: StoredRow): void; flush(): void; guarded(work: () => void): void } {
  let waiting: StoredRow[] = [];
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;
  const guarded = (work: () => void): void => {
    if (hasFailed) return;
    try {
      work();
    } catch (error) {
      hasFailed = true;
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
  return { push, flush, guarded };
}

function numbered(row: NewEvent, id: number): RunEvent {
  return { ...row, id } as RunEvent;
}
