import { ChunkedScanner, type BodySink } from './chunked.ts';
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
const NOTHING = Buffer.alloc(0);
const LONGEST_HEAD = 64 * 1024;
const LF = 10;
const CR = 13;

/** Follows one message of one direction over any cut of its bytes. It observes; it never holds or changes a byte. */
export class MessageReader {
  state: ReaderState = 'head';
  /** Once `state` is past 'head': the head is in `headBytes` from `headFrom` to `headEnd`, without its empty line. */
  headBytes: Buffer = NOTHING;
  headFrom = 0;
  headEnd = 0;
  #partial: Buffer | null = null;
  #framing: Framing = 'none';
  #left = 0;
  #chunked: ChunkedScanner | null = null;
  readonly #isHeadStart: (firstLine: string) => boolean;

  constructor(isHeadStart: (firstLine: string) => boolean) {
    this.#isHeadStart = isHeadStart;
  }

  get endsWithConnection(): boolean {
    return this.state === 'body' && this.#framing === 'close';
  }

  get keepsBytes(): boolean {
    return this.#partial !== null;
  }

  /** What has come of a head that is not complete. */
  get partial(): Buffer {
    return this.#partial ?? NOTHING;
  }

  /** Ready for the next message. */
  reset(): void {
    this.state = 'head';
    this.headBytes = NOTHING;
    this.#partial = null;
    this.#chunked = null;
  }

  /** Tells how the body behind the head ends. */
  begin(framing: Framing, length: number): void {
    this.state = framing === 'none' ? 'done' : 'body';
    this.#framing = framing;
    this.#left = length;
    if (framing === 'chunked') this.#chunked = new ChunkedScanner();
  }

  /** Reads on and stops behind the head, behind the message, at a byte that is wrong, or at the end of `bytes`; answers where. */
  read(bytes: Buffer, from: number, sink: BodySink | null): number {
    if (this.state === 'head') return this.#readHead(bytes, from);
    if (this.state !== 'body') return from;
    if (this.#chunked !== null) return this.#readChunked(this.#chunked, bytes, from, sink);
    const take = this.#framing === 'close' ? bytes.length - from : Math.min(this.#left, bytes.length - from);
    sink?.data?.(from === 0 && take === bytes.length ? bytes : bytes.subarray(from, from + take));
    if (this.#framing === 'length') {
      this.#left -= take;
      if (this.#left === 0) this.state = 'done';
    }
    return from + take;
  }

  #readChunked(scanner: ChunkedScanner, bytes: Buffer, from: number, sink: BodySink | null): number {
    const end = scanner.scan(bytes, from, sink);
    if (scanner.isDone) this.state = 'done';
    if (scanner.isBroken) this.state = 'raw';
    return end;
  }

  #readHead(bytes: Buffer, from: number): number {
    const known = this.#partial?.length ?? 0;
    const all = this.#partial === null ? bytes : Buffer.concat([this.#partial, from === 0 ? bytes : bytes.subarray(from)]);
    const start = this.#partial === null ? from : 0;
    const end = all.indexOf(EMPTY_LINE, start + Math.max(0, known - 3));
    if (end >= 0 && end - start < LONGEST_HEAD) {
      this.#partial = null;
      this.headBytes = all;
      this.headFrom = start;
      this.headEnd = end;
      this.state = 'headed';
      return from + (end - start) + 4 - known;
    }
    this.#partial = start === 0 ? all : all.subarray(start);
    if (!this.#canBecomeHead(this.#partial)) this.state = 'raw';
    return bytes.length;
  }

  /** A peer that does not speak HTTP must not wait for an empty line that never comes. */
  #canBecomeHead(all: Buffer): boolean {
    if (all.length >= LONGEST_HEAD) return false;
    for (let lineEnd = all.indexOf(LF); lineEnd >= 0; lineEnd = all.indexOf(LF, lineEnd + 1)) {
      if (lineEnd === 0 || all[lineEnd - 1] !== CR) return false;
    }
    const firstEnd = all.indexOf(LF);
    return this.#isHeadStart(all.toString('latin1', 0, firstEnd < 0 ? Math.min(all.length, 256) : firstEnd - 1));
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
