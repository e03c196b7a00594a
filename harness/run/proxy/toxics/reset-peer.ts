import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { amount, type ToxicKind } from './contract.ts';

const QUEUED_BYTES = 1024 * 1024;

/**
 * Waits for the first chunk or the end of the stream, and resets both peers `timeout` ms later. What came in the
 * meantime is held, not dropped, so that a withdrawal lets the connection live on.
 */
export const resetPeer: ToxicKind = {
  attributes: { timeout: { min: 0 } },
  start({ attributes, out, touch, reset }) {
    const alarm = new Alarm(reset);
    let held: Buffer[] = [];
    let bytes = 0;
    let isEnded = false;
    const arm = (): void => {
      const afterMs = amount(attributes, 'timeout');
      if (afterMs === 0) reset();
      else alarm.set(monotonicUs() + afterMs * 1000);
    };
    return {
      chunk(data) {
        touch();
        held.push(data);
        bytes += data.length;
        if (!alarm.isSet) arm();
      },
      end() {
        touch();
        isEnded = true;
        if (!alarm.isSet) arm();
      },
      full: () => bytes >= QUEUED_BYTES,
      update() {
        if (alarm.isSet) arm();
      },
      release() {
        alarm.clear();
        for (const data of held) out.chunk(data);
        held = [];
        if (isEnded) out.end();
      },
      stop() {
        alarm.clear();
        held = [];
      },
    };
  },
};
