import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import { BodyCollector } from '../tap/observe.ts';
import type { Call } from './call.ts';
import { parseReplyHead } from './head.ts';
import { isReplyStart, MessageReader } from './reader.ts';

export interface ReplyEvents {
  /** Bytes for the caller. */
  pass(data: Buffer): void;
  /** From here on the reply is no HTTP that can be followed. */
  cannotFollow(): void;
  finished(call: Call, status: number): void;
  /** The caller has got as much as its rule lets it have. */
  cut(): void;
}

/** Follows the replies of one connection, notes in each exchange what its caller gets, and cuts where a rule says so. */
export class ReplyReader {
  readonly #observe: Observe | undefined;
  readonly #events: ReplyEvents;
  readonly #reader = new MessageReader(isReplyStart);
  #collector: BodyCollector | null = null;
  #status = 0;

  constructor(observe: Observe | undefined, events: ReplyEvents) {
    this.#observe = observe;
    this.#events = events;
  }

  get isUnderWay(): boolean {
    return this.#reader.isUnderWay;
  }

  get endsWithConnection(): boolean {
    return this.#reader.state === 'body' && this.#reader.endsWithConnection;
  }

  /** Reads on and passes on what was read, in as few pieces as possible; answers where the reply ended, or all. */
  read(call: Call, bytes: Buffer): number {
    const reader = this.#reader;
    let passed = 0;
    let at = 0;
    while (at < bytes.length && !call.replyDone) {
      at = reader.read(bytes, at);
      const isHead = reader.state === 'headed';
      if (isHead) this.#begin(call);
      if (reader.state === 'raw') {
        this.#events.cannotFollow();
        return passed;
      }
      if (call.down === 'cut' && reader.state !== 'head') {
        const isCut = this.#cut(call, bytes.subarray(passed, at), isHead);
        passed = at;
        if (isCut) return bytes.length;
      }
      if (reader.state === 'done') {
        this.pass(call, bytes.subarray(passed, at));
        this.finish(call);
        return at;
      }
    }
    this.pass(call, passed === 0 ? bytes : bytes.subarray(passed));
    return bytes.length;
  }

  pass(call: Call, data: Buffer): void {
    if (data.length === 0) return;
    if (call.down === 'swallow') {
      touchByRule(call);
      return;
    }
    if (!call.replyDone) {
      call.exchange.firstByteUs ??= monotonicUs();
      call.exchange.bytesDown += data.length;
    }
    this.#events.pass(data);
  }

  /** The reply is complete. */
  finish(call: Call): void {
    call.replyDone = true;
    if (this.#collector !== null && this.#observe !== undefined) call.exchange.observed = this.#collector.observe(this.#observe);
    this.#collector = null;
    this.#reader.reset();
    this.#events.finished(call, this.#status);
  }

  #begin(call: Call): void {
    const head = parseReplyHead(this.#reader.head, call.head?.method ?? '');
    if (head === null) {
      this.#reader.state = 'raw';
      return;
    }
    if (head.status < 200 && head.status !== 101) {
      this.#reader.reset();
      call.exchange.firstByteUs = null;
      return;
    }
    this.#status = head.status;
    if (call.down !== 'swallow') call.exchange.status = head.status;
    const collector = this.#observe !== undefined && head.isJson ? new BodyCollector() : null;
    this.#collector = collector;
    this.#reader.begin(head.framing, collector === null ? null : (data) => collector.add(data));
    if (head.framing.kind === 'length') call.cutAfter = Math.floor(head.framing.bytes / 2);
  }

  /** Passes the head and, in the middle of a body, half of it; answers whether that was the end. */
  #cut(call: Call, data: Buffer, isHead: boolean): boolean {
    if (isHead) {
      this.pass(call, data);
    } else {
      call.cutAfter ??= Math.floor(data.length / 2);
      this.pass(call, data.subarray(0, call.cutAfter));
      call.cutAfter -= Math.min(call.cutAfter, data.length);
    }
    const isMidBody = call.rule?.action.kind === 'abort' && call.rule.action.at === 'mid-body';
    if (isMidBody && call.cutAfter !== 0 && this.#reader.state !== 'done') return false;
    touchByRule(call);
    this.#events.cut();
    return true;
  }
}

/** The call's rule acts on it now. */
export function touchByRule({ exchange, rule }: Call): void {
  if (rule !== null) exchange.touch(rule.name, rule.action.kind);
}
