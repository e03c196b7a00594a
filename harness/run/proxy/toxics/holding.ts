/** The toxics of one process hold so much together. */
const TOGETHER_BYTES = 128 * 1024 * 1024;
/** What a queue may hold even when others have taken all. */
const LEAST_BYTES = 64 * 1024;

let togetherBytes = 0;

/** Bytes that one toxic holds for one direction of one connection, counted among those of all. */
export class Holding {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    togetherBytes += bytes;
  }

  drop(bytes: number): void {
    this.take(-bytes);
  }

  clear(): void {
    this.drop(this.#bytes);
  }
}

/**
 * What one queue may hold now: `mostBytes`, but no more than is left of what all may hold. So n queues that take what they can get settle at
 * an (n + 1)th each, whoever came first, and something is left for whoever comes next.
 *
 * Source: A. K. Choudhury, E. L. Hahne, Dynamic queue length thresholds for shared-memory packet switches, IEEE/ACM Transactions on Networking
 * 6 (1998), 130–140, with a factor of 1.
 */
export function roomBytes(mostBytes: number): number {
  return Math.min(mostBytes, Math.max(LEAST_BYTES, TOGETHER_BYTES - togetherBytes));
}
