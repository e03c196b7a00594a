import { monotonicUs } from '../../clock.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A timer of the event loop may fire up to a millisecond early; less than this is not worth another turn. */
const CLOSE_ENOUGH_US = 200;

/** One wake-up at a moment of the monotonic clock, never early. */
export class Alarm {
  #timer: NodeJS.Timeout | null = null;
  #atUs = 0;
  readonly #ring: () => void;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.#timer !== null;
  }

  set(atUs: number): void {
    this.clear();
    this.#atUs = atUs;
    const leftMs = Math.max(0, Math.ceil((atUs - monotonicUs()) / 1000));
    this.#timer = setTimeout(() => this.#fire(), Math.min(leftMs, LONGEST_TIMER_MS));
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #fire(): void {
    this.#timer = null;
    if (this.#atUs - monotonicUs() > CLOSE_ENOUGH_US) this.set(this.#atUs);
    else this.#ring();
  }
}
