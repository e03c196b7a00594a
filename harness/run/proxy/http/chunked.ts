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
  readonly #onData: ((data: Buffer) => void) | null;

  constructor(onData: ((data: Buffer) => void) | null) {
    this.#onData = onData;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  get isBroken(): boolean {
    return this.#state === 'broken';
  }

  /** Reads on; answers where it stopped: behind the body's last byte, or at the end of `bytes`. */
  scan(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'done' && this.#state !== 'broken') {
      if (this.#state === 'data') {
        const take = Math.min(this.#left, bytes.length - at);
        this.#onData?.(bytes.subarray(at, at + take));
        this.#left -= take;
        at += take;
        if (this.#left === 0) this.#state = 'data-cr';
      } else {
        this.#state = this.#step(bytes[at] ?? 0);
        at++;
      }
    }
    return at;
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
        const next = this.#left === 0 ? 'trailer' : 'data';
        this.#digits = 0;
        return next;
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
