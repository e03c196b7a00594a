import { monotonicUs } from '../../clock.ts';
import { Alarm, CLOSE_ENOUGH_US } from './alarm.ts';
import { Holding } from './holding.ts';
import { Ring } from './ring.ts';

/** As many leave in one turn of the event loop; others are served before the rest. */
const LEAVING = 512;

export interface Held {
  /** null is the end of the stream. */
  readonly data: Buffer | null;
  /** When it may leave, in microseconds on the monotonic clock; Infinity until that is known. */
  dueUs: number;
}

export interface DelayLineOptions<H extends Held> {
  leave(held: H): void;
  /** Some have left because their moment came. */
  left(): void;
  /** Moments are met to less than a millisecond. */
  readonly isExact: boolean;
}

/** Chunks that wait for their moments and leave in the order in which they came, whatever those are. One timer, and none while empty. */
export class DelayLine<H extends Held> {
  readonly #held = new Ring<H>();
  readonly #holding = new Holding();
  #isStopped = false;
  readonly #options: DelayLineOptions<H>;
  readonly #alarm: Alarm;

  constructor(options: DelayLineOptions<H>) {
    this.#options = options;
    this.#alarm = new Alarm(() => this.#leaveDue(), options.isExact);
  }

  get length(): number {
    return this.#held.length;
  }

  get bytes(): number {
    return this.#holding.bytes;
  }

  /** Of what leaves next. */
  get firstBytes(): number {
    return this.#held.first?.data?.length ?? 0;
  }

  push(held: H): void {
    // What was passed on before it may have ended the connection.
    if (this.#isStopped) return;
    this.#held.push(held);
    this.#holding.take(held.data?.length ?? 0);
    if (this.#held.length === 1) this.#arm();
  }

  /** The moment of something in the line has become known. */
  settle(held: H, dueUs: number): void {
    held.dueUs = dueUs;
    if (this.#held.first === held) this.#arm();
  }

  /** Lets the first go at once and gives the others new moments. */
  reschedule(dueUs: (held: H) => number): void {
    this.#alarm.clear();
    this.#shift();
    for (const held of this.#held) held.dueUs = dueUs(held);
    this.#arm();
  }

  /** Lets all go at once. */
  release(): void {
    this.#alarm.clear();
    while (this.#held.length > 0) this.#shift();
  }

  /** Empties the line; what was in it is the caller's, first come first. */
  takeAll(): H[] {
    this.#alarm.clear();
    const all = [...this.#held];
    this.#held.clear();
    this.#holding.clear();
    return all;
  }

  stop(): void {
    this.#isStopped = true;
    this.takeAll();
  }

  #arm(): void {
    const dueUs = this.#held.first?.dueUs ?? Infinity;
    if (dueUs === Infinity) this.#alarm.clear();
    else this.#alarm.set(dueUs);
  }

  #shift(): void {
    const first = this.#held.shift();
    if (first === undefined) return;
    this.#holding.drop(first.data?.length ?? 0);
    this.#options.leave(first);
  }

  #leaveDue(): void {
    const dueUs = monotonicUs() + CLOSE_ENOUGH_US;
    for (let count = 0; count < LEAVING && (this.#held.first?.dueUs ?? Infinity) <= dueUs; count++) this.#shift();
    if (this.#isStopped) return;
    this.#arm();
    this.#options.left();
  }
}
