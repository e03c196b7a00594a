const SMALLEST = 8;

/** A queue that grows as it must; taking from either end costs the same however long it is. */
export class Ring<T> {
  /** Its length is a power of two. */
  #slots: (T | undefined)[] = Array.from({ length: SMALLEST });
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#slots[this.#head];
  }

  push(item: T): void {
    this.#makeRoom();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  /** Puts an item before the first. */
  unshift(item: T): void {
    this.#makeRoom();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    if (--this.#length === 0 && this.#slots.length > SMALLEST) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = Array.from({ length: SMALLEST });
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#length; index++) yield this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T;
  }

  #makeRoom(): void {
    if (this.#length < this.#slots.length) return;
    const items = [...this];
    this.#slots = [...items, ...Array.from<undefined>({ length: items.length })];
    this.#head = 0;
  }
}
