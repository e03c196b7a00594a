import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

/** Passes data on untouched and holds back the end of the stream for `delay` ms; an update while it waits starts the wait anew. */
export const slowClose: ToxicKind = {
  attributes: { delay: { min: 0 } },
  start({ attributes, out, touch }) {
    let isWaiting = false;
    const pass = (): void => {
      isWaiting = false;
      out.end();
    };
    const alarm = new Alarm(pass);
    const wait = (): void => {
      const delayMs = amount(attributes, 'delay');
      if (delayMs === 0) {
        alarm.clear();
        pass();
        return;
      }
      touch();
      alarm.set(monotonicUs() + delayMs * 1000);
    };
    return {
      chunk: (data) => out.chunk(data),
      end() {
        isWaiting = true;
        wait();
      },
      full: () => false,
      update() {
        if (isWaiting) wait();
      },
      release() {
        alarm.clear();
        if (isWaiting) pass();
      },
      stop: () => alarm.clear(),
    };
  },
};
