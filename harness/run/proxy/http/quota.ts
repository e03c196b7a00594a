import type { HttpAction } from '../contract.ts';

/** Counts requests in windows that follow each other from the first request on. */
export class Quota {
  readonly #limit: number;
  readonly #windowUs: number;
  #startedUs: number | null = null;
  #taken = 0;

  constructor({ limit, windowMs }: Pick<Extract<HttpAction, { readonly kind: 'quota' }>, 'limit' | 'windowMs'>) {
    this.#limit = limit;
    this.#windowUs = windowMs * 1000;
  }

  /** Takes one of the window's requests: 0 where there was one left, else how long until the next window, in microseconds. */
  take(nowUs: number): number {
    this.#startedUs ??= nowUs;
    const windows = Math.floor((nowUs - this.#startedUs) / this.#windowUs);
    if (windows > 0) {
      this.#startedUs += windows * this.#windowUs;
      this.#taken = 0;
    }
    if (this.#taken < this.#limit) {
      this.#taken++;
      return 0;
    }
    return this.#startedUs + this.#windowUs - nowUs;
  }
}
