import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { LIMITS } from '../../../model/limits.ts';
import { HarnessError } from '../../../model/problem.ts';
import { monotonicUs } from '../../clock.ts';
import type { K6Launch } from './process.ts';
import type { End, FromK6 } from './protocol.ts';
import { pointReader } from './stock-points.ts';

const CLOCK_TURNS = 5;

/** What the wall clock is ahead of the monotonic one: it is exact at the turns of its milliseconds, where it is looked at. */
export function readWallClock(): { readonly aheadUs: number; readonly uncertaintyUs: number } {
  const readings = Array.from({ length: CLOCK_TURNS }, () => {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    return now * 1000 - monotonicUs();
  });
  // A look is late, never early.
  const aheadUs = Math.max(...readings);
  return { aheadUs, uncertaintyUs: aheadUs - Math.min(...readings) };
}

/** Hands the points on as records; resolves with what they came to once the output has ended. */
export async function relayPoints(
  points: Readable,
  { onRecords }: Pick<K6Launch, 'onRecords'>,
  toMonotonicUs: (wallUs: number) => number,
): Promise<End> {
  const counts = { begun: 0, ended: 0, dropped: 0 };
  const read = pointReader(LIMITS.bodyBytes, toMonotonicUs);
  let batch: FromK6[] = [];
  const flush = (): void => {
    const records = batch;
    batch = [];
    if (records.length > 0) onRecords(records);
  };
  for await (const line of createInterface({ input: points, crlfDelay: Infinity })) {
    const record = readPoint(read, line);
    if (record === null) continue;
    if (record.t === 'begin') counts.begun++;
    else if (record.t === 'req') counts.ended++;
    else counts.dropped++;
    // What comes at once is handed over at once.
    if (batch.push(record) === 1) setImmediate(flush);
  }
  flush();
  return { t: 'end', at: monotonicUs(), ...counts };
}

function readPoint(read: ReturnType<typeof pointReader>, line: string): ReturnType<typeof read> {
  try {
    return read(line);
  } catch (error) {
    throw new HarnessError(`Cannot read what k6 says: ${(error as Error).message}`, { cause: error });
  }
}
