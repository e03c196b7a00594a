/** A source of numbers in [0, 1), fixed by its seed. */
export type Random = () => number;

/** A 32-bit hash of a text (FNV-1a), so that parts of a run draw from streams of their own. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/**
 * A seeded generator (Mulberry32). The label separates streams: the same seed gives the arrival schedule and the
 * fault's dice unrelated numbers, and adding a draw to one leaves the other alone.
 */
export function seededRandom(seed: number, label: string): Random {
  let state = (hash32(label) ^ Math.imul(seed | 0, 0x9e3779b1)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A permutation of 0…length-1 (Fisher–Yates). */
export function shuffledIndices(length: number, random: Random): number[] {
  const indices = Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = indices[last] ?? 0;
    indices[last] = indices[other] ?? 0;
    indices[other] = held;
  }
  return indices;
}
