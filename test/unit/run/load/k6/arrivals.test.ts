/** Goal: what k6 tells becomes exactly one row an arrival, and what cannot be true is refused. */
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../../harness/model/limits.ts';
import { openArrivals, type Arrivals } from '../../../../../harness/run/load/k6/arrivals.ts';
import type { Begin, End, Req } from '../../../../../harness/run/load/k6/protocol.ts';
import { hexScatter } from '../../../../../harness/run/load/scatter.ts';
import { get, openLoad } from '../../../../../harness/scenario/load.ts';

const AHEAD_US = 1_000_000;
const load = openLoad({ ratePerSecond: 10, requests: [get('plain', '/'), get('read', '/read', { observe: { value: '/amount' } })] });

/** Ordinals 0, 2, 4 and 6, every 100 ms from 1 s on the run's clock; 2 and 6 are read. */
function opened(): Arrivals {
  const arrivals = openArrivals({
    share: { ordinals: Uint32Array.of(0, 2, 4, 6), intendedUs: Float64Array.of(0, 1e5, 2e5, 3e5), request: Uint32Array.of(0, 1, 0, 1) },
    load,
    seed: 7,
    runId: 'run',
    instance: 'k6-1',
    redact: (text) => text.replaceAll('secret', '***'),
    runUs: (at) => at - AHEAD_US,
  });
  arrivals.begin(1_000_000);
  return arrivals;
}

function begin(i: number, ord: number, at: number): Begin {
  return {
    t: 'begin',
    i,
    at: at + AHEAD_US,
    ord,
    sc: 'default',
    vu: 1,
    it: 1,
    itAt: 0,
    first: true,
    method: 'GET',
    url: '',
    tid: `t${ord}`,
  };
}
function req(i: number, at: number, own: Partial<Req> = {}): Req {
  return { t: 'req', i, at: at + AHEAD_US, fb: at + AHEAD_US - 50, st: 200, err: null, bytes: 3, reused: true, ...own };
}
const end = (begun: number, ended: number, dropped: number): End => ({ t: 'end', at: 0, begun, ended, dropped });

describe('rows', () => {
  test('an answer is a row on the run’s clock, and is judged by its body', () => {
    const arrivals = opened();
    for (const record of [begin(1, 2, 1_100_400), req(1, 1_105_000, { body: '{"amount":5}' })]) arrivals.take(record);
    expect(arrivals.takeRows()).toEqual([
      {
        id: 2,
        name: 'read',
        instance: 'k6-1',
        intendedUs: 1_100_000,
        startedUs: 1_100_400,
        firstByteUs: 1_104_950,
        endedUs: 1_105_000,
        outcome: 'ok',
        status: 200,
        traceId: 't2',
        bytes: 3,
        reused: true,
        observed: { value: 5 },
      },
    ]);
    expect(arrivals.takeRows()).toEqual([]);
    expect(arrivals.takeStartLags()).toEqual([400]);
    expect(arrivals.counts()).toEqual({ scheduled: 4, sent: 1, inFlight: 0, ahead: 3 });
  });

  test.each([
    ['no JSON', { body: '<html>' }, 'wrong', 'the body is no JSON'],
    ['one that the extension could not read', {}, 'wrong', 'the body is no JSON'],
    ['too long a body', { body: '', cut: true as const }, 'wrong', `the body exceeds ${LIMITS.bodyBytes} bytes`],
    ['no HTTP', { err: 'other' as const, msg: 'malformed HTTP response "x"' }, 'wrong', 'no HTTP answer: malformed HTTP response "x"'],
  ])('%s is wrong where the body is wanted', (_, own, outcome, mismatch) => {
    const arrivals = opened();
    for (const record of [begin(1, 2, 0), req(1, 9, own)]) arrivals.take(record);
    expect(arrivals.takeRows()).toMatchObject([{ outcome, observed: { mismatch } }]);
  });

  test('a drop, a call that could not be made, and a request that never left are shed, and not sent', () => {
    const arrivals = opened();
    arrivals.take({ t: 'drop', at: AHEAD_US + 1_000_010, ord: 0, sc: '', n: 1 });
    arrivals.take({ t: 'mark', at: AHEAD_US + 1_100_010, name: 'halfopen:unsent', detail: '2 no URL of\na secret' });
    for (const record of [begin(1, 4, 1_200_000), req(1, 1_200_100, { err: 'other', msg: 'too many open files', fb: null, st: 0 })])
      arrivals.take(record);
    const rows = arrivals.takeRows();
    expect(rows.map(({ id, outcome, startedUs }) => ({ id, outcome, startedUs }))).toEqual(
      [0, 2, 4].map((id) => ({ id, outcome: 'shed', startedUs: null })),
    );
    expect(rows[1]?.observed).toEqual({ mismatch: 'no URL of\na ***' });
    expect(rows[0]?.traceId).toBe(hexScatter(7, 'run:load:trace', 4)(0));
    expect(arrivals.counts()).toEqual({ scheduled: 4, sent: 0, inFlight: 0, ahead: 1 });
  });

  test('what is settled is given up: in flight with its start, the rest without', () => {
    const arrivals = opened();
    for (const record of [begin(1, 0, 1_000_100), req(1, 1_000_200), begin(2, 2, 1_100_100)]) arrivals.take(record);
    arrivals.settle(1_150_000);
    const rows = arrivals.takeRows().map(({ id, outcome, startedUs, endedUs }) => [id, outcome, startedUs, endedUs]);
    expect(rows).toEqual([
      [0, 'ok', 1_000_100, 1_000_200],
      [2, 'aborted', 1_100_100, 1_150_000],
      [4, 'aborted', null, 1_150_000],
      [6, 'aborted', null, 1_150_000],
    ]);
    expect(arrivals.counts()).toEqual({ scheduled: 4, sent: 2, inFlight: 0, ahead: 0 });
  });

  test('another mark is none of its business', () => {
    const arrivals = opened();
    arrivals.take({ t: 'mark', at: 0, name: 'deployed', detail: '0 x' });
    expect(arrivals.counts().ahead).toBe(4);
  });
});

describe('records that were lost or doubled', () => {
  test.each([
    ['two begins of one arrival', [begin(1, 0, 0), begin(2, 0, 0)], /arrival 0, and it was told of before/],
    ['a drop of what was sent', [begin(1, 0, 0), { t: 'drop', at: 0, ord: 0, sc: '', n: 1 } as const], /told of before/],
    ['an arrival of somebody else', [begin(1, 3, 0)], /arrival 3, and it is none of its own/],
    ['a call of no arrival', [{ ...begin(1, 0, 0), ord: undefined } as unknown as Begin], /none of its own/],
    ['an end without a begin', [req(9, 0)], /call 9 ended and had not begun/],
    ['two ends of one call', [begin(1, 0, 0), req(1, 1), req(1, 2)], /call 1 ended and had not begun/],
  ])('%s', (_, records, message) => {
    const arrivals = opened();
    expect(() => records.forEach((record) => arrivals.take(record))).toThrow(message);
  });

  test('k6’s own counts must be ours', () => {
    const arrivals = opened();
    for (const record of [begin(1, 0, 0), req(1, 1), begin(2, 2, 2)]) arrivals.take(record);
    expect(arrivals.contradiction(end(2, 1, 0))).toBeNull();
    expect(arrivals.contradiction(end(3, 1, 0))).toBe('k6 counted 3 begun, 1 ended, 0 dropped; told were 2 begun, 1 ended, 0 dropped');
  });
});
