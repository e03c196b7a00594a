import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXCHANGE_OUTCOMES } from '../../../../harness/model/recording.ts';
import type { TapRecord } from '../../../../harness/run/proxy/contract.ts';
import { TapLines } from '../../../../harness/run/proxy/tap/tap-line.ts';
import { TapLog, type TapReader } from '../../../../harness/run/proxy/tap/tap-log.ts';

const record: TapRecord = {
  edge: 'a->b',
  instance: 'b',
  connection: 1,
  startedUs: 1,
  firstByteUs: null,
  endedUs: 2,
  outcome: 'answered',
  status: 200,
  method: 'GET',
  path: '/',
  traceId: '',
  bytesUp: 1,
  bytesDown: 1,
  observed: null,
  fault: null,
  touch: null,
};

/** A reader that takes `room` batches, and more each time it is told to. */
class Reader implements TapReader {
  readonly lines: string[] = [];
  writes = 0;
  wasReplaced = false;
  room: number;
  readonly #arrives: boolean;

  constructor({ room = Infinity, arrives = true }: { readonly room?: number; readonly arrives?: boolean } = {}) {
    this.room = room;
    this.#arrives = arrives;
  }

  write(lines: Buffer, done: () => void): boolean {
    this.writes++;
    if (this.#arrives) {
      this.lines.push(...lines.toString('utf8').trimEnd().split('\n'));
      done();
    }
    return --this.room > 0;
  }

  replaced(): void {
    this.wasReplaced = true;
  }

  /** Records that arrived, and those reported as lost. */
  total(): { readonly records: number; readonly lost: number } {
    let [records, lost] = [0, 0];
    for (const line of this.lines.map((text) => JSON.parse(text) as { edge?: string; lost?: number })) {
      if (line.edge !== undefined) records++;
      lost += line.lost ?? 0;
    }
    return { records, lost };
  }
}

test('a log without a reader keeps what fits, counts the rest and says so to the reader that comes', () => {
  const log = new TapLog(3);
  for (let count = 0; count < 5; count++) log.record(record);
  expect([log.recorded, log.lost, log.waiting]).toEqual([5, 2, 3]);
  const reader = new Reader();
  log.attach(reader);
  expect(reader.lines).toHaveLength(4);
  expect(reader.lines.at(-1)).toBe('{"lost":2}');
  expect([log.waiting, log.waitingBytes]).toEqual([0, 0]);
});

test('a log is bounded in bytes as well: long paths fill it sooner', () => {
  const log = new TapLog(100_000, 1024 * 1024);
  const long = { ...record, path: `/${'x'.repeat(8000)}` };
  for (let count = 0; count < 1000; count++) log.record(long);
  expect(log.waitingBytes).toBeLessThan(1.1 * 1024 * 1024);
  expect(log.waiting).toBeLessThan(150);
  expect(log.lost + log.waiting).toBe(1000);
});

test('a reader that wants no more is written to again only once it has drained', () => {
  const log = new TapLog();
  for (let count = 0; count < 2000; count++) log.record(record);
  const reader = new Reader({ room: 1 });
  log.attach(reader);
  expect(reader.writes).toBe(1);
  log.record(record);
  log.sendLine('{"health":{}}');
  expect(reader.writes).toBe(1);
  reader.room = Infinity;
  log.drained(reader);
  expect(reader.writes).toBeGreaterThan(2);
  expect(reader.total()).toEqual({ records: 2001, lost: 0 });
});

test('a flush comes behind all records and the count of those lost, and a reader that takes nothing is told of the last one only', () => {
  const log = new TapLog(3);
  const reader = new Reader({ room: 1 });
  log.attach(reader);
  log.flush('{"flushed":1}');
  for (let count = 0; count < 5; count++) log.record(record);
  log.flush('{"flushed":2}');
  log.flush('{"flushed":3}');
  expect(reader.lines).toEqual(['{"flushed":1}']);
  reader.room = Infinity;
  log.drained(reader);
  expect(reader.lines.map((line) => (line.startsWith('{"edge"') ? 'record' : line))).toEqual([
    '{"flushed":1}',
    ...Array<string>(3).fill('record'),
    '{"lost":2}',
    '{"flushed":3}',
  ]);
});

test('an event has its turn among the records', () => {
  const log = new TapLog();
  log.record(record);
  log.event('{"expired":{}}');
  log.record(record);
  const reader = new Reader();
  log.attach(reader);
  expect(reader.lines.map((line) => line.slice(0, 9))).toEqual(['{"edge":"', '{"expired', '{"edge":"']);
});

test('what was under way to a reader that left is lost evidence, and the next one is told', () => {
  const log = new TapLog(3);
  for (let count = 0; count < 5; count++) log.record(record);
  const first = new Reader({ arrives: false });
  log.attach(first);
  expect(log.lost).toBe(2);
  const second = new Reader();
  log.attach(second);
  expect(first.wasReplaced).toBe(true);
  expect(log.lost).toBe(5);
  expect(second.total()).toEqual({ records: 0, lost: 5 });
  // The one before no longer counts.
  log.detach(first);
  log.drained(first);
  expect(log.hasReader).toBe(true);
});

test('whatever readers do, each record arrives once or is counted as lost once', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('record' as const), count: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('attach' as const), room: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const), room: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('detach' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('event' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 100 }), (steps, most) => {
      const log = new TapLog(most, 20_000);
      const readers: Reader[] = [];
      for (const each of steps) {
        const current = readers.at(-1);
        if (each.do === 'record') {
          for (let count = 0; count < each.count; count++) log.record(record);
        } else if (each.do === 'attach') {
          readers.push(new Reader({ room: each.room }));
          log.attach(readers.at(-1) as Reader);
        } else if (each.do === 'drain' && current !== undefined) {
          current.room = each.room;
          log.drained(current);
        } else if (each.do === 'detach' && current !== undefined) {
          log.detach(current);
        } else if (each.do === 'flush') {
          log.flush('{"flushed":1}');
        } else if (each.do === 'event') {
          log.event('{"edge":"event"}');
        }
      }
      const last = new Reader();
      log.attach(last);
      readers.push(last);
      const totals = readers.map((reader) => reader.total());
      const arrived = totals.reduce((sum, { records }) => sum + records, 0);
      expect(arrived + log.lost).toBe(log.recorded);
      expect(totals.reduce((sum, { lost }) => sum + lost, 0)).toBe(log.lost);
      log.detach(last);
    }),
    { numRuns: 500 },
  );
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', '/a"b\\c\n\u0000', '\uD800', 'é€😀'),
);
const whole = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 9, 10, 999_999_999, 1_000_000_000, 1e15, Number.MAX_SAFE_INTEGER));
const anyRecord: fc.Arbitrary<TapRecord> = fc.record({
  edge: text,
  instance: text,
  connection: whole,
  startedUs: whole,
  firstByteUs: fc.option(fc.oneof(whole, fc.double({ noNaN: true, noDefaultInfinity: true }))),
  endedUs: fc.oneof(whole, fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 })),
  outcome: fc.constantFrom(...EXCHANGE_OUTCOMES),
  status: fc.integer({ min: 0, max: 599 }),
  method: text,
  path: text,
  traceId: text,
  bytesUp: whole,
  bytesDown: whole,
  observed: fc.option(fc.constantFrom({ degraded: true, value: 'é"' }, { version: 3, ageMs: 1.5 })),
  fault: fc.option(text),
  touch: fc.option(text),
});

test('a line reads as what JSON.stringify makes of the record, whatever its texts and numbers', () => {
  const lines = new TapLines();
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 5 }), (records) => {
      for (const each of records) lines.add(each);
      const read = lines.take().toString('utf8').split('\n').slice(0, -1);
      expect(read.map((line) => JSON.parse(line) as unknown)).toEqual(records.map((each) => JSON.parse(JSON.stringify(each)) as unknown));
    }),
    { numRuns: 1000 },
  );
});

test('a long path does not overrun the buffer', () => {
  const lines = new TapLines();
  for (const path of ['x'.repeat(70_000), '\u0000'.repeat(70_000), '€'.repeat(70_000)]) {
    lines.add({ ...record, path });
    expect(JSON.parse(lines.take().toString('utf8'))).toEqual({ ...record, path });
  }
});
