// Goal: lines as k6 2.2.0 writes them become what the extension would have told of the same calls, and nothing is made of the others.
import { expect, it } from 'vitest';
import { pointReader } from '../../../../../harness/run/load/k6/stock-points.ts';

const WALL_US = Date.parse('2026-11-21T22:00:00Z') * 1000;
const reader = (bodyLength = 100) => pointReader(bodyLength, (wallUs) => wallUs - WALL_US);
const point = (metric: string, time: string, metadata?: object): string =>
  JSON.stringify({ metric, type: 'Point', data: { time, value: 1, tags: { scenario: 'arrivals' }, ...(metadata && { metadata }) } });
const answered = (said: object): string => point('halfopen_answered', '2026-11-21T22:00:01.5Z', { ord: '7', length: '0', ...said });

it('tells of a begin with its trace, to the microsecond, in whatever zone k6 writes', () => {
  const begin = { t: 'begin', i: 7, ord: 7, tid: 'ab12' };
  const metadata = { ord: '7', trace: 'ab12' };
  expect(reader()(point('halfopen_begun', '2026-11-21T22:00:01.000123456Z', metadata))).toMatchObject({ ...begin, at: 1_000_123 });
  expect(reader()(point('halfopen_begun', '2026-11-21T23:00:01.1+01:00', metadata))).toMatchObject({ ...begin, at: 1_100_000 });
  expect(reader()(point('halfopen_begun', '2026-11-21T22:00:01Z', metadata))).toMatchObject({ ...begin, at: 1_000_000 });
});

it('ends a call when k6 saw its end, not when the script came to tell of it', () => {
  const read = reader();
  expect(read(point('http_req_duration', '2026-11-21T22:00:01.4Z', { ord: '7' }))).toBeNull();
  expect(read(answered({ status: '200', code: '0', error: '', receivingMs: '0.25', connectingMs: '0', length: '12' }))).toEqual({
    t: 'req',
    i: 7,
    at: 1_400_000,
    fb: 1_399_750,
    st: 200,
    err: null,
    bytes: 12,
    reused: true,
  });
});

it('of a call without any answer the end is when the script told of it', () => {
  expect(reader()(answered({ status: '0', code: '1212', error: 'connection refused', receivingMs: '0', connectingMs: '0' }))).toMatchObject(
    {
      at: 1_500_000,
      fb: null,
      st: 0,
      err: 'refused',
      reused: false,
    },
  );
});

it.each([
  [1000, 'EOF', 'reset'],
  [1000, 'unexpected EOF', 'reset'],
  [1000, 'malformed HTTP response', 'other'],
  [1020, 'invalid URL', 'other'],
  [1050, 'request timeout', 'timeout'],
  [1101, 'lookup: no such host', 'dns'],
  [1211, 'dial: i/o timeout', 'timeout'],
  [1212, 'dial: connection refused', 'refused'],
  [1220, 'reset by peer', 'reset'],
  [1310, 'x509: unknown authority', 'tls'],
  [1404, '', null],
  [1503, '', null],
])('code %s with %j is %s', (code, error, err) => {
  expect(reader()(answered({ status: err === null ? '503' : '0', code: String(code), error }))).toMatchObject({ err });
});

it('keeps a body as long as it may be, and says that it was cut', () => {
  const said = { status: '200', code: '0', error: '', receivingMs: '0', connectingMs: '1' };
  expect(reader(4)(answered({ ...said, body: '{"é"' }))).toMatchObject({ body: '{"é"', bytes: 5 });
  expect(reader(4)(answered({ ...said, body: '{"é"' }))).not.toHaveProperty('cut');
  expect(reader(4)(answered({ ...said, body: '{"é":' }))).toMatchObject({ body: '{"é"', cut: true });
});

it('tells of a drop, and makes nothing of metrics, other samples and the setup function’s call', () => {
  const time = '2026-11-21T22:00:01Z';
  expect(reader()(point('halfopen_dropped', time, { ord: '9' }))).toMatchObject({ t: 'drop', ord: 9, n: 1 });
  for (const line of [
    '{"type":"Metric","data":{"name":"http_req_duration"},"metric":"http_req_duration"}',
    point('http_req_waiting', time, { ord: '9' }),
    point('http_req_duration', time),
    point('halfopen_pulse', time, { padding: ' ' }),
    'time="…" level=warning',
    '',
  ]) {
    expect(reader()(line)).toBeNull();
  }
});

it('refuses a point that is torn', () => {
  expect(() => reader()('{"metric":"halfopen_begun","type":"Point","data":{"ti')).toThrow(SyntaxError);
});
