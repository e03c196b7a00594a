import { monotonicUs } from '../../clock.ts';
import type { Random } from '../../../model/random.ts';
import { DelayLine } from './delay-line.ts';
import { amount, type ToxicKind } from './contract.ts';

const QUEUED_BYTES = 64 * 1024;

/** Cuts each chunk into pieces of about `average_size` bytes and pauses `delay` microseconds after each. */
export const slicer: ToxicKind = {
  attributes: { average_size: { min: 0 }, size_variation: { min: 0 }, delay: { min: 0 } },
  problem: (attributes) =>
    amount(attributes, 'size_variation') > amount(attributes, 'average_size')
      ? `size_variation must not exceed average_size (${amount(attributes, 'average_size')}): current value is ${amount(attributes, 'size_variation')}`
      : undefined,
  start({ attributes, random, out, touch, flow }) {
    const line = new DelayLine(out, flow);
    let freeUs = -Infinity;
    return {
      chunk(data) {
        const size = amount(attributes, 'average_size');
        const variation = amount(attributes, 'size_variation');
        const pauseUs = amount(attributes, 'delay');
        const cuts = size === 0 ? [data.length] : cutPoints(data.length, size, variation, random);
        if (cuts.length > 1 || pauseUs > 0) touch();
        const nowUs = monotonicUs();
        freeUs = Math.max(freeUs, nowUs);
        let from = 0;
        for (const to of cuts) {
          const piece = data.subarray(from, to);
          if (line.length === 0 && freeUs <= nowUs) out.chunk(piece);
          else line.push(piece, nowUs, freeUs);
          freeUs += pauseUs;
          from = to;
        }
      },
      end() {
        if (line.length === 0) out.end();
        else line.push(null, monotonicUs(), line.lastDueUs);
      },
      full: () => line.bytes >= QUEUED_BYTES,
      update() {
        freeUs = monotonicUs();
        line.reschedule((_, data) => {
          const dueUs = freeUs;
          if (data !== null) freeUs += amount(attributes, 'delay');
          return dueUs;
        });
      },
      release: () => line.releaseAll(),
      stop: () => line.stop(),
    };
  },
};

/** Ends of the pieces, the last one being `length`; each piece is size ± variation and never empty. */
export function cutPoints(length: number, size: number, variation: number, random: Random): number[] {
  const cuts: number[] = [];
  let at = 0;
  while (length - at > size + variation) {
    at += Math.max(1, size - variation + Math.floor(random() * (2 * variation + 1)));
    cuts.push(at);
  }
  if (at < length) cuts.push(length);
  return cuts;
}
