/** Gets what a body consists of, in the order of its bytes and all of them: content and what is around it. */
export interface BodySink {
  /** Bytes of a line that tells a chunk's size; in pieces where it was cut. */
  sizeLine?(bytes: Buffer): void;
  /** That line is complete: so many bytes of content follow, none behind the last one. */
  chunk?(size: number): void;
  data?(bytes: Buffer): void;
  /** What ends a chunk, and the trailers. */
  frame?(bytes: Buffer): void;
}

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'trailer-line' | 'end-lf' | 'done' | 'broken';

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const LONGEST_SIZE = 12;

/** Follows a chunked body (RFC 9112 §7.1) over any cut of its bytes, without changing them. */
export class ChunkedScanner {
  #state: State = 'size';
  #digits = 0;
  #left = 0;

  get isDone(): boolean {
    return this.#state === 'done';
  }

  get isBroken(): boolean {
    return this.#state === 'broken';
  }

  /** Reads on; answers where it stopped: behind the body's last byte or the first wrong one, or at the end of `bytes`. */
  scan(bytes: Buffer, from: number, sink: BodySink | null): number {
    let at = from;
    let told = from;
    while (at < bytes.length && this.#state !== 'done' && this.#state !== 'broken') {
      if (this.#state === 'data') {
        const take = Math.min(this.#left, bytes.length - at);
        sink?.data?.(bytes.subarray(at, at + take));
        this.#left -= take;
        at += take;
        told = at;
        if (this.#left === 0) this.#state = 'data-cr';
        continue;
      }
      const before = this.#state;
      this.#state = this.#step(bytes[at] ?? 0);
      at++;
      const isTold = before === 'size-lf' || before === 'data-lf';
      if (!isTold || sink === null) continue;
      if (before === 'data-lf') sink.frame?.(bytes.subarray(told, at));
      else this.#tellSize(bytes.subarray(told, at), sink);
      told = at;
    }
    if (told < at && sink !== null) this.#tellRest(bytes.subarray(told, at), sink);
    return at;
  }

  #tellSize(line: Buffer, sink: BodySink): void {
    sink.sizeLine?.(line);
    if (this.#state !== 'broken') sink.chunk?.(this.#left);
  }

  #tellRest(bytes: Buffer, sink: BodySink): void {
    if (this.#state === 'size' || this.#state === 'extension' || this.#state === 'size-lf') sink.sizeLine?.(bytes);
    else sink.frame?.(bytes);
  }

  #step(byte: number): State {
    switch (this.#state) {
      case 'size':
        return this.#size(byte);
      case 'extension':
        if (byte === LF) return 'broken';
        return byte === CR ? 'size-lf' : 'extension';
      case 'size-lf': {
        if (byte !== LF) return 'broken';
        this.#digits = 0;
        return this.#left === 0 ? 'trailer' : 'data';
      }
      case 'data-cr':
        return byte === CR ? 'data-lf' : 'broken';
      case 'data-lf':
        return byte === LF ? 'size' : 'broken';
      case 'trailer':
        return byte === CR ? 'end-lf' : 'trailer-line';
      case 'trailer-line':
        return byte === LF ? 'trailer' : 'trailer-line';
      case 'end-lf':
        return byte === LF ? 'done' : 'broken';
      default:
        return 'broken';
    }
  }

  #size(byte: number): State {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      this.#digits++;
      return this.#digits > LONGEST_SIZE ? 'broken' : 'size';
    }
    if (this.#digits === 0) return 'broken';
    if (byte === CR) return 'size-lf';
    return byte === SEMICOLON || byte === 32 || byte === 9 ? 'extension' : 'broken';
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
