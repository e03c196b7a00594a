import { expect, it } from 'vitest';
import type { BreakerMoved } from '../../../../harness/model/event.ts';
import { compareTransitions, readTruth, recordedTransitions } from '../../../../scripts/prove/transitions.ts';

const move = (state: string, atMs: number, breaker = 'orders.payments') => ({ breaker, state, atUs: atMs * 1000 });

it('finds each true transition once and says how far off it was recorded', () => {
  const truth = [move('open', 1000), move('half-open', 2000)];
  expect(compareTransitions(truth, [move('open', 1003), move('half-open', 1999)])).toEqual({
    true: 2,
    found: 2,
    invented: 0,
    errorsMs: [3, -1],
  });
});

it('counts what was missed and what was invented', () => {
  const truth = [move('open', 1000), move('open', 1200)];
  const recorded = [move('open', 1000), move('closed', 1001), move('open', 1000, 'orders.inventory')];
  expect(compareTransitions(truth, recorded)).toMatchObject({ true: 2, found: 1, invented: 2 });
});

it('does not take a transition far away for the one that is missing', () => {
  expect(compareTransitions([move('open', 1000)], [move('open', 1600)])).toMatchObject({ found: 0, invented: 1 });
});

it('leaves out how the probe began to watch, and the death of a process', () => {
  const event = (from: BreakerMoved['from'], to: BreakerMoved['to'], source: BreakerMoved['source']): BreakerMoved => ({
    id: 1,
    kind: 'breaker',
    atUs: 5,
    breaker: 'b',
    instance: 'i',
    from,
    to,
    earliestUs: 5,
    latestUs: 5,
    source,
  });
  const events = [event('unknown', 'closed', 'event'), event('closed', 'open', 'event'), event('open', 'unknown', 'process')];
  expect(recordedTransitions(events, ['b'])).toEqual([{ breaker: 'b', state: 'open', atUs: 5 }]);
});

it('maps a truth file from the machine’s clock to run time', () => {
  const text = '{"name":"orders.payments","state":"open","monoNs":"9107199254740993"}\n';
  expect(readTruth(text, 9_107_199_254_000)).toEqual([{ breaker: 'orders.payments', state: 'open', atUs: 740 }]);
});
