import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { watchBrim } from './brim.ts';
import { amount, type ToxicKind } from './contract.ts';

const QUEUED_BYTES = 1024 * 1024;

/**
 * Waits for the first chunk or the end of the stream, and resets both peers `timeout` ms later. What came in the
 * meantime is held, where Toxiproxy drops it, so that a withdrawal lets the connection live on.
 */
export const resetPeer: ToxicKind = {
  attributes: { timeout: { min: 0 } },
  start({ attributes, out, touch, reset, flow }) {
    const alarm = new Alarm(reset);
    let held: Buffer[] = [];
    let bytes = 0;
    let isEnded = false;
    const full = (): boolean => bytes >= QUEUED_BYTES;
    const tell = watchBrim(full, flow);
    const arm = (): void => {
      touch();
      const afterMs = amount(attributes, 'timeout');
      if (afterMs === 0) reset();
      else alarm.set(monotonicUs() + afterMs * 1000);
    };
    return {
      chunk(data) {
        held.push(data);
        bytes += data.length;
        if (!alarm.isSet) arm();
        else touch();
        tell();
      },
      end() {
        isEnded = true;
        if (!alarm.isSet) arm();
      },
      full,
      update() {
        if (alarm.isSet) arm();
      },
      release() {
        alarm.clear();
        for (const data of held) out.chunk(data);
        held = [];
        bytes = 0;
        if (isEnded) out.end();
      },
      stop() {
        alarm.clear();
        held = [];
        bytes = 0;
      },
    };
  },
};
