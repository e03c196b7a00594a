import { monotonicUs } from '../../../clock.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';

/** Passes the reply's body in pieces, each `delayMs` after the one before. */
export const slowBody: ActionKind<'slow-body'> = {
  kind: 'slow-body',
  start: ({ pieceBytes, delayMs }, call) => new SlowBody(call, pieceBytes, delayMs),
};

class SlowBody implements Act {
  readonly #call: CallControl;
  readonly #pieceBytes: number;
  readonly #delayUs: number;
  /** Bytes of content that still belong to this piece. */
  #room: number;
  #pieceEndedUs = 0;
  #waiting: { readonly bytes: Buffer; readonly isContent: boolean }[] = [];
  #isWaiting = false;
  #isReleased = false;

  constructor(call: CallControl, pieceBytes: number, delayMs: number) {
    this.#call = call;
    this.#pieceBytes = pieceBytes;
    this.#delayUs = delayMs * 1000;
    this.#room = pieceBytes;
  }

  data(bytes: Buffer): void {
    this.#take(bytes, true);
  }

  sizeLine(bytes: Buffer): void {
    this.#take(bytes, false);
  }

  frame(bytes: Buffer): void {
    this.#take(bytes, false);
  }

  replyCutShort(): void {
    this.#isReleased = true;
    this.#passWaiting();
  }

  rang(): void {
    this.#room = this.#pieceBytes;
    this.#passWaiting();
  }

  release(): void {
    this.#isReleased = true;
    if (this.#isWaiting) this.#passWaiting();
  }

  #take(bytes: Buffer, isContent: boolean): void {
    if (this.#isWaiting) this.#waiting.push({ bytes, isContent });
    else this.#pass(bytes, isContent);
  }

  /** Passes as much as this piece may hold; the rest waits. */
  #pass(bytes: Buffer, isContent: boolean): void {
    if (!isContent || this.#isReleased) return this.#call.pass(bytes);
    let at = 0;
    while (at < bytes.length) {
      if (this.#room === 0 && this.#mustWait()) {
        this.#waiting.unshift({ bytes: bytes.subarray(at), isContent });
        return;
      }
      const part = bytes.subarray(at, at + this.#room);
      this.#call.pass(part);
      at += part.length;
      this.#room -= part.length;
      if (this.#room === 0) this.#pieceEndedUs = monotonicUs();
    }
  }

  /** Waits for the next piece's moment, unless it has come. */
  #mustWait(): boolean {
    const leftUs = this.#pieceEndedUs + this.#delayUs - monotonicUs();
    if (leftUs <= 0) {
      this.#room = this.#pieceBytes;
      return false;
    }
    this.#isWaiting = true;
    this.#call.touch();
    this.#call.holdReply();
    this.#call.wake(leftUs / 1000);
    return true;
  }

  #passWaiting(): void {
    this.#isWaiting = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [index, { bytes, isContent }] of waiting.entries()) {
      this.#pass(bytes, isContent);
      if (this.#isWaiting) {
        this.#waiting.push(...waiting.slice(index + 1));
        return;
      }
    }
    this.#call.goOn();
  }
}
