import { expect, test } from 'vitest';
import type { SinkRecord } from '../../../../harness/model/sink.ts';
import { tapInto, tapRows } from '../../../../harness/run/environments/tap-rows.ts';
import type { TapRecord } from '../../../../harness/run/proxy/contract.ts';
import { recordingOf } from '../../../recordings.ts';

/** A call that the proxy saw at so many microseconds of its clock, 5 long. */
function record(atUs: number, firstByteUs: number | null = atUs + 2): TapRecord {
  const { id: _, ...row } = recordingOf({ exchanges: [{ atMs: 0 }] }).exchanges[0] ?? { id: 0 };
  return { ...row, startedUs: atUs, firstByteUs, endedUs: atUs + 5 } as TapRecord;
}

function timesOf(records: readonly SinkRecord[]): readonly (readonly (number | null)[])[] {
  return records.flatMap((sent) => (sent.table === 'exchanges' ? [[sent.row.startedUs, sent.row.firstByteUs, sent.row.endedUs]] : []));
}

test.each<[string, { offsetUs: number; uncertaintyUs: number } | null, number]>([
  ['no sample', null, 0],
  ['a sample that leaves room for no offset: one clock', { offsetUs: -900, uncertaintyUs: 900 }, 0],
  ['a clock that is ahead', { offsetUs: 901, uncertaintyUs: 900 }, -901],
  ['a clock that is behind', { offsetUs: -7_000_000, uncertaintyUs: 300 }, 7_000_000],
  ['a sample too coarse to tell', { offsetUs: 150_000, uncertaintyUs: 200_000 }, -150_000],
])('with %s, times count from run start', (_, sample, shiftUs) => {
  const rows = tapRows([record(9_000_000), record(9_000_000, null)], { originUs: 1_000_000, sample });
  expect(timesOf(rows)).toEqual([
    [8_000_000 + shiftUs, 8_000_002 + shiftUs, 8_000_005 + shiftUs],
    [8_000_000 + shiftUs, null, 8_000_005 + shiftUs],
  ]);
});

test('what ended before the run began is no row of it', () => {
  const rows = tapRows([record(999_990), record(999_996)], { originUs: 1_000_000, sample: null });
  expect(timesOf(rows)).toEqual([[-4, -2, 1]]);
});

test('records of a proxy on a clock of its own wait until that clock was sampled, which is recorded first', () => {
  const sent: SinkRecord[] = [];
  const clock = { originUs: 1000, nowUs: () => 42, until: () => Promise.resolve() };
  const taps = tapInto({ sink: (row) => sent.push(row), clock, plan: recordingOf().run.plan }, { awaitsSample: true });
  taps.onTap([record(10_000)]);
  taps.onHealth({ atUs: 10_000, loopDelayP99Ms: 1, cpuRatio: 0.1 });
  expect(sent).toEqual([]);
  taps.mapBy({ offsetUs: 5000, uncertaintyUs: 10 });
  taps.onTap([record(11_000)]);
  expect(sent.map(({ table, row }) => ('kind' in row ? [row.kind, row.atUs] : [table, 'startedUs' in row ? row.startedUs : null]))).toEqual(
    [
      ['clock', 42],
      ['exchanges', 4000],
      ['health', 4000],
      ['exchanges', 5000],
    ],
  );
});

test('without a clock of its own they come at once', () => {
  const sent: SinkRecord[] = [];
  const clock = { originUs: 1000, nowUs: () => 42, until: () => Promise.resolve() };
  const taps = tapInto({ sink: (row) => sent.push(row), clock, plan: recordingOf().run.plan });
  taps.onTap([record(10_000)]);
  taps.onLost(3);
  expect(sent).toMatchObject([
    { table: 'exchanges', row: { startedUs: 9000 } },
    { table: 'events', row: { kind: 'lost', count: 3 } },
  ]);
});
