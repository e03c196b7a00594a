import { amount, type ToxicKind } from './contract.ts';

const MEGABYTE = 1_000_000;

/**
 * Flips one bit in `rate` of a million bytes, on average. Which bytes and bits is drawn along the stream, from gap to gap, so that the same
 * seed hits the same places however the bytes were cut into chunks.
 */
export const corrupt: ToxicKind = {
  attributes: { rate: { kind: 'number', min: 0, max: MEGABYTE, isOurs: true } },
  start({ attributes, random, out, touch }) {
    let rate = amount(attributes, 'rate');
    /** Bytes that pass unharmed before the next that does not. */
    let gap = gapBytes(rate / MEGABYTE, random());
    return {
      chunk(data) {
        if (gap >= data.length) {
          gap -= data.length;
          out.chunk(data);
          return;
        }
        touch();
        // Others may still look at the bytes that came in.
        const changed = Buffer.from(data);
        while (gap < changed.length) {
          changed[gap] = (changed[gap] ?? 0) ^ (1 << Math.floor(random() * 8));
          gap += 1 + gapBytes(rate / MEGABYTE, random());
        }
        gap -= changed.length;
        out.chunk(changed);
      },
      end: () => out.end(),
      full: () => false,
      update() {
        if (amount(attributes, 'rate') === rate) return;
        rate = amount(attributes, 'rate');
        gap = gapBytes(rate / MEGABYTE, random());
      },
      release: () => undefined,
      stop: () => undefined,
    };
  },
};

/** Unharmed bytes in a row when each is hit with that probability: a geometric variate, by its quantile. */
function gapBytes(probability: number, drawn: number): number {
  if (probability === 0) return Infinity;
  if (probability === 1) return 0;
  return Math.floor(Math.log1p(-drawn) / Math.log1p(-probability));
}
