import { expect, it } from 'vitest';
import type { RequestTemplate } from '../../../../../harness/model/load.ts';
import type { RequestRow } from '../../../../../harness/model/recording.ts';
import type { FromK6, K6Scenario } from '../../../../../harness/run/load/k6/protocol.ts';
import { openLedger, type CallLedger } from '../../../../../harness/run/load/k6/script-ledger.ts';

const source = { instance: 'k6-1', toRunUs: (at: number) => at };
const quote: RequestTemplate = {
  name: 'quote',
  method: 'GET',
  path: '/quote',
  weight: 1,
  headers: {},
  timeoutMs: 1000,
  observe: { value: '/amount' },
};
const rising: K6Scenario = {
  executor: 'constant-arrival-rate',
  exec: 'default',
  startTimeMs: 0,
  gracefulStopMs: 0,
  rate: 10,
  timeUnitMs: 1000,
};

function open(scenario: K6Scenario = rising): CallLedger {
  return openLedger({
    scenarios: { only: scenario },
    requests: [quote],
    match: (_method, url) => (url.endsWith('/quote') ? quote : null),
    redact: (text) => text,
    beganUs: 0,
    endsUs: 10_000_000,
    phaseAt: (atUs) => (atUs < 1_000_000 ? 'baseline' : 'fault'),
  });
}
const tell = (ledger: CallLedger, ...records: FromK6[]): void => records.forEach((record) => ledger.read(record, source));

const enter = (it: number, at: number): FromK6 => ({ t: 'enter', sc: 'only', vu: 1, it, at, scAt: 1 });
const begin = (i: number, it: number, at: number, more: object = {}): FromK6 => ({
  t: 'begin',
  i,
  at,
  sc: 'only',
  vu: 1,
  it,
  itAt: at,
  first: true,
  method: 'GET',
  url: 'http://shop/quote',
  tid: `${i}`,
  ...more,
});
const req = (i: number, at: number, more: object = {}): FromK6 => ({
  t: 'req',
  i,
  at,
  fb: at - 1,
  st: 200,
  err: null,
  bytes: 10,
  reused: false,
  body: '{"amount":5}',
  ...more,
});
const iter = (it: number, from: number, at: number, err?: string): FromK6 => ({
  t: 'iter',
  sc: 'only',
  vu: 1,
  it,
  from,
  at,
  ...(err === undefined ? {} : { err }),
});
const drop = (at: number): FromK6 => ({ t: 'drop', at, sc: 'only', n: 1 });
const brief = (rows: readonly RequestRow[]): unknown =>
  rows.map(({ id, name, intendedUs, startedUs, endedUs, outcome }) => [id, name, outcome, intendedUs, startedUs, endedUs]);

it('counts a first call from when its iteration was due, and what the script did before it is no delay', () => {
  const ledger = open();
  tell(ledger, enter(1, 5), begin(1, 1, 5, { itAt: 5 }), req(1, 905));
  tell(ledger, enter(2, 160_001), begin(2, 2, 200_001, { itAt: 160_001 }), req(2, 210_000));
  tell(ledger, begin(3, 2, 220_000, { itAt: 160_001, first: false }), req(3, 230_000));
  expect(brief(ledger.settle(500_000))).toEqual([
    [0, 'quote', 'ok', 1, 5, 905],
    // Due at 100 ms, started at 160 ms, and then the script waited for 40 ms.
    [1, 'quote', 'ok', 140_001, 200_001, 210_000],
    [2, 'quote', 'ok', 220_000, 220_000, 230_000],
  ]);
  expect(ledger.takeStartLags()).toEqual([4, 60_000]);
  expect(ledger.takeStartLags()).toEqual([]);
});

it('waits with a first call until nothing earlier can come any more', () => {
  const ledger = open();
  tell(ledger, enter(1, 100_500), begin(1, 1, 100_500), req(1, 101_000));
  expect(ledger.settle(100_000)).toEqual([]);
  tell(ledger, drop(900));
  expect(brief(ledger.settle(200_000))).toEqual([
    [0, 'quote', 'shed', 1, null, 900],
    [1, 'quote', 'ok', 100_001, 100_500, 101_000],
  ]);
});

it('makes one arrival of a redirect, judged by its last answer', () => {
  const ledger = open();
  tell(ledger, enter(1, 1), begin(1, 1, 1), req(1, 50, { st: 302, body: '' }));
  expect(ledger.settle(40)).toEqual([]);
  tell(ledger, begin(2, 1, 60, { prev: 1, first: false, url: 'http://shop/elsewhere' }), req(2, 90, { body: undefined }));
  expect(brief(ledger.settle(1_000_000))).toEqual([[0, 'quote', 'ok', 1, 1, 90]]);
  expect(ledger.close(2_000_000)).toEqual([]);
});

it('takes a redirect that nobody follows for what it is', () => {
  const ledger = open();
  tell(
    ledger,
    enter(1, 1),
    begin(1, 1, 1),
    req(1, 50, { st: 302 }),
    begin(2, 1, 60, { first: false, url: 'http://shop/other' }),
    req(2, 70, { st: 302 }),
  );
  expect(brief(ledger.settle(1_000_000))).toEqual([
    [0, 'quote', 'http-error', 1, 1, 50],
    [1, 'other', 'ok', 60, 60, 70],
  ]);
  expect(ledger.counts()).toEqual({ inFlight: 0, rows: 2, sent: 2 });
});

it('lets a call that k6 gave up have timed out only after its own timeout', () => {
  const ledger = open();
  tell(ledger, enter(1, 1), begin(1, 1, 1), begin(2, 1, 600_000, { first: false }), begin(3, 1, 700_000, { first: false }));
  tell(ledger, req(3, 800_000, { err: 'canceled', st: 0, fb: null }));
  expect(brief(ledger.close(1_000_001))).toEqual([
    [0, 'quote', 'aborted', 700_000, 700_000, 800_000],
    [1, 'quote', 'timeout', 1, 1, 1_000_001],
    [2, 'quote', 'aborted', 600_000, 600_000, 1_000_001],
  ]);
});

it('judges answers as every driver does', () => {
  const ledger = open();
  tell(
    ledger,
    enter(1, 1),
    begin(1, 1, 1),
    req(1, 2, { body: 'no JSON' }),
    begin(2, 1, 3, { first: false }),
    req(2, 4, { st: 0, err: 'refused' }),
  );
  expect(ledger.settle(1_000_000).map(({ outcome, observed }) => [outcome, observed])).toEqual([
    ['wrong', { mismatch: 'the body is no JSON' }],
    ['refused', null],
  ]);
});

it('takes no call from after the timeline for an arrival', () => {
  const ledger = open();
  tell(ledger, enter(1, 10_000_001), begin(1, 1, 10_000_001), req(1, 10_000_002), drop(10_000_003));
  expect(ledger.close(11_000_000)).toEqual([]);
});

it('blames an exception on the script only where none of its calls had failed', () => {
  const ledger = open();
  tell(ledger, enter(1, 1), iter(1, 1, 2, 'Error: before any call\n at x'));
  tell(ledger, enter(2, 3), begin(1, 2, 3), req(1, 4), iter(2, 3, 5, 'Error: after a good one'));
  tell(ledger, enter(3, 6), begin(2, 3, 6), req(2, 7, { st: 503 }), iter(3, 6, 8, 'Error: after a bad one'));
  tell(ledger, enter(4, 1_500_000), iter(4, 1_500_000, 1_500_001));
  expect(ledger.iterations()).toEqual([
    { phase: 'baseline', ended: 3, threw: 3, threwUnprovoked: 2, example: 'Error: before any call\n at x' },
    { phase: 'fault', ended: 1, threw: 0, threwUnprovoked: 0, example: null },
  ]);
});

it('sheds nothing in a closed model: k6 tells there what it never came to', () => {
  const ledger = open({ ...rising, executor: 'shared-iterations' });
  tell(ledger, { t: 'drop', at: 5, sc: 'only', n: 12 }, enter(1, 7), begin(1, 1, 9, { itAt: 7 }), req(1, 10));
  expect(brief(ledger.settle(0))).toEqual([[0, 'quote', 'ok', 9, 9, 10]]);
  expect([...ledger.unstarted()]).toEqual([['only', 12]]);
});
