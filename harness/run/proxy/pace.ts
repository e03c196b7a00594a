import { monotonicUs } from '../clock.ts';
import type { Pace, Want } from './toxics/contract.ts';

/** So much of the time in which a wire lay idle although it was wanted is made up for, in microseconds. */
const MADE_UP_US = 100_000;

/** A wire that the connections of this process share. */
export class LocalPace implements Pace {
  #freeUs = -Infinity;

  reserve({ lengthUs, sinceUs }: Want, granted: (freeUs: number) => void): void {
    this.#freeUs = Math.max(this.#freeUs, sinceUs, monotonicUs() - MADE_UP_US) + lengthUs;
    granted(this.#freeUs);
  }
}
