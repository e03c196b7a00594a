import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

/**
 * Passes everything on for `time` ms from when the connection began, or from when the toxic came to it, whatever flows; then closes both peers,
 * with `reset: 1` by a reset. An update counts from the same beginning.
 */
export const limitTime: ToxicKind = {
  attributes: { time: { min: 0 }, reset: { min: 0, max: 1, isOurs: true } },
  startsAtOnce: true,
  start({ attributes, out, touch, close, reset }) {
    const sinceUs = monotonicUs();
    const alarm = new Alarm(() => {
      touch();
      if (amount(attributes, 'reset') === 1) reset();
      else close();
    });
    const arm = (): void => alarm.set(sinceUs + amount(attributes, 'time') * 1000);
    arm();
    return {
      chunk: (data) => out.chunk(data),
      end: () => out.end(),
      full: () => false,
      update: arm,
      release: () => alarm.clear(),
      stop: () => alarm.clear(),
    };
  },
};
