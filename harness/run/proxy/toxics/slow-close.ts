import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

/** Passes data on untouched and holds back the end of the stream for `delay` ms. */
export const slowClose: ToxicKind = {
  attributes: { delay: { min: 0 } },
  start({ attributes, out, touch }) {
    const alarm = new Alarm(() => out.end());
    const arm = (): void => alarm.set(monotonicUs() + amount(attributes, 'delay') * 1000);
    return {
      chunk: (data) => out.chunk(data),
      end() {
        touch();
        arm();
      },
      full: () => false,
      update() {
        if (alarm.isSet) arm();
      },
      release() {
        if (!alarm.isSet) return;
        alarm.clear();
        out.end();
      },
      stop: () => alarm.clear(),
    };
  },
};
