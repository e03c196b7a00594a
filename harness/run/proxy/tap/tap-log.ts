import type { TapRecord } from '../contract.ts';
import { TapLines } from './tap-line.ts';

/** Most records, and most bytes of them, that wait for their reader. */
const WAITING_RECORDS = 100_000;
const WAITING_BYTES = 32 * 1024 * 1024;
/** What is written at once. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 20;

/** The reader of the log. */
export interface TapReader {
  /** Takes whole lines, and calls `done` once they are on their way; false when it wants no more until `drained` is called. */
  write(lines: Buffer, done: () => void): boolean;
  /** Another reader has come in its place. */
  replaced(): void;
}

/** Lines that go out together. */
interface Batch {
  readonly lines: Buffer;
  readonly records: number;
  /** How many lost records these lines report. */
  readonly lost: number;
  readonly isFlush: boolean;
}

/**
 * What the taps saw, on its way out: bounded in records and bytes, in batches, and never slower than the data path. Records that do not fit,
 * and those that were under way to a reader that left, are counted, and the count is sent as a line of its own.
 */
export class TapLog {
  readonly #mostRecords: number;
  readonly #mostBytes: number;
  readonly #open = new TapLines();
  #openRecords = 0;
  #waiting: Batch[] = [];
  #waitingRecords = 0;
  #waitingBytes = 0;
  readonly #inFlight = new Set<Batch>();
  readonly #touched = new Map<string, number>();
  #recorded = 0;
  #lost = 0;
  #lostUnsent = 0;
  #reader: TapReader | null = null;
  #isBlocked = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(mostRecords: number = WAITING_RECORDS, mostBytes: number = WAITING_BYTES) {
    this.#mostRecords = mostRecords;
    this.#mostBytes = mostBytes;
  }

  /** Records so far, lost ones included. */
  get recorded(): number {
    return this.#recorded;
  }

  get lost(): number {
    return this.#lost;
  }

  get hasReader(): boolean {
    return this.#reader !== null;
  }

  /** Records that wait for their reader. */
  get waiting(): number {
    return this.#waitingRecords + this.#openRecords;
  }

  get waitingBytes(): number {
    return this.#waitingBytes + this.#open.length;
  }

  record(record: TapRecord): void {
    this.#recorded++;
    if (this.#isFull()) {
      this.#lose(1);
      return;
    }
    this.#open.add(record);
    this.#openRecords++;
    this.#queued();
  }

  /** Sends a line that is evidence as a record is: in its turn, and counted where it does not fit. */
  event(line: string): void {
    this.#recorded++;
    if (this.#isFull()) {
      this.#lose(1);
      return;
    }
    this.#seal();
    this.#push({ lines: Buffer.from(`${line}\n`), records: 1, lost: 0, isFlush: false });
    this.#queued();
  }

  countTouch(fault: string): void {
    this.#touched.set(fault, (this.#touched.get(fault) ?? 0) + 1);
  }

  /** Exchanges touched so far, by fault. */
  touched(): Record<string, number> {
    return Object.fromEntries(this.#touched);
  }

  attach(reader: TapReader): void {
    const before = this.#reader;
    if (before !== null) this.detach(before);
    this.#reader = reader;
    this.#isBlocked = false;
    before?.replaced();
    this.#send();
  }

  /** Does nothing for a reader that another one has replaced. */
  detach(reader: TapReader): void {
    if (this.#reader !== reader) return;
    this.#reader = null;
    this.#stopTimer();
    for (const { records, lost } of this.#inFlight) {
      this.#lose(records);
      this.#lostUnsent += lost;
    }
    this.#inFlight.clear();
  }

  /** Does nothing for a reader that another one has replaced. */
  drained(reader: TapReader): void {
    if (this.#reader !== reader) return;
    this.#isBlocked = false;
    this.#send();
  }

  /** Sends all that waits, and `line` behind it, as soon as the reader takes it; without a reader there is nobody to tell. */
  flush(line: string): void {
    if (this.#reader === null) return;
    this.#seal();
    this.#reportLost();
    // A reader that takes nothing is told of the last flush only.
    if (this.#waiting.at(-1)?.isFlush === true) this.#waiting.pop();
    this.#push({ lines: Buffer.from(`${line}\n`), records: 0, lost: 0, isFlush: true });
    this.#send();
  }

  /** Sends one line past the records that wait, unless the reader wants no more. */
  sendLine(line: string): void {
    if (!this.#isBlocked) this.#reader?.write(Buffer.from(`${line}\n`), () => undefined);
  }

  #isFull(): boolean {
    return this.waiting >= this.#mostRecords || this.waitingBytes >= this.#mostBytes;
  }

  #lose(records: number): void {
    this.#lost += records;
    this.#lostUnsent += records;
  }

  #queued(): void {
    if (this.#open.length >= BATCH_BYTES) this.#seal();
    if (this.#reader === null || this.#isBlocked) return;
    if (this.#waiting.length > 0) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), BATCH_MS);
  }

  #seal(): void {
    if (this.#openRecords === 0) return;
    const batch = { lines: this.#open.take(), records: this.#openRecords, lost: 0, isFlush: false };
    this.#openRecords = 0;
    this.#push(batch);
  }

  #push(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingRecords += batch.records;
    this.#waitingBytes += batch.lines.length;
  }

  #send(): void {
    this.#stopTimer();
    if (this.#reader === null || this.#isBlocked) return;
    this.#seal();
    this.#reportLost();
    const batches = this.#waiting;
    let sent = 0;
    while (sent < batches.length && !this.#isBlocked) this.#write(batches[sent++] as Batch);
    this.#waiting = sent === batches.length ? [] : batches.slice(sent);
  }

  #write(batch: Batch): void {
    this.#waitingRecords -= batch.records;
    this.#waitingBytes -= batch.lines.length;
    this.#inFlight.add(batch);
    const takesMore = this.#reader?.write(batch.lines, () => this.#inFlight.delete(batch)) ?? false;
    this.#isBlocked = !takesMore;
  }

  #reportLost(): void {
    if (this.#lostUnsent === 0) return;
    this.#push({ lines: Buffer.from(`{"lost":${this.#lostUnsent}}\n`), records: 0, lost: this.#lostUnsent, isFlush: false });
    this.#lostUnsent = 0;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
