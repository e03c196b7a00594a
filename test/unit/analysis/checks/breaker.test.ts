import { describe, expect, test } from 'vitest';
import { breaker } from '../../../../harness/analysis/checks/breaker.ts';
import type { BreakerState } from '../../../../harness/model/breaker.ts';
import type { Finding } from '../../../../harness/model/finding.ts';
import { steadily, type RecordingSketch } from '../../../recordings.ts';
import { code, judged } from './judged.ts';

const payments = breaker('orders.payments');
const FAILING = steadily(4000, 8000, 100, { status: 503, fault: 'storm' });

function moves(...states: (readonly [number, BreakerState])[]): RecordingSketch {
  return { breakers: { 'orders.payments': states }, exchanges: FAILING };
}

describe('opens', () => {
  const expectation = payments.opens({ within: '2s', of: 'storm' });

  test('a breaker that opens in time passes, with the delay as measured', () => {
    const finding = judged(expectation, moves([0, 'closed'], [4300, 'open']));
    expect(code(finding)).toBe('pass opens');
    expect(finding.measured).toEqual({ value: 300, unit: 'ms' });
    expect(finding.timingMarginMs).toBe(1700);
    expect(finding.explanation.values['calls']).toBe(3);
  });

  test('one that opens too late fails by what it was late', () => {
    const finding = judged(expectation, moves([0, 'closed'], [6500, 'open']));
    expect(code(finding)).toBe('fail opens');
    expect(finding.timingMarginMs).toBe(500);
  });

  test('one that never opens although calls fail is a failure that no delay explains', () => {
    const finding = judged(expectation, moves([0, 'closed']));
    expect(code(finding)).toBe('fail opens-never');
    expect(finding.timingMarginMs).toBeUndefined();
  });

  test('one that never opens because hardly anything failed cannot be judged', () => {
    expect(code(judged(expectation, { exchanges: steadily(4000, 8000, 1000, { status: 503 }) }))).toBe('inconclusive too-few');
  });

  test('one that was open before the fault, or whose state nobody knew, cannot be judged', () => {
    expect(code(judged(expectation, moves([0, 'closed'], [3000, 'open'])))).toBe('inconclusive opens-already');
    expect(code(judged(expectation, moves()))).toBe('inconclusive breaker-unknown');
  });

  test('a transition that is only known as an interval around the limit is neither in time nor late', () => {
    const polled = (earliestMs: number, latestMs: number): Finding =>
      judged(expectation, {
        breakers: { 'orders.payments': [[0, 'closed']] },
        events: [
          {
            kind: 'breaker',
            atMs: latestMs,
            breaker: 'orders.payments',
            instance: 'orders-1',
            from: 'closed',
            to: 'open',
            earliestUs: earliestMs * 1000,
            latestUs: latestMs * 1000,
            source: 'poll',
          },
        ],
      });
    expect(code(polled(5800, 6200))).toBe('inconclusive opens-unclear');
    expect(code(polled(5400, 5900))).toBe('pass opens');
    expect(code(polled(6100, 6600))).toBe('fail opens');
  });
});

describe('staysClosed', () => {
  const expectation = payments.staysClosed();

  test('a breaker that is closed throughout passes', () => {
    expect(code(judged(expectation, moves([0, 'closed'])))).toBe('pass stays-closed');
  });

  test('one that opens once fails; noise puts that in doubt only where a slow machine may have made calls fail', () => {
    const opened = moves([0, 'closed'], [5000, 'open'], [6000, 'half-open'], [6010, 'closed']);
    const finding = judged(expectation, opened);
    expect(code(finding)).toBe('fail stays-closed');
    expect(finding.timingMarginMs).toBeUndefined();
    const timedOut = { atMs: 4500, outcome: 'caller-left' as const };
    expect(judged(expectation, { ...opened, exchanges: [...FAILING, timedOut] }).timingMarginMs).toBe(0);
    expect(judged(expectation, { ...opened, exchanges: [] }).timingMarginMs).toBe(0);
  });

  test('one whose state is unknown for a while, or whose edge nobody uses, cannot be judged', () => {
    expect(code(judged(expectation, moves([0, 'closed'], [5000, 'unknown'], [5500, 'closed'])))).toBe('inconclusive breaker-unknown');
    expect(code(judged(expectation, { ...moves([0, 'closed']), exchanges: [] }))).toBe('inconclusive too-few');
  });
});

describe('visits', () => {
  const expectation = payments.visits(['closed', 'open', 'half-open', 'closed']);

  test('the listed states in order pass, and further cycles between open and half-open are counted', () => {
    expect(
      judged(expectation, moves([0, 'closed'], [4300, 'open'], [5300, 'half-open'], [5310, 'closed'])).explanation.values['cycles'],
    ).toBe(0);
    const cycling = judged(
      expectation,
      moves(
        [0, 'closed'],
        [4300, 'open'],
        [5300, 'half-open'],
        [5310, 'open'],
        [6310, 'half-open'],
        [6320, 'open'],
        [8400, 'half-open'],
        [8410, 'closed'],
      ),
    );
    expect(code(cycling)).toBe('pass visits');
    expect(cycling.explanation.values['cycles']).toBe(2);
  });

  test('a breaker that closes straight from open fails, even if it was half-open before', () => {
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [5300, 'closed'])))).toBe('fail visits-stray');
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [5300, 'half-open'], [5310, 'open'], [8400, 'closed'])))).toBe(
      'fail visits-stray',
    );
  });

  test('a breaker that opens again after its walk, or is disabled on the way, fails', () => {
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [8300, 'half-open'], [8310, 'closed'], [9000, 'open'])))).toBe(
      'fail visits-stray',
    );
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [5000, 'disabled'])))).toBe('fail visits-stray');
  });

  test('a walk that breaks off fails and names what is missing', () => {
    const finding = judged(expectation, moves([0, 'closed'], [4300, 'open']));
    expect(code(finding)).toBe('fail visits-incomplete');
    expect(finding.explanation.values['missing']).toEqual(['half-open', 'closed']);
    expect(finding.timingMarginMs).toBe(13_700);
  });

  test('what happens in the warm-up does not count', () => {
    expect(
      code(
        judged(
          expectation,
          moves([0, 'closed'], [100, 'open'], [800, 'half-open'], [810, 'closed'], [4300, 'open'], [8300, 'half-open'], [8310, 'closed']),
        ),
      ),
    ).toBe('pass visits');
  });

  test('a walk with an unknown stretch cannot be judged', () => {
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [5000, 'unknown'], [6000, 'half-open'], [6010, 'closed'])))).toBe(
      'inconclusive breaker-unknown',
    );
  });
});

describe('staysOpen', () => {
  const expectation = payments.staysOpen({ of: 'storm' });

  test('a breaker that only tries while the fault is in force passes', () => {
    expect(
      code(
        judged(
          expectation,
          moves([0, 'closed'], [4300, 'open'], [5300, 'half-open'], [5310, 'open'], [8300, 'half-open'], [8310, 'closed']),
        ),
      ),
    ).toBe('pass stays-open');
  });

  test('one that closes while the fault is in force fails by the time that was left of it', () => {
    const finding = judged(expectation, moves([0, 'closed'], [4300, 'open'], [5300, 'half-open'], [5310, 'closed'], [5600, 'open']));
    expect(code(finding)).toBe('fail stays-open');
    expect(finding.timingMarginMs).toBe(2690);
  });

  test('between two occurrences of a repeating fault it may close', () => {
    const twice = {
      faults: [
        {
          windows: [
            [4000, 5000],
            [6000, 7000],
          ],
        },
      ],
    } as const;
    const states = moves(
      [0, 'closed'],
      [4300, 'open'],
      [5300, 'half-open'],
      [5310, 'closed'],
      [6300, 'open'],
      [7300, 'half-open'],
      [7310, 'closed'],
    );
    expect(code(judged(expectation, { ...states, ...twice }))).toBe('pass stays-open');
  });

  test('one that never opened, or was out of sight, cannot be judged', () => {
    expect(code(judged(expectation, moves([0, 'closed'])))).toBe('inconclusive never-opened');
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [5000, 'unknown'])))).toBe('inconclusive breaker-unknown');
  });
});

describe('trialCalls', () => {
  const expectation = payments.trialCalls({ max: 1 });
  const states = {
    breakers: {
      'orders.payments': [
        [0, 'closed'],
        [4300, 'open'],
        [5300, 'half-open'],
        [5500, 'open'],
      ],
    },
  } as const;

  test('retries of one request are one trial, and so are calls that were admitted before', () => {
    const finding = judged(expectation, {
      ...states,
      exchanges: [
        { atMs: 4200, trace: 1, status: 503 },
        { atMs: 5305, trace: 1, status: 503 },
        { atMs: 5310, trace: 2, status: 503 },
        { atMs: 5380, trace: 2, status: 503 },
      ],
    });
    expect(code(finding)).toBe('pass trial-calls');
    expect(finding.measured?.value).toBe(1);
  });

  test('more requests than allowed fail, by how far the second one lies inside the stretch', () => {
    const finding = judged(expectation, {
      ...states,
      exchanges: [
        { atMs: 5310, trace: 2 },
        { atMs: 5340, trace: 3 },
      ],
    });
    expect(code(finding)).toBe('fail trial-calls');
    expect(finding.timingMarginMs).toBe(10);
  });

  test('without a half-open stretch, or without any call in one, nothing can be told', () => {
    expect(code(judged(expectation, moves([0, 'closed'])))).toBe('inconclusive too-few');
    expect(code(judged(expectation, { ...states, exchanges: [{ atMs: 4200 }] }))).toBe('inconclusive too-few');
  });
});

describe('closes', () => {
  const expectation = payments.closes({ within: '2s', of: 'storm' });

  test('a breaker that closes in time and stays closed passes', () => {
    const finding = judged(expectation, moves([0, 'closed'], [4300, 'open'], [8600, 'half-open'], [8610, 'closed']));
    expect(code(finding)).toBe('pass closes');
    expect(finding.measured?.value).toBe(610);
  });

  test('one that opens again is closed for good only later, and fails', () => {
    const finding = judged(
      expectation,
      moves(
        [0, 'closed'],
        [4300, 'open'],
        [8600, 'half-open'],
        [8610, 'closed'],
        [9000, 'open'],
        [12_000, 'half-open'],
        [12_010, 'closed'],
      ),
    );
    expect(code(finding)).toBe('fail closes');
    expect(finding.explanation.values['reopened']).toBe(1);
    expect(finding.timingMarginMs).toBe(2010);
  });

  test('one that is still open at the end fails without a number', () => {
    const finding = judged(expectation, moves([0, 'closed'], [4300, 'open']));
    expect(code(finding)).toBe('fail closes-never');
    expect(finding.measured).toBeUndefined();
  });

  test('one that never opened, or whose last state is unknown, cannot be judged', () => {
    expect(code(judged(expectation, moves([0, 'closed'])))).toBe('inconclusive never-opened');
    expect(code(judged(expectation, moves([0, 'closed'], [4300, 'open'], [9000, 'unknown'])))).toBe('inconclusive breaker-unknown');
  });

  test('a fault that was never seen withdrawn cannot be judged', () => {
    expect(code(judged(expectation, { ...moves([0, 'closed'], [4300, 'open']), faults: [{ withdrawnLateMs: null }] }))).toBe(
      'inconclusive fault-not-withdrawn',
    );
  });
});

describe('constructors', () => {
  test('refuse limits that nothing can be held to', () => {
    expect(() => payments.opens({ within: 0, of: 'storm' })).toThrow(/'within' must be above 0/);
    expect(() => payments.trialCalls({ max: 0 })).toThrow(/'max' must be at least 1/);
    expect(() => payments.visits([] as never)).toThrow(/'states.length' must be at least 1/);
  });
});
