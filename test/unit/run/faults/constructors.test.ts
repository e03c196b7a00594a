import { describe, expect, it } from 'vitest';
import { bandwidth } from '../../../../harness/run/faults/bandwidth.ts';
import { httpDelay } from '../../../../harness/run/faults/http-delay.ts';
import { httpHang } from '../../../../harness/run/faults/http-hang.ts';
import { httpStatus, httpStatusDriver } from '../../../../harness/run/faults/http-status.ts';
import { latency, latencyDriver } from '../../../../harness/run/faults/latency.ts';
import { limitData } from '../../../../harness/run/faults/limit-data.ts';
import { partition } from '../../../../harness/run/faults/partition.ts';
import { replyLate } from '../../../../harness/run/faults/reply-late.ts';
import { slice } from '../../../../harness/run/faults/slice.ts';

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

  it('an HTTP fault says which requests it hits', () => {
    const text = (options: Parameters<typeof httpStatus>[1]): string => httpStatusDriver.describe(httpStatus(EDGE, options));
    expect(text({ status: 503 })).toBe('orders->payments: every request is answered 503');
    expect(text({ status: 500, share: 0.2 })).toBe('orders->payments: 20 % of every request is answered 500');
    expect(text({ status: 500, method: 'post', path: '/charges', first: 3, requestHeaders: { tenant: 'a' } })).toBe(
      'orders->payments: the first 3 of POST /charges with tenant: a is answered 500',
    );
  });
});
