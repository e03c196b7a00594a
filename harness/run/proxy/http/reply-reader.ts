import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import { BodyCollector } from '../tap/observe.ts';
import type { Call } from './call.ts';
import { parseReplyHead } from './head.ts';
import { isReplyStart, MessageReader } from './reader.ts';

/** Follows the replies of one connection that no rule acts on, and notes in each exchange what its caller gets. */
export class ReplyReader {
  readonly #observe: Observe | undefined;
  readonly #reader = new MessageReader(isReplyStart);
  #collector: BodyCollector | null = null;
  #status = 0;
  /** From here on the replies are no HTTP that can be followed. */
  isLost = false;

  constructor(observe: Observe | undefined) {
    this.#observe = observe;
  }

  /** Of the last reply. */
  get status(): number {
    return this.#status;
  }

  get endsWithConnection(): boolean {
    return this.#reader.endsWithConnection;
  }

  get keepsBytes(): boolean {
    return this.#collector !== null || this.#reader.keepsBytes;
  }

  /** Reads on, at most to the end of the reply, which `call.replyDone` tells. */
  read(call: Call, bytes: Buffer): void {
    const reader = this.#reader;
    const { exchange } = call;
    exchange.firstByteUs ??= monotonicUs();
    let at = 0;
    while (at < bytes.length) {
      at = reader.read(bytes, at, this.#collector);
      if (reader.state === 'headed') this.#begin(call);
      if (reader.state === 'raw') {
        this.isLost = true;
        at = bytes.length;
      } else if (reader.state === 'done') {
        this.finish(call);
        break;
      }
    }
    exchange.bytesDown += at;
  }

  /** The reply is complete. */
  finish(call: Call): void {
    call.replyDone = true;
    if (this.#collector !== null && this.#observe !== undefined) call.exchange.observed = this.#collector.observe(this.#observe);
    this.#collector = null;
    this.#reader.reset();
  }

  #begin(call: Call): void {
    const { headBytes, headFrom, headEnd } = this.#reader;
    const head = parseReplyHead(headBytes, call.head?.method ?? '', headFrom, headEnd);
    if (head === null) {
      this.#reader.state = 'raw';
      return;
    }
    if (head.status < 200 && head.status !== 101) {
      this.#reader.reset();
      call.exchange.firstByteUs = null;
      return;
    }
    call.exchange.firstByteUs ??= monotonicUs();
    this.#status = head.status;
    call.exchange.status = head.status;
    this.#collector = this.#observe !== undefined && head.isJson ? new BodyCollector() : null;
    this.#reader.begin(head.framing, head.length);
  }
}
