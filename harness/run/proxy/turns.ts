/** Acts that take time, one after another in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Nothing is under way, nor waits. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** Resolves or rejects as `act` does; the next one begins either way. */
  take<T>(act: () => T | Promise<T>): Promise<T> {
    this.#waiting++;
    const done = this.#last.then(act).finally(() => {
      this.#waiting--;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}
