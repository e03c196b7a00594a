import { seededRandom, type Random } from '../../../../model/random.ts';
import type { ReplyHead } from '../head.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';

/** Changed bytes lie within the first of a body's. */
const REACH_BYTES = 64 * 1024;
/** Letters that are no hexadecimal digits: no reader takes them for a chunk's size. */
const JUNK = 'ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ';

/** Changes bytes of the reply's body, or breaks its framing. */
export const corrupt: ActionKind<'corrupt'> = {
  kind: 'corrupt',
  start({ bytes, what = 'body' }, call) {
    const { spec, hit } = call.acting;
    const random = seededRandom(spec.seed, `${spec.name}/corrupt/${hit}`);
    return what === 'body' ? new CorruptBody(call, bytes, random) : new BreakFraming(call, bytes, random);
  },
};

/** Changes bytes where they are. A body whose length nobody told is changed within its first chunks, each as soon as its size is known. */
class CorruptBody implements Act {
  readonly #call: CallControl;
  readonly #random: Random;
  /** Bytes that are still to be changed and have no place yet. */
  #left: number;
  /** Places in the body that are to be changed. */
  #places: readonly number[] = [];
  #passed = 0;
  #hasChunks = false;

  constructor(call: CallControl, bytes: number, random: Random) {
    this.#call = call;
    this.#left = bytes;
    this.#random = random;
  }

  replyHead({ status, framing, length }: ReplyHead, raw: Buffer): void {
    this.#hasChunks = framing === 'chunked';
    if (framing === 'length') this.#choose(length);
    this.#call.passHead(raw, status);
  }

  chunk(size: number): void {
    this.#choose(size);
  }

  data(bytes: Buffer): void {
    if (this.#places.length === 0 && !this.#hasChunks) this.#choose(bytes.length);
    const end = this.#passed + bytes.length;
    for (const place of this.#places) {
      if (place < this.#passed || place >= end) continue;
      const at = place - this.#passed;
      bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(this.#random() * 255));
      this.#call.touch();
    }
    this.#passed = end;
    this.#call.pass(bytes);
  }

  release(): void {
    this.#left = 0;
    this.#places = [];
  }

  /** Places as many changes as fit into the next bytes of the body. */
  #choose(length: number): void {
    const within = Math.min(length, REACH_BYTES - this.#passed);
    const count = Math.min(this.#left, within);
    if (count <= 0) return;
    this.#places = distinctPlaces(count, within, this.#random).map((place) => place + this.#passed);
    this.#left -= count;
  }
}

/** `count` different numbers below `within`, in order (Floyd's sampling). */
function distinctPlaces(count: number, within: number, random: Random): readonly number[] {
  const places = new Set<number>();
  for (let last = within - count; last < within; last++) {
    const place = Math.floor(random() * (last + 1));
    places.add(places.has(place) ? last : place);
  }
  return [...places].sort((left, right) => left - right);
}

/** Junk in place of the first chunk's size or of the body's second half, then the end. */
class BreakFraming implements Act {
  readonly #call: CallControl;
  readonly #bytes: number;
  readonly #random: Random;
  #left = 0;
  #length = Infinity;
  #isBroken = false;

  constructor(call: CallControl, bytes: number, random: Random) {
    this.#call = call;
    this.#bytes = bytes;
    this.#random = random;
  }

  replyHead({ status, framing, length }: ReplyHead, raw: Buffer): void {
    if (framing === 'length') {
      this.#length = length;
      this.#left = Math.floor(length / 2);
    }
    this.#call.passHead(raw, status);
  }

  sizeLine(): void {
    this.#break();
  }

  data(bytes: Buffer): void {
    if (this.#isBroken) return;
    const part = bytes.subarray(0, this.#left);
    if (part.length > 0) this.#call.pass(part);
    this.#left -= part.length;
    if (part.length < bytes.length) this.#break();
  }

  #break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#call.touch();
    // A body of known length stays short of it, or its reader would take it for whole.
    const room = this.#length === Infinity ? this.#bytes : Math.ceil(this.#length / 2) - 1;
    const letters = Array.from({ length: Math.min(this.#bytes, room) }, () => JUNK[Math.floor(this.#random() * JUNK.length)] ?? '');
    this.#call.pass(Buffer.from(letters.join('')));
    this.#call.end('close', 'truncated');
  }
}
