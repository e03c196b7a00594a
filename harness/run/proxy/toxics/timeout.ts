import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

/**
 * Swallows all data; `timeout` ms (0: never) after it began, or after the last chunk since, it closes the connection. The end of the stream is
 * passed on, and a withdrawal closes the connection, as Toxiproxy does both: bytes are missing from it.
 */
export const timeout: ToxicKind = {
  attributes: { timeout: { min: 0 } },
  startsAtOnce: true,
  start({ attributes, out, touch, close }) {
    const cut = (): void => {
      touch();
      close();
    };
    const alarm = new Alarm(cut);
    const arm = (): void => {
      const afterMs = amount(attributes, 'timeout');
      if (afterMs > 0) alarm.set(monotonicUs() + afterMs * 1000);
      else alarm.clear();
    };
    let isEnded = false;
    arm();
    return {
      chunk() {
        touch();
        arm();
      },
      end() {
        isEnded = true;
        alarm.clear();
        out.end();
      },
      full: () => false,
      update() {
        if (!isEnded) arm();
      },
      release() {
        alarm.clear();
        cut();
      },
      stop: () => alarm.clear(),
    };
  },
};
