import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../../harness/analysis/evidence.ts';
import { recordingOf, steadily } from '../../recordings.ts';

describe('phases and faults', () => {
  it('count the plan from the moment at which the load began', () => {
    const evidence = evidenceOf(recordingOf({ loadStartedMs: 700 }));
    expect(evidence.loadStartedUs).toBe(700_000);
    expect(evidence.phase('baseline')).toEqual({ fromUs: 1_700_000, toUs: 4_700_000 });
    expect(evidence.faultSpan('storm')).toEqual({ fromUs: 4_700_000, toUs: 8_700_000 });
  });

  it('are nowhere in a run whose load never began', () => {
    const evidence = evidenceOf(recordingOf({ loadStartedMs: null, exchanges: [] }));
    expect(evidence.phase('baseline')).toBeNull();
    expect(evidence.faultSpan('storm')).toBeNull();
    expect(evidence.occurrences('storm')).toMatchObject([{ occurrence: 0, requestedUs: null, acknowledgedUs: null, eventIds: [] }]);
  });

  it('tell when each occurrence was acknowledged, not when it was planned', () => {
    const windows = [[4000, 5000] as const, [6000, 7000] as const];
    const evidence = evidenceOf(recordingOf({ faults: [{ windows, acknowledgedLateMs: 20, withdrawnLateMs: 30 }] }));
    expect(
      evidence.occurrences('storm').map(({ requestedUs, acknowledgedUs, withdrawnUs }) => [requestedUs, acknowledgedUs, withdrawnUs]),
    ).toEqual([
      [4_000_000, 4_020_000, 5_030_000],
      [6_000_000, 6_020_000, 7_030_000],
    ]);
    expect(evidence.faultSpan('storm')).toEqual({ fromUs: 4_020_000, toUs: 7_030_000 });
  });

  it('leave a fault that nobody saw withdrawn in force to the end', () => {
    const evidence = evidenceOf(recordingOf({ faults: [{ withdrawnLateMs: null }] }));
    expect(evidence.faultSpan('storm')).toEqual({ fromUs: 4_000_000, toUs: evidence.endUs });
  });

  it('know no fault that is not in the plan', () => {
    const evidence = evidenceOf(recordingOf());
    expect(evidence.occurrences('other')).toEqual([]);
    expect(evidence.faultSpan('other')).toBeNull();
  });
});

describe('breaker stretches', () => {
  const states = (breakers: Parameters<typeof recordingOf>[0]): (readonly [string, number, number])[] =>
    evidenceOf(recordingOf(breakers))
      .breaker('orders.payments')
      .map(({ state, fromUs, toUs }) => [state, fromUs / 1000, toUs / 1000] as const);

  it('are unknown before the first event', () => {
    expect(
      states({
        breakers: {
          'orders.payments': [
            [300, 'closed'],
            [5000, 'open'],
          ],
        },
      }),
    ).toEqual([
      ['unknown', 0, 300],
      ['closed', 300, 5000],
      ['open', 5000, 18_000],
    ]);
  });

  it('are unknown throughout without any event', () => {
    expect(states({ breakers: {} })).toEqual([['unknown', 0, 18_000]]);
  });

  it('are unknown from the death of the service until it speaks again, also as another instance', () => {
    const moved = { kind: 'breaker', breaker: 'orders.payments', from: 'unknown', source: 'event' } as const;
    const recorded = states({
      events: [
        { atMs: 5000, kind: 'service', service: 'orders', state: 'killed' },
        { atMs: 5001, kind: 'service', service: 'orders', state: 'exited' },
        { ...moved, atMs: 6000, instance: 'orders-2', to: 'closed', earliestUs: 6_000_000, latestUs: 6_000_000 },
      ],
    });
    expect(recorded).toEqual([
      ['closed', 0, 5000],
      ['unknown', 5000, 6000],
      ['closed', 6000, 18_000],
    ]);
  });

  it('are not touched by the death of another service', () => {
    expect(states({ events: [{ atMs: 5000, kind: 'service', service: 'payments', state: 'killed' }] })).toEqual([['closed', 0, 18_000]]);
  });

  it('begin when the state was surely there and carry how much earlier it may have begun', () => {
    const polled = { kind: 'breaker', breaker: 'orders.payments', from: 'closed', to: 'open', source: 'poll' } as const;
    const evidence = evidenceOf(
      recordingOf({ events: [{ ...polled, atMs: 5000, instance: 'orders-1', earliestUs: 4_800_000, latestUs: 5_000_000 }] }),
    );
    expect(evidence.breaker('orders.payments')[1]).toMatchObject({ state: 'open', fromUs: 5_000_000, uncertaintyUs: 200_000 });
  });

  it('keep two living instances apart', () => {
    const moved = { kind: 'breaker', breaker: 'orders.payments', from: 'unknown', source: 'event', instance: 'orders-2' } as const;
    const evidence = evidenceOf(
      recordingOf({ events: [{ ...moved, atMs: 2000, to: 'closed', earliestUs: 2_000_000, latestUs: 2_000_000 }] }),
    );
    const statesOf = (wanted: string) =>
      evidence.breaker('orders.payments').flatMap(({ instance, state }) => (instance === wanted ? [state] : []));
    expect(statesOf('orders-1')).toEqual(['closed']);
    expect(statesOf('orders-2')).toEqual(['unknown', 'closed']);
  });
});

describe('rows in a span', () => {
  const recording = recordingOf({
    requests: [{ atMs: 100 }, { atMs: 200, name: 'stock' }, { atMs: 300 }],
    exchanges: [{ atMs: 100 }, { atMs: 200, edge: 'gateway->orders' }, { atMs: 300 }],
  });
  const evidence = evidenceOf(recording);
  const span = { fromUs: 100_000, toUs: 300_000 };

  it('begin with the span and end before its end', () => {
    expect(evidence.requestsIn(span).map(({ id }) => id)).toEqual([0, 1]);
    expect(evidence.requestsIn(span, 'quote').map(({ id }) => id)).toEqual([0]);
    expect(evidence.exchangesIn(span, 'orders->payments').map(({ id }) => id)).toEqual([1]);
    expect(evidence.requestsIn(span, 'other')).toEqual([]);
  });

  it('come in order of time whatever the order in the recording is', () => {
    const turned = evidenceOf({ ...recording, requests: recording.requests.toReversed(), exchanges: recording.exchanges.toReversed() });
    const whole = { fromUs: 0, toUs: 1_000_000 };
    expect(turned.requestsIn(whole)).toEqual(recording.requests);
    expect(turned.exchangesIn(whole, 'orders->payments').map(({ id }) => id)).toEqual([1, 3]);
  });
});

it('works out one recovery once for each objective', () => {
  const evidence = evidenceOf(recordingOf({ requests: steadily(0, 18_000, 20) }));
  const objective = { fault: 'storm', availability: 0.99, p95Ms: 100, holdMs: 1000 };
  expect(evidence.recovery({ ...objective })).toBe(evidence.recovery({ ...objective }));
  expect(evidence.recovery({ ...objective, p95Ms: 5 })).not.toBe(evidence.recovery(objective));
});
