import { replaceHeader } from '../head-edit.ts';
import type { ReplyHead } from '../head.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';

const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const END_OF_CHUNK = Buffer.from('\r\n');

/** Passes the first part of the reply's body as if it were the whole. */
export const truncate: ActionKind<'truncate'> = {
  kind: 'truncate',
  start: ({ bytes, share }, call) => new Truncate(call, bytes, share),
};

class Truncate implements Act {
  readonly #call: CallControl;
  readonly #bytes: number | undefined;
  readonly #share: number | undefined;
  /** Bytes of content that still pass; Infinity where the body passes whole. */
  #left = Infinity;
  #framing: ReplyHead['framing'] = 'none';
  /** A chunk's size, kept until it shows whether it still holds. */
  #sizeLine: Buffer[] = [];
  #isCut = false;

  constructor(call: CallControl, bytes: number | undefined, share: number | undefined) {
    this.#call = call;
    this.#bytes = bytes;
    this.#share = share;
  }

  replyHead({ status, framing, length }: ReplyHead, raw: Buffer): void {
    this.#framing = framing;
    if (framing !== 'length') {
      this.#left = framing === 'none' ? Infinity : (this.#bytes ?? Infinity);
      this.#call.passHead(raw, status);
      return;
    }
    const left = this.#bytes ?? Math.floor(length * (this.#share ?? 1));
    if (left >= length) return this.#call.passHead(raw, status);
    this.#left = left;
    this.#call.touch();
    this.#call.passHead(replaceHeader(raw, 'content-length', String(left)), status);
    if (left === 0) this.#finish();
  }

  sizeLine(bytes: Buffer): void {
    if (!this.#isCut) this.#sizeLine.push(bytes);
  }

  chunk(size: number): void {
    if (this.#isCut) return;
    if (size <= this.#left) {
      for (const bytes of this.#sizeLine) this.#call.pass(bytes);
    } else if (this.#left === 0) {
      this.#cutChunked();
    } else {
      this.#call.touch();
      this.#call.pass(Buffer.from(`${this.#left.toString(16)}\r\n`));
    }
    this.#sizeLine = [];
  }

  data(bytes: Buffer): void {
    if (this.#isCut) return;
    const part = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    if (part.length > 0) this.#call.pass(part);
    this.#left -= part.length;
    if (this.#framing === 'length') {
      if (this.#left === 0) this.#finish();
    } else if (part.length < bytes.length) {
      if (this.#framing === 'chunked') this.#call.pass(END_OF_CHUNK);
      this.#cutChunked();
    }
  }

  frame(bytes: Buffer): void {
    if (!this.#isCut) this.#call.pass(bytes);
  }

  replyEnd(): void {
    if (!this.#isCut) this.#call.finishReply();
  }

  /** A body that lasts as long as the connection is cut by ending that. */
  #cutChunked(): void {
    this.#call.touch();
    if (this.#framing === 'close') {
      this.#isCut = true;
      this.#call.end('close', 'answered');
      return;
    }
    this.#call.pass(LAST_CHUNK);
    this.#finish();
  }

  #finish(): void {
    this.#isCut = true;
    this.#call.finishReply();
  }
}
