/** Bytes that wait for their turn. */
export class Backlog {
  #parts: Buffer[] = [];
  bytes = 0;

  push(data: Buffer): void {
    this.#parts.push(data);
    this.bytes += data.length;
  }

  /** All of them in one piece; none wait any more. */
  takeAll(): Buffer {
    const [first] = this.#parts;
    const all = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.clear();
    return all;
  }

  clear(): void {
    this.#parts = [];
    this.bytes = 0;
  }
}
