import { monotonicUs } from '../../clock.ts';
import { lastStretch, type Watched } from './last-stretch.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * Timers fire when the clock's millisecond turns. What is due so soon after that is waited for turn by turn; what is due later waits for the
 * next one, and is late by the rest of it: watching longer costs more than it mends.
 */
const WATCHED_US = 300;
/** Less than this is not worth waiting for. */
export const CLOSE_ENOUGH_US = 30;

/** One wake-up at a moment of the monotonic clock, never early. An exact one is late by less than a timer would be, where that is cheap. */
export class Alarm {
  #timer: NodeJS.Timeout | null = null;
  #next: NodeJS.Immediate | null = null;
  #watch: Watched | null = null;
  #atUs = 0;
  readonly #ring: () => void;
  readonly #isExact: boolean;

  constructor(ring: () => void, isExact = true) {
    this.#ring = ring;
    this.#isExact = isExact;
  }

  get isSet(): boolean {
    return this.#timer !== null || this.#next !== null || this.#watch !== null;
  }

  /** A moment that has passed rings in the event loop's next turn. */
  set(atUs: number): void {
    this.clear();
    this.#atUs = atUs;
    this.#wait();
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#next !== null) clearImmediate(this.#next);
    if (this.#watch !== null) lastStretch.drop(this.#watch);
    this.#timer = this.#next = this.#watch = null;
  }

  #wait(): void {
    const nowUs = monotonicUs();
    const leftUs = this.#atUs - nowUs;
    if (leftUs <= CLOSE_ENOUGH_US) {
      this.#next = setImmediate(() => {
        this.#next = null;
        this.#ring();
      });
      return;
    }
    if (leftUs <= WATCHED_US && this.#isExact && this.#watchOver(nowUs)) return;
    this.#sleep(this.#isExact ? Math.floor(leftUs / 1000) : Math.ceil(leftUs / 1000));
  }

  #watchOver(nowUs: number): boolean {
    const watch: Watched = {
      atUs: this.#atUs,
      ring: () => {
        this.#watch = null;
        this.#ring();
      },
    };
    if (!lastStretch.take(watch, nowUs)) return false;
    this.#watch = watch;
    return true;
  }

  #sleep(forMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        if (this.#atUs - monotonicUs() <= CLOSE_ENOUGH_US) this.#ring();
        else this.#wait();
      },
      Math.min(Math.max(1, forMs), LONGEST_TIMER_MS),
    );
  }
}
