import type { BreakerState } from '../../model/breaker.ts';
import type { Duration } from '../../model/time.ts';
import { limitMs, numberFrom } from './arguments.ts';
import type { Closes } from './closes.ts';
import type { Opens } from './opens.ts';
import type { StaysClosed } from './stays-closed.ts';
import type { StaysOpen } from './stays-open.ts';
import type { TrialCalls } from './trial-calls.ts';
import type { Visits } from './visits.ts';

/** What can be expected of one breaker. */
export interface BreakerExpectations<B extends string> {
  /** It opens, counted from the fault's first acknowledgement. */
  opens<const F extends string>(options: { readonly within: Duration; readonly of: F }): Opens<B, F>;
  /** It stays closed under the whole load, warm-up included. */
  staysClosed(): StaysClosed<B>;
  /** It goes through these states from the baseline on, in this order and through no other; further cycles between open and half-open are allowed and counted. */
  visits(states: readonly [Exclude<BreakerState, 'unknown'>, ...Exclude<BreakerState, 'unknown'>[]]): Visits<B>;
  /** Once open, it does not close while the fault is in force; half-open is allowed. */
  staysOpen<const F extends string>(options: { readonly of: F }): StaysOpen<B, F>;
  /** It lets at most `max` requests through in one half-open stretch; retries of one request count once. */
  trialCalls(options: { readonly max: number }): TrialCalls<B>;
  /** It is closed for good, counted from the fault's last withdrawal, and stays closed until the end. */
  closes<const F extends string>(options: { readonly within: Duration; readonly of: F }): Closes<B, F>;
}

/**
 * What is expected of a breaker of the system.
 *
 * @example
 * ```ts
 * import { breaker } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const expected = breaker('orders.payments').opens({ within: '2s', of: 'storm' });
 * assert.deepEqual(expected, { check: 'opens', breaker: 'orders.payments', of: 'storm', withinMs: 2000 });
 * ```
 * @throws {RangeError} (each expectation) if a limit is not above 0 or no state is listed
 * @throws {SyntaxError} (each expectation) if a text is no duration
 */
export function breaker<const B extends string>(name: B): BreakerExpectations<B> {
  return {
    opens: ({ within, of }) => ({ check: 'opens', breaker: name, of, withinMs: limitMs(within, 'within', `${name} to open`) }),
    staysClosed: () => ({ check: 'staysClosed', breaker: name }),
    visits(states) {
      numberFrom(states.length, 1, 'states.length', `${name} to visit states`);
      return { check: 'visits', breaker: name, states: [...states] };
    },
    staysOpen: ({ of }) => ({ check: 'staysOpen', breaker: name, of }),
    trialCalls: ({ max }) => ({ check: 'trialCalls', breaker: name, max: numberFrom(max, 1, 'max', `trial calls of ${name}`) }),
    closes: ({ within, of }) => ({ check: 'closes', breaker: name, of, withinMs: limitMs(within, 'within', `${name} to close`) }),
  };
}
