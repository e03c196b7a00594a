const FIRST_BYTES = 4 * 1024;
const MOST_BYTES = 256 * 1024;
/** Up to here a copy is cheaper than new memory for the next read. */
export const COPIED_BYTES = 16 * 1024;

/**
 * Memory that a socket reads into again and again, in the place of new memory for each read: small for a connection that says little, larger
 * once reads fill it.
 */
export class ReadBuffer {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #bytes = FIRST_BYTES;
  #isGivenAway = false;

  /** Where the next read goes. */
  next(): Buffer {
    if (this.#isGivenAway || this.#buffer.length < this.#bytes) {
      this.#buffer = Buffer.allocUnsafeSlow(this.#bytes);
      this.#isGivenAway = false;
    }
    return this.#buffer;
  }

  /** What was read, as long as the next read has not begun. */
  peek(read: number, buffer: Buffer): Buffer {
    if (read === this.#bytes) this.#bytes = Math.min(MOST_BYTES, 4 * read);
    return read === buffer.length ? buffer : buffer.subarray(0, read);
  }

  /** What was read, to keep. What fills less than half of the memory is copied: it would hold on to all of it. */
  take(read: number, buffer: Buffer): Buffer {
    const data = this.peek(read, buffer);
    if (read <= COPIED_BYTES || 2 * read < buffer.length) return Buffer.from(data);
    this.#isGivenAway = true;
    return data;
  }

  /** What `peek` gave is in use for longer. */
  giveAway(): void {
    this.#isGivenAway = true;
  }
}
