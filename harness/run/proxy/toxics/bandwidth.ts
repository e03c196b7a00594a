import { monotonicUs } from '../../clock.ts';
import { DelayLine } from './delay-line.ts';
import { amount, type ToxicKind } from './contract.ts';

const QUEUED_BYTES = 64 * 1024;
/** Pieces are at most what the rate carries in this time. */
const PIECE_MS = 100;

/** Lets `rate` kB/s (kB = 1000 B) of one direction of one connection through; 0 stalls it. */
export const bandwidth: ToxicKind = {
  attributes: { rate: { min: 0 } },
  start({ attributes, out, touch, flow }) {
    const line = new DelayLine(out, flow);
    /** When the wire is free again: carries rounding errors of timers forward. */
    let freeUs = -Infinity;
    const dueUs = (bytes: number): number => {
      const bytesPerMs = amount(attributes, 'rate');
      freeUs = bytesPerMs === 0 ? Infinity : Math.max(freeUs, monotonicUs()) + (bytes / bytesPerMs) * 1000;
      return freeUs;
    };
    return {
      chunk(data) {
        touch();
        const nowUs = monotonicUs();
        const pieceBytes = Math.max(1, amount(attributes, 'rate') * PIECE_MS);
        const step = amount(attributes, 'rate') === 0 ? data.length : pieceBytes;
        for (let from = 0; from < data.length; from += step) {
          const piece = data.subarray(from, from + step);
          line.push(piece, nowUs, dueUs(piece.length));
        }
      },
      end() {
        if (line.length === 0) out.end();
        else line.push(null, monotonicUs(), line.lastDueUs);
      },
      full: () => line.bytes >= QUEUED_BYTES,
      update() {
        freeUs = -Infinity;
        line.reschedule((_, data) => dueUs(data?.length ?? 0));
      },
      release: () => line.releaseAll(),
      stop: () => line.stop(),
    };
  },
};
