import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import { Brim } from './brim.ts';
import { amount, type ToxicKind } from './contract.ts';
import { Holding, roomBytes } from './holding.ts';

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
    const holding = new Holding();
    let isEnded = false;
    let isStopped = false;
    const brim = new Brim(() => holding.bytes >= roomBytes(QUEUED_BYTES), flow);
    const arm = (): void => {
      touch();
      const afterMs = amount(attributes, 'timeout');
      if (afterMs === 0) reset();
      else alarm.set(monotonicUs() + afterMs * 1000);
    };
    return {
      chunk(data) {
        if (isStopped) return;
        held.push(data);
        holding.take(data.length);
        if (!alarm.isSet) arm();
        else touch();
        brim.look();
      },
      end() {
        isEnded = true;
        if (!alarm.isSet) arm();
      },
      full: () => brim.isFull,
      update() {
        if (alarm.isSet) arm();
      },
      release() {
        alarm.clear();
        for (const data of held) out.chunk(data);
        held = [];
        holding.clear();
        if (isEnded) out.end();
      },
      stop() {
        isStopped = true;
        alarm.clear();
        held = [];
        holding.clear();
      },
    };
  },
};
