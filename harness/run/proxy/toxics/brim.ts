/**
 * Whether a queue is full, as its source has been told. How much a queue may hold depends on others too: what it says changes only when it
 * tells, so that no source waits for word that never comes.
 */
export class Brim {
  #isFull = false;
  readonly #full: () => boolean;
  readonly #flow: () => void;

  constructor(full: () => boolean, flow: () => void) {
    this.#full = full;
    this.#flow = flow;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** To be called after each change of the queue. */
  look(): void {
    if (this.#full() === this.#isFull) return;
    this.#isFull = !this.#isFull;
    this.#flow();
  }
}
