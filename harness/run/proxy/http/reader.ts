import { ChunkedScanner } from './chunked.ts';
import type { Framing } from './head.ts';

export type ReaderState =
  /** Waits for the empty line behind the head. */
  | 'head'
  /** The head is complete and `begin` has not told how the body ends. */
  | 'headed'
  | 'body'
  | 'done'
  /** Not HTTP/1.x, or not any more: its bytes can only be passed on. */
  | 'raw';

const EMPTY_LINE = Buffer.from('\r\n\r\n');
const LONGEST_HEAD = 64 * 1024;
const LF = 10;
const CR = 13;

/** Follows one message of one direction over any cut of its bytes. It observes; it never holds or changes a byte. */
export class MessageReader {
  state: ReaderState = 'head';
  /** The head's text without its empty line, once `state` is past 'head'. */
  head = '';
  #partial: Buffer | null = null;
  #left = 0;
  #chunked: ChunkedScanner | null = null;
  #untilClose = false;
  #onData: ((data: Buffer) => void) | null = null;
  readonly #isHeadStart: (firstLine: string) => boolean;

  constructor(isHeadStart: (firstLine: string) => boolean) {
    this.#isHeadStart = isHeadStart;
  }

  /** Some bytes of a message have come and it is not complete. */
  get isUnderWay(): boolean {
    return this.#partial !== null || this.state === 'headed' || this.state === 'body';
  }

  get endsWithConnection(): boolean {
    return this.#untilClose;
  }

  /** Ready for the next message. */
  reset(): void {
    this.state = 'head';
    this.head = '';
    this.#partial = null;
    this.#chunked = null;
    this.#untilClose = false;
    this.#onData = null;
  }

  /** Tells how the body behind the head ends; `onData` gets its content. */
  begin(framing: Framing, onData: ((data: Buffer) => void) | null): void {
    this.#onData = onData;
    this.state = framing.kind === 'none' ? 'done' : 'body';
    if (framing.kind === 'length') this.#left = framing.bytes;
    if (framing.kind === 'chunked') this.#chunked = new ChunkedScanner(onData);
    this.#untilClose = framing.kind === 'close';
  }

  /** Reads on and stops behind the head, behind the message, or at the end of `bytes`; answers where. */
  read(bytes: Buffer, from: number): number {
    if (this.state === 'head') return this.#readHead(bytes, from);
    if (this.state !== 'body') return from;
    if (this.#chunked !== null) return this.#readChunked(this.#chunked, bytes, from);
    const take = this.#untilClose ? bytes.length - from : Math.min(this.#left, bytes.length - from);
    this.#onData?.(bytes.subarray(from, from + take));
    if (!this.#untilClose) {
      this.#left -= take;
      if (this.#left === 0) this.state = 'done';
    }
    return from + take;
  }

  #readChunked(scanner: ChunkedScanner, bytes: Buffer, from: number): number {
    const end = scanner.scan(bytes, from);
    if (scanner.isDone) this.state = 'done';
    if (scanner.isBroken) this.state = 'raw';
    return scanner.isBroken ? bytes.length : end;
  }

  #readHead(bytes: Buffer, from: number): number {
    const known = this.#partial?.length ?? 0;
    const all = this.#partial === null ? (from === 0 ? bytes : bytes.subarray(from)) : Buffer.concat([this.#partial, bytes.subarray(from)]);
    const end = all.indexOf(EMPTY_LINE, Math.max(0, known - 3));
    if (end >= 0 && end < LONGEST_HEAD) {
      this.#partial = null;
      this.head = all.toString('latin1', 0, end);
      this.state = 'headed';
      return from + end + 4 - known;
    }
    this.#partial = all;
    if (!this.#canBecomeHead(all)) this.state = 'raw';
    return bytes.length;
  }

  /** A peer that does not speak HTTP must not wait for an empty line that never comes. */
  #canBecomeHead(all: Buffer): boolean {
    if (all.length >= LONGEST_HEAD) return false;
    const lineEnd = all.indexOf(LF);
    if (lineEnd < 0) return this.#isHeadStart(all.toString('latin1', 0, Math.min(all.length, 256)));
    return lineEnd > 0 && all[lineEnd - 1] === CR && this.#isHeadStart(all.toString('latin1', 0, lineEnd - 1));
  }
}

/** Whether this can be the beginning of a request line: a token, and no control characters. */
export function isRequestStart(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: [\x21-\xff]*(?: (?:H|HT|HTT|HTTP|HTTP\/[0-9.]{0,3})?\r?)?)?$/.test(text);
}

/** Whether this can be the beginning of a status line. */
export function isReplyStart(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7));
}
