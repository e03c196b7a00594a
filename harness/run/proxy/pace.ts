import { monotonicUs } from '../clock.ts';
import type { Pace } from './toxics/contract.ts';

/** A wire that the connections of this process share. */
export class LocalPace implements Pace {
  #freeUs = -Infinity;

  reserve(lengthUs: number, granted: (freeUs: number) => void): void {
    this.#freeUs = Math.max(this.#freeUs, monotonicUs()) + lengthUs;
    granted(this.#freeUs);
  }
}
