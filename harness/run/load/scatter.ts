import { hash32 } from '../../model/random.ts';

/** Numbers by ordinal instead of in sequence: an arrival has the same ones whatever was sent before it. */
export type Scatter = (ordinal: number) => number;

/**
 * A bijection of 32-bit numbers (MurmurHash3's finalizer over a keyed ordinal): two ordinals of one stream never get
 * the same number.
 */
export function scatter(seed: number, label: string): Scatter {
  const key = hash32(`${seed}:${label}`);
  return (ordinal) => {
    let mixed = Math.imul(ordinal + 1, 0x9e3779b1) ^ key;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

/** Several streams side by side as lower-case hex, eight digits each: unique per ordinal. */
export function hexScatter(seed: number, label: string, words: number): (ordinal: number) => string {
  const streams = Array.from({ length: words }, (_, index) => scatter(seed, `${label}:${index}`));
  return (ordinal) => {
    let text = '';
    for (const stream of streams) text += stream(ordinal).toString(16).padStart(8, '0');
    return text;
  };
}
