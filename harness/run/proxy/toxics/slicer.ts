import { monotonicUs } from '../../clock.ts';
import type { Random } from '../../../model/random.ts';
import { Alarm, CLOSE_ENOUGH_US } from './alarm.ts';
import { Brim } from './brim.ts';
import { amount, type Stage, type StageContext, type ToxicKind } from './contract.ts';
import { Ring } from './ring.ts';

const QUEUED_BYTES = 64 * 1024;
/** As many pieces leave in one turn of the event loop when nothing holds them back; with a pause it is one. */
const LEAVING = 64;

/** Cuts each chunk into pieces of about `average_size` bytes and pauses `delay` microseconds after each. */
export const slicer: ToxicKind = {
  attributes: { average_size: { min: 0 }, size_variation: { min: 0 }, delay: { min: 0 } },
  problem: (attributes) =>
    amount(attributes, 'size_variation') > amount(attributes, 'average_size')
      ? `size_variation must not exceed average_size (${amount(attributes, 'average_size')}): current value is ${amount(attributes, 'size_variation')}`
      : undefined,
  start: (context) => new SlicerStage(context),
};

class SlicerStage implements Stage {
  readonly #context: StageContext;
  readonly #brim: Brim;
  readonly #waiting = new Ring<Buffer>();
  #bytes = 0;
  /** Some of the first chunk has left. */
  #isCutting = false;
  #isEnded = false;
  /** When the pause after the last piece is over. */
  #freeUs = -Infinity;
  readonly #alarm = new Alarm(() => this.#goOn());

  constructor(context: StageContext) {
    this.#context = context;
    this.#brim = new Brim(() => this.#bytes >= QUEUED_BYTES, context.flow);
  }

  chunk(data: Buffer): void {
    if (this.#waiting.length === 0) this.#freeUs = Math.max(this.#freeUs, monotonicUs());
    this.#waiting.push(data);
    this.#bytes += data.length;
    if (!this.#alarm.isSet) this.#goOn();
    else this.#brim.look();
  }

  end(): void {
    this.#isEnded = true;
    if (!this.#alarm.isSet) this.#goOn();
  }

  full(): boolean {
    return this.#brim.isFull;
  }

  /** The rest of a chunk that is being cut leaves whole, and the pause is over. */
  update(): void {
    this.#alarm.clear();
    this.#freeUs = monotonicUs();
    if (this.#isCutting) this.#leave(this.#waiting.first?.length ?? 0);
    this.#goOn();
  }

  release(): void {
    this.#alarm.clear();
    while (this.#waiting.length > 0) this.#leave(this.#waiting.first?.length ?? 0);
    if (this.#isEnded) this.#context.out.end();
  }

  stop(): void {
    this.#alarm.clear();
    this.#waiting.clear();
    this.#bytes = 0;
    this.#isEnded = false;
  }

  #goOn(): void {
    if (this.#waiting.length > 0 || this.#isEnded) {
      if (this.#freeUs > monotonicUs() + CLOSE_ENOUGH_US) {
        this.#alarm.set(this.#freeUs);
      } else if (this.#waiting.length > 0) {
        this.#leaveSome();
        // Late pieces make up for it, but never two in one turn.
        if (this.#waiting.length > 0 || this.#isEnded) this.#alarm.set(this.#freeUs);
      } else {
        this.#isEnded = false;
        this.#context.out.end();
      }
    }
    this.#brim.look();
  }

  #leaveSome(): void {
    const { attributes, random, touch } = this.#context;
    const pauseUs = amount(attributes, 'delay');
    for (let count = pauseUs > 0 ? 1 : LEAVING; count > 0 && this.#waiting.length > 0; count--) {
      const left = this.#waiting.first?.length ?? 0;
      const bytes = pieceBytes(left, amount(attributes, 'average_size'), amount(attributes, 'size_variation'), random);
      if (this.#isCutting || bytes < left || pauseUs > 0) touch();
      this.#freeUs += pauseUs;
      this.#leave(bytes);
    }
  }

  /** Passes that much of the first chunk on. */
  #leave(bytes: number): void {
    const data = this.#waiting.shift() as Buffer;
    this.#isCutting = bytes < data.length;
    if (this.#isCutting) this.#waiting.unshift(data.subarray(bytes));
    this.#bytes -= bytes;
    this.#context.out.chunk(this.#isCutting ? data.subarray(0, bytes) : data);
  }
}

/** Bytes of the next piece of what is left of a chunk: size ± variation, less only at the chunk's end, and never none. */
export function pieceBytes(left: number, size: number, variation: number, random: Random): number {
  if (size === 0 || left <= size + variation) return left;
  return Math.max(1, size - variation + Math.floor(random() * (2 * variation + 1)));
}
