import { describe, expect, it } from 'vitest';
import { bandwidth } from '../../../../harness/run/faults/bandwidth.ts';
import { corrupt } from '../../../../harness/run/faults/corrupt.ts';
import { httpAbort } from '../../../../harness/run/faults/http-abort.ts';
import { httpCorrupt } from '../../../../harness/run/faults/http-corrupt.ts';
import { httpDelay } from '../../../../harness/run/faults/http-delay.ts';
import { httpEdit, httpEditDriver } from '../../../../harness/run/faults/http-edit.ts';
import { httpHang, httpHangDriver } from '../../../../harness/run/faults/http-hang.ts';
import { httpQuota } from '../../../../harness/run/faults/http-quota.ts';
import { httpStatus, httpStatusDriver } from '../../../../harness/run/faults/http-status.ts';
import { httpTruncate, httpTruncateDriver } from '../../../../harness/run/faults/http-truncate.ts';
import { latency, latencyDriver } from '../../../../harness/run/faults/latency.ts';
import { limitData } from '../../../../harness/run/faults/limit-data.ts';
import { loss } from '../../../../harness/run/faults/loss.ts';
import { netem, netemDriver } from '../../../../harness/run/faults/netem.ts';
import { partition } from '../../../../harness/run/faults/partition.ts';
import { replyLate } from '../../../../harness/run/faults/reply-late.ts';
import { slice } from '../../../../harness/run/faults/slice.ts';
import { squeeze, squeezeDriver } from '../../../../harness/run/faults/squeeze.ts';

const EDGE = 'orders->payments';

describe('constructors of faults refuse what could never be felt or done, naming the option and its value', () => {
  it.each([
    ['a delay of nothing', () => latency(EDGE, { delay: 0 }), "Cannot slow orders->payments down as 'delay' must be 1 to"],
    ['a fraction of a millisecond', () => latency(EDGE, { delay: 1.5 }), 'current value is 1.5 ms'],
    [
      'more jitter than delay',
      () => latency(EDGE, { delay: '100ms', jitter: '101ms' }),
      "'jitter' must not exceed 'delay' (100 ms): current value is 101 ms",
    ],
    ['an unreadable delay', () => replyLate(EDGE, { delay: '2 s' as '2s' }), 'current value is "2 s"'],
    [
      'a rate of 0',
      () => bandwidth(EDGE, { kilobytesPerSecond: 0 }),
      "'kilobytesPerSecond' must be a whole number, 1 or more: current value is 0",
    ],
    ['negative bytes', () => limitData(EDGE, { bytes: -1 }), 'current value is -1'],
    [
      'pieces that may have no bytes',
      () => slice(EDGE, { averageBytes: 8, variationBytes: 8 }),
      "'variationBytes' must be a whole number, 0 to 7: current value is 8",
    ],
    [
      'a status that is no status',
      () => httpStatus(EDGE, { status: 99 }),
      "'status' must be a whole number, 200 to 599: current value is 99",
    ],
    [
      'half a second of Retry-After',
      () => httpStatus(EDGE, { status: 503, retryAfter: '500ms' }),
      "'retryAfter' must be whole seconds: current value is 0.5 s",
    ],
    ['a share that hits nothing', () => httpHang(EDGE, { share: 0.01 }), "'share' must be 0.05 to 1: current value is 0.01"],
    ['a share over all', () => httpHang(EDGE, { share: 20 }), 'current value is 20'],
    [
      'every zeroth',
      () => httpDelay(EDGE, { delay: '1s', everyNth: 0 }),
      "'everyNth' must be a whole number, 1 or more: current value is 0",
    ],
    ['a relative path', () => httpHang(EDGE, { path: 'fee' }), `'path' must start with '/' or '*': current value is "fee"`],
    [
      'a pattern that hits nothing',
      () => httpHang(EDGE, { pattern: '..' }),
      `'pattern' must be 'x' (hit) and '.' (spared), with at least one 'x': current value is ".."`,
    ],
    ['a budget of nothing', () => httpHang(EDGE, { next: 0 }), "'next' must be a whole number, 1 or more: current value is 0"],
    ['sparing less than none', () => httpHang(EDGE, { after: -1 }), "'after' must be a whole number, 0 or more: current value is -1"],
    [
      'a point without its bytes',
      () => httpAbort(EDGE, { at: 'after-bytes' }),
      "'bytes' must be given with 'at: after-bytes' and only there: current value is nothing with 'at: after-bytes'",
    ],
    ['bytes without their point', () => httpHang(EDGE, { bytes: 4 }), "current value is 4 with 'at: before'"],
    [
      'more jitter than a request’s delay',
      () => httpDelay(EDGE, { delay: '5ms', jitter: '6ms' }),
      "'jitter' must be 0 to 5 whole milliseconds: current value is 6 ms",
    ],
    ['two ends of one body', () => httpTruncate(EDGE, { bytes: 1, part: 0.5 }), "'part' must be left out beside 'bytes'"],
    ['a whole body', () => httpTruncate(EDGE, { part: 1 }), "'part' must be 0 to 0.99: current value is 1"],
    ['no broken byte', () => httpCorrupt(EDGE, { bytes: 0 }), "'bytes' must be a whole number, 1 to 65536: current value is 0"],
    ['a quota in no time', () => httpQuota(EDGE, { limit: 1, window: 0 }), "'window' must be 1 to"],
    [
      'an edit of nothing',
      () => httpEdit(EDGE, {}),
      'as at least one of status, setHeaders, removeHeaders, body, replace, json must be given',
    ],
    [
      'a request’s status',
      () => httpEdit(EDGE, { of: 'request', status: 200 }),
      "'status' must be left out for a request: current value is 200",
    ],
    [
      'a new body and its edit',
      () => httpEdit(EDGE, { body: 'a', json: [{ pointer: '/a', value: 1 }] }),
      "'json' must be left out beside 'body'",
    ],
    [
      'a header that frames',
      () => httpEdit(EDGE, { setHeaders: { 'Content-Length': '1' } }),
      'setHeaders.Content-Length: expected none of connection, content-length',
    ],
    ['a pointer that is none', () => httpEdit(EDGE, { json: [{ pointer: 'a', value: 1 }] }), 'json[0].pointer: expected a JSON pointer'],
    [
      'a spread without width',
      () => latency(EDGE, { delay: 5, distribution: 'normal' }),
      "'jitter' must be over 0 where the distribution is normal",
    ],
    ['no loss', () => loss(EDGE, { percent: 0 }), "'percent' must be over 0 and at most 100: current value is 0"],
    ['more than all broken', () => corrupt(EDGE, { perMillion: 1_000_001 }), "'perMillion' must be over 0 and at most 1000000"],
    [
      'a squeeze of nothing',
      () => squeeze('payments', {}),
      "Cannot squeeze payments as 'cpus' or 'memoryMb' must be given: current value is {}",
    ],
    ['no CPU at all', () => squeeze('payments', { cpus: 0 }), "'cpus' must be at least 0.01: current value is 0"],
    ['a CPU that is no number', () => squeeze('payments', { cpus: Number.NaN }), "'cpus' must be at least 0.01: current value is NaN"],
    ['less memory than engines take', () => squeeze('payments', { memoryMb: 5 }), "'memoryMb' must be a whole number, 6 to"],
    ['half a mebibyte', () => squeeze('payments', { memoryMb: 64.5 }), 'current value is 64.5'],
    ['packets as they are', () => netem('payments', {}), "'lossPercent' or 'delay' must be given: current value is {}"],
    ['jitter of no delay', () => netem('payments', { jitter: 5 }), "'lossPercent' or 'delay' must be given"],
    ['jitter beside no delay', () => netem('payments', { lossPercent: 1, jitter: 5 }), "'jitter' must be 0 to 0 whole milliseconds"],
    ['more than all packets', () => netem('payments', { lossPercent: 101 }), "'lossPercent' must be over 0 and at most 100"],
    ['a set of no services', () => partition([], ['payments']), "'from' must be a list of services: current value is []"],
    ['a service on both sides', () => partition(['orders', 'payments'], ['payments']), "current value is 'payments' in both"],
  ])('%s', (_, construct, message) => {
    expect(construct).toThrow(message);
  });
});

describe('faults describe themselves in words', () => {
  it('a slow edge says which direction is slow', () => {
    expect(latencyDriver.describe(latency(EDGE, { delay: '2s', jitter: '250ms' }))).toBe(
      'orders->payments: replies 2000 ms later (± 250 ms)',
    );
    expect(latencyDriver.describe(latency(EDGE, { delay: '2s', stream: 'upstream' }))).toBe('orders->payments: requests 2000 ms later');
  });

  it('a squeeze says what is left, spoilt packets what becomes of them', () => {
    expect(squeezeDriver.describe(squeeze('payments', { cpus: 0.5, memoryMb: 64 }))).toBe('payments has only 0.5 CPU and 64 MiB of memory');
    expect(squeezeDriver.describe(squeeze('payments', { memoryMb: 64 }))).toBe('payments has only 64 MiB of memory');
    expect(netemDriver.describe(netem('payments', { lossPercent: 2, delay: '1s', jitter: 50 }))).toBe(
      'packets of payments: 2 % are lost, they come 1000 ms later (± 50 ms)',
    );
  });

  it('an HTTP fault says which requests it hits', () => {
    const text = (options: Parameters<typeof httpStatus>[1]): string => httpStatusDriver.describe(httpStatus(EDGE, options));
    expect(text({ status: 503 })).toBe('orders->payments: every request is answered 503');
    expect(text({ status: 500, share: 0.2 })).toBe('orders->payments: 20 % of every request is answered 500');
    expect(text({ status: 500, method: 'post', path: '/charges', first: 3, requestHeaders: { tenant: 'a' } })).toBe(
      'orders->payments: the first 3 of POST /charges with tenant: a is answered 500',
    );
    expect(text({ status: 500, path: '/a', after: 5, first: 40, everyNth: 2, pattern: 'x.', share: 0.5, next: 3 })).toBe(
      'orders->payments: at most 3 of 50 % of those at x. of every 2. of the first 40 of /a after the first 5 is answered 500',
    );
  });

  it('a fault with points, parts or edits says which', () => {
    expect(httpHangDriver.describe(httpHang(EDGE))).toBe('orders->payments: every request gets no answer');
    expect(httpHangDriver.describe(httpHang(EDGE, { at: 'after-bytes', bytes: 7 }))).toBe(
      "orders->payments: every request gets no more after 7 bytes of the reply's body",
    );
    expect(httpTruncateDriver.describe(httpTruncate(EDGE, { part: 0.25 }))).toBe(
      "orders->payments: every request gets 25 % of its reply's body",
    );
    expect(httpEditDriver.describe(httpEdit(EDGE, { of: 'request', body: '', removeHeaders: ['cookie'] }))).toBe(
      'orders->payments: every request has its request edited (removeHeaders, body)',
    );
    expect(latencyDriver.describe(latency(EDGE, { delay: 5, jitter: 2, distribution: 'lognormal' }))).toBe(
      'orders->payments: replies 5 ms later (lognormal, jitter 2 ms)',
    );
  });
});
