import type { ReplyPoint } from '../../contract.ts';
import type { ReplyHead } from '../head.ts';
import type { Act, CallControl } from './contract.ts';

/** A point behind the reply's head. */
export interface PointInReply {
  readonly at: Exclude<ReplyPoint, 'before'>;
  /** Of the body, for `after-bytes`. */
  readonly bytes: number;
}

/**
 * Passes a reply up to a point, and nothing behind it. `reached` hears whether the reply was complete there; a body that ends before the
 * point passes whole.
 */
export class UntilPoint implements Act {
  readonly #call: CallControl;
  readonly #point: PointInReply;
  readonly #reached: (isComplete: boolean) => void;
  /** Bytes of content that still pass; null until the middle of a body of unknown length is known. */
  #left: number | null;
  /** Of a body of known length: whether the point is its end. */
  #length = Infinity;
  #passed = 0;
  isReached = false;

  constructor(call: CallControl, point: PointInReply, reached: (isComplete: boolean) => void) {
    this.#call = call;
    this.#point = point;
    this.#reached = reached;
    this.#left = point.at === 'after-bytes' ? point.bytes : null;
  }

  replyHead({ status, framing, length }: ReplyHead, raw: Buffer): void {
    this.#call.passHead(raw, status);
    const isEmpty = framing === 'none';
    if (this.#point.at === 'after-headers') return this.#reach(isEmpty);
    if (isEmpty) return;
    if (framing === 'length') this.#length = length;
    if (this.#point.at === 'mid-body' && framing === 'length') this.#left = Math.floor(length / 2);
    if (this.#left === 0) this.#reach(false);
  }

  sizeLine(bytes: Buffer): void {
    if (!this.isReached) this.#call.pass(bytes);
  }

  chunk(size: number): void {
    this.#left ??= Math.floor(size / 2);
    if (!this.isReached && this.#left === 0 && size > 0) this.#reach(false);
  }

  data(bytes: Buffer): void {
    if (this.isReached) return;
    // A body that lasts as long as the connection has no middle; its first piece has.
    this.#left ??= Math.floor(bytes.length / 2);
    const part = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#call.pass(part);
    this.#left -= part.length;
    this.#passed += part.length;
    if (this.#left === 0) this.#reach(this.#passed === this.#length);
  }

  frame(bytes: Buffer): void {
    if (!this.isReached) this.#call.pass(bytes);
  }

  replyEnd(): void {
    if (!this.isReached) this.#call.finishReply();
  }

  #reach(isComplete: boolean): void {
    this.isReached = true;
    this.#reached(isComplete);
  }
}
