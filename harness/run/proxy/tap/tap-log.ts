import type { TapRecord } from '../contract.ts';

/** Most records that wait for their reader. */
const WAITING_RECORDS = 100_000;
const BATCH_RECORDS = 512;
const BATCH_MS = 20;

/** The reader of the log; `write` answers false when it wants no more until `drained` is called. */
export interface TapReader {
  write(lines: string): boolean;
}

/**
 * What the taps saw, on its way out: bounded, in batches, and never slower than the data path. Records that do not fit
 * are counted and the count is sent as a line of its own.
 */
export class TapLog {
  readonly #capacity: number;
  #waiting: TapRecord[] = [];
  readonly #touched = new Map<string, number>();
  #lost = 0;
  #lostUnsent = 0;
  #reader: TapReader | null = null;
  #isBlocked = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(capacity = WAITING_RECORDS) {
    this.#capacity = capacity;
  }

  get lost(): number {
    return this.#lost;
  }

  get hasReader(): boolean {
    return this.#reader !== null;
  }

  record(record: TapRecord): void {
    if (this.#waiting.length >= this.#capacity) {
      this.#lost++;
      this.#lostUnsent++;
      return;
    }
    this.#waiting.push(record);
    if (this.#reader === null || this.#isBlocked) return;
    if (this.#waiting.length >= BATCH_RECORDS) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }

  countTouch(fault: string): void {
    this.#touched.set(fault, (this.#touched.get(fault) ?? 0) + 1);
  }

  /** Exchanges touched so far, by fault. */
  touched(): Record<string, number> {
    return Object.fromEntries(this.#touched);
  }

  attach(reader: TapReader): void {
    this.#reader = reader;
    this.#isBlocked = false;
    this.#send();
  }

  /** Does nothing for a reader that another one has replaced. */
  detach(reader: TapReader): void {
    if (this.#reader !== reader) return;
    this.#reader = null;
    this.#stopTimer();
  }

  drained(): void {
    this.#isBlocked = false;
    this.#send();
  }

  /** Sends all that waits, and `line` behind it. */
  sendAll(line: string): void {
    this.#stopTimer();
    this.#isBlocked = false;
    while (this.#reader !== null && this.#waiting.length > 0) this.#writeBatch();
    this.#reportLost();
    this.#reader?.write(`${line}\n`);
  }

  /** Sends one line past the records that wait, unless the reader wants no more. */
  sendLine(line: string): void {
    if (!this.#isBlocked) this.#reader?.write(`${line}\n`);
  }

  #send(): void {
    this.#stopTimer();
    while (this.#reader !== null && !this.#isBlocked && this.#waiting.length > 0) this.#isBlocked = !this.#writeBatch();
    if (this.#reader !== null && !this.#isBlocked) this.#reportLost();
  }

  #writeBatch(): boolean {
    const batch = this.#waiting.length <= BATCH_RECORDS ? this.#waiting : this.#waiting.slice(0, BATCH_RECORDS);
    this.#waiting = batch === this.#waiting ? [] : this.#waiting.slice(BATCH_RECORDS);
    let lines = '';
    for (const record of batch) lines += `${JSON.stringify(record)}\n`;
    return this.#reader?.write(lines) ?? false;
  }

  #reportLost(): void {
    if (this.#lostUnsent === 0) return;
    this.#reader?.write(`{"lost":${this.#lostUnsent}}\n`);
    this.#lostUnsent = 0;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
