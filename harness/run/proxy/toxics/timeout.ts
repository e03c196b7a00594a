import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

/**
 * Swallows all data; `timeout` ms (0: never) after the last chunk it closes the connection. Each chunk restarts that
 * clock, and a withdrawal closes the connection, as Toxiproxy does: bytes are missing from it.
 */
export const timeout: ToxicKind = {
  attributes: { timeout: { min: 0 } },
  start({ attributes, out, touch, close }) {
    const alarm = new Alarm(close);
    const arm = (): void => {
      alarm.clear();
      const afterMs = amount(attributes, 'timeout');
      if (afterMs > 0) alarm.set(monotonicUs() + afterMs * 1000);
    };
    arm();
    return {
      chunk() {
        touch();
        arm();
      },
      end() {
        alarm.clear();
        out.end();
      },
      full: () => false,
      update: arm,
      release() {
        alarm.clear();
        close();
      },
      stop: () => alarm.clear(),
    };
  },
};
