import { monotonicUs } from '../../clock.ts';
import { DelayLine } from './delay-line.ts';
import { amount, type ToxicKind } from './contract.ts';

/** As many chunks as Toxiproxy queues before its sender has to wait. */
const QUEUED_CHUNKS = 1024;

/** Holds each chunk until its arrival + latency ± jitter (whole milliseconds, uniform); order is kept. */
export const latency: ToxicKind = {
  attributes: { latency: { min: 0 }, jitter: { min: 0 } },
  start({ attributes, random, out, touch, flow }) {
    const line = new DelayLine(out, flow);
    const delayUs = (): number => {
      const delayMs = amount(attributes, 'latency');
      const jitterMs = amount(attributes, 'jitter');
      const drawn = jitterMs === 0 ? delayMs : delayMs - jitterMs + Math.floor(random() * 2 * jitterMs);
      return Math.max(0, drawn) * 1000;
    };
    return {
      chunk(data) {
        const nowUs = monotonicUs();
        const heldUs = delayUs();
        if (heldUs > 0) touch();
        if (heldUs === 0 && line.length === 0) out.chunk(data);
        else line.push(data, nowUs, nowUs + heldUs);
      },
      end() {
        if (line.length === 0) out.end();
        else line.push(null, monotonicUs(), -Infinity);
      },
      full: () => line.length >= QUEUED_CHUNKS,
      update: () => line.reschedule((arrivedUs, data) => (data === null ? -Infinity : arrivedUs + delayUs())),
      release: () => line.releaseAll(),
      stop: () => line.stop(),
    };
  },
};
