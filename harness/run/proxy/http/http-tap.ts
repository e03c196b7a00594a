import type { ExchangeOutcome } from '../../../model/recording.ts';
import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import type { Break, Tap, Wire } from '../tap/contract.ts';
import { Exchange, type ExchangeLog, type TapOrigin } from '../tap/exchange.ts';
import { Alarm } from '../toxics/alarm.ts';
import { ActedCall, type ActedSide } from './acted-call.ts';
import { Backlog } from './backlog.ts';
import { Call } from './call.ts';
import { parseRequestHead } from './head.ts';
import { isRequestStart, MessageReader } from './reader.ts';
import { ReplyReader } from './reply-reader.ts';
import type { RuleSet } from './rules.ts';

/** How long a caller whose callee refused may take to say what it wanted, so that the record can tell. */
const REFUSED_GRACE_US = 100_000;
/** How long a caller that was told that this is the end may go on talking. */
const CLOSING_GRACE_US = 5_000_000;
/** A caller is read on while its bytes wait here, so that its leaving is noticed; up to this many. */
const WAITING_BYTES = 1024 * 1024;

export interface HttpTapOptions {
  readonly wire: Wire;
  readonly origin: TapOrigin;
  readonly log: ExchangeLog;
  readonly rules: RuleSet;
  readonly observe: Observe | undefined;
}

/**
 * Follows the exchanges of one HTTP/1.1 connection and lets rules act on them. One exchange is under way at a time: the
 * bytes of a pipelined request wait until the reply before it is complete. What it cannot follow it passes on as it is.
 */
export class HttpTap implements Tap {
  readonly isStraight = false;
  readonly #options: HttpTapOptions;
  readonly #wire: Wire;
  readonly #request = new MessageReader(isRequestStart);
  readonly #reply: ReplyReader;
  readonly #grace = new Alarm(() => this.#graceIsOver());
  #call: Call | null = null;
  #calls = 0;
  /** Bytes of a request whose head is not complete. */
  #partial: Buffer[] = [];
  #partialSinceUs: number | null = null;
  /** Bytes behind the request under way. */
  readonly #waiting = new Backlog();
  #callerEndedUs: number | null = null;
  #upstreamGone = false;
  #upstreamRefused = false;
  #isRaw = false;
  #isOver = false;
  /** The caller was told that this is the end, and may still be talking. */
  #isClosing = false;
  #side: ActedSide | null = null;

  constructor(options: HttpTapOptions) {
    this.#options = options;
    this.#wire = options.wire;
    this.#reply = new ReplyReader(options.observe);
  }

  keepsBytes(): boolean {
    if (this.#partial.length > 0 || this.#waiting.bytes > 0 || (this.#call?.acted ?? null) !== null) return true;
    return this.#request.keepsBytes || this.#reply.keepsBytes;
  }

  fromCaller(data: Buffer): void {
    if (this.#isOver) return;
    if (this.#isRaw) this.#passRaw(data);
    else if (this.#waiting.bytes > 0 || this.#call?.requestDone === true) this.#wait(data);
    else this.#readRequests(data);
  }

  callerEnded(): void {
    this.#callerEndedUs = monotonicUs();
    if (this.#isOver) {
      if (this.#isClosing) this.#wire.close();
      return;
    }
    this.#giveUpPartial();
    const call = this.#call;
    // A caller that half-closes and waits cannot be told from one that gave up; HTTP servers take it for the latter.
    if (call !== null && !call.isAnswered && !this.#isRaw) {
      call.exchange.finish('caller-left', this.#callerEndedUs);
      if (call.acted?.callerEnded() === true) return this.#end('close', 'caller-left');
    }
    this.#settleEnd();
  }

  fromUpstream(data: Buffer): void {
    if (this.#isOver) return;
    const call = this.#call;
    if (call === null) {
      this.#wire.toCaller(data);
    } else if (call.acted === null) {
      this.#passReply(call, data);
    } else if (call.up === 'forward') {
      // Otherwise only a callee that wants to end an idle connection speaks; its reason is not this request's.
      call.acted.fromUpstream(data);
    }
  }

  upstreamEnded(): void {
    const call = this.#call;
    if (this.#isOver || call === null) {
      this.#wire.endCaller();
    } else if (call.up !== 'forward') {
      this.#upstreamGone = true;
    } else if (call.acted !== null) {
      call.acted.upstreamEnded();
    } else {
      if (!call.replyDone) this.#endReply(call);
      this.#wire.endCaller();
    }
  }

  refused(): void {
    if (this.#isOver) return;
    if (this.#call?.up === 'forward') {
      this.#end('reset', 'refused');
    } else if (this.#call !== null) {
      this.#upstreamGone = true;
    } else {
      this.#upstreamRefused = true;
      this.#grace.set(monotonicUs() + REFUSED_GRACE_US);
    }
  }

  broken(how: Break): void {
    this.#grace.clear();
    this.#isOver = true;
    if (this.#call === null && this.#partial.length > 0) this.#openUnread();
    const exchange = this.#call?.exchange;
    if (how !== 'closed') exchange?.finish(how);
    else if (this.#isRaw && exchange !== undefined && exchange.bytesDown > 0) exchange.finish('answered');
    else exchange?.finish(this.#callerEndedUs === null ? 'truncated' : 'caller-left', this.#callerEndedUs ?? monotonicUs());
    this.#call?.acted?.dispose();
    this.#waiting.clear();
  }

  touch(fault: string, touch: string): void {
    this.#call?.exchange.touch(fault, touch);
  }

  released(rule: string): void {
    const acted = this.#call?.acted;
    if (!this.#isOver && acted?.acting.spec.name === rule) acted.released();
  }

  flush(): void {
    this.#call?.exchange.finish('unfinished');
  }

  /** Reads requests until one has to wait for a reply; passes on what was read in as few pieces as possible. */
  #readRequests(bytes: Buffer): void {
    const reader = this.#request;
    let passed = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#call?.requestDone === true) return this.#wait(bytes.subarray(at));
      at = reader.read(bytes, at, null);
      if (reader.state === 'headed') this.#beginRequest();
      if (reader.state === 'raw' && !this.#isRaw) this.#goRaw();
      if (this.#isOver) return;
      if (this.#isRaw) return this.#passRaw(passed === 0 ? bytes : bytes.subarray(passed));
      if (reader.state === 'done') {
        this.#passRequest(passed === 0 && at === bytes.length ? bytes : bytes.subarray(passed, at));
        passed = at;
        this.#endRequest();
        if (this.#isOver) return;
      }
    }
    if (passed === bytes.length) return;
    const rest = passed === 0 ? bytes : bytes.subarray(passed);
    if (reader.state === 'body') return this.#passRequest(rest);
    this.#partialSinceUs ??= monotonicUs();
    this.#partial.push(rest);
  }

  #beginRequest(): void {
    const { headBytes, headFrom, headEnd } = this.#request;
    const head = parseRequestHead(headBytes, headFrom, headEnd);
    if (head === null) {
      this.#request.state = 'raw';
      return;
    }
    this.#request.begin(head.framing, head.length);
    const exchange = this.#openExchange();
    exchange.method = head.method;
    exchange.path = head.path;
    exchange.traceId = head.traceId;
    const acting = this.#options.rules.decide(head);
    const call = new Call(exchange, head);
    this.#call = call;
    if (acting !== null) {
      this.#side ??= this.#actedSide();
      call.acted = new ActedCall({ side: this.#side, call, request: head, acting });
      call.acted.start();
    }
    if (this.#isOver) return;
    if (this.#upstreamRefused) {
      if (call.up === 'forward') return this.#end('reset', 'refused');
      this.#grace.clear();
      this.#upstreamRefused = false;
      this.#upstreamGone = true;
    }
    if (this.#partial.length === 0) return;
    const partial = this.#partial;
    this.#partial = [];
    for (const piece of partial) this.#passRequest(piece);
  }

  #openExchange(): Exchange {
    const exchange = new Exchange(this.#options.origin, this.#options.log, this.#partialSinceUs ?? monotonicUs());
    this.#partialSinceUs = null;
    this.#calls++;
    return exchange;
  }

  #passRequest(data: Buffer): void {
    const call = this.#call;
    if (call === null) return;
    call.exchange.bytesUp += data.length;
    if (call.up === 'forward') {
      this.#toUpstream(data);
    } else if (call.acted !== null) {
      call.acted.requestBytes(data);
      if (call.acted.heldBytes > WAITING_BYTES) this.#wire.holdCaller(true);
    }
  }

  #toUpstream(data: Buffer): void {
    if (this.#upstreamGone || this.#upstreamRefused) {
      this.#upstreamGone = false;
      this.#upstreamRefused = false;
      this.#wire.redial();
    }
    this.#wire.toUpstream(data);
  }

  #endRequest(): void {
    this.#request.reset();
    const call = this.#call;
    if (call === null) return;
    call.requestDone = true;
    call.acted?.requestEnd();
    if (call.replyDone) this.#settle();
  }

  /** A reply that no rule acts on. */
  #passReply(call: Call, data: Buffer): void {
    if (this.#isRaw || call.replyDone) {
      // What comes behind a complete reply answers nothing that was asked.
      if (!call.replyDone) {
        call.exchange.firstByteUs ??= monotonicUs();
        call.exchange.bytesDown += data.length;
      }
      this.#wire.toCaller(data);
      return;
    }
    // Before it is passed on: on a busy machine the caller may have used it before this process gets the CPU again.
    call.exchange.firstByteUs ??= monotonicUs();
    this.#wire.toCaller(data);
    this.#reply.read(call, data);
    if (this.#reply.isLost) {
      this.#goRaw();
    } else if (call.replyDone) {
      call.isAnswered = true;
      call.exchange.finish('answered');
      this.#conclude(call, this.#reply.status);
    }
  }

  /** The caller has its reply and the callee has no more of it. */
  #conclude(call: Call, status: number): void {
    if (this.#call !== call || !call.replyDone || !call.isAnswered) return;
    if (status !== 101 && (call.head?.method !== 'CONNECT' || status >= 300)) return this.#settle();
    call.acted?.dispose();
    this.#call = null;
    this.#isRaw = true;
    this.#passWaiting();
  }

  /** The callee ended the connection with a reply under way. */
  #endReply(call: Call): void {
    if (!this.#isRaw && this.#reply.endsWithConnection) {
      this.#reply.finish(call);
      call.isAnswered = true;
      call.exchange.finish('answered');
    } else {
      call.exchange.finish(this.#isRaw && call.exchange.bytesDown > 0 ? 'answered' : 'truncated');
    }
  }

  #wait(data: Buffer): void {
    this.#waiting.push(data);
    if (this.#waiting.bytes > WAITING_BYTES) this.#wire.holdCaller(true);
  }

  /** Goes on with the next request once this one is over. */
  #settle(): void {
    const call = this.#call;
    if (call === null || !call.requestDone || !call.replyDone || !call.isAnswered) return;
    call.acted?.dispose();
    this.#call = null;
    if (this.#waiting.bytes > 0) this.#passWaiting();
    if (this.#callerEndedUs !== null) this.#settleEnd();
  }

  #passWaiting(): void {
    const bytes = this.#waiting.takeAll();
    this.#wire.holdCaller(false);
    if (bytes.length > 0) this.fromCaller(bytes);
  }

  #settleEnd(): void {
    if (this.#callerEndedUs === null || this.#isOver || this.#waiting.bytes > 0) return;
    this.#giveUpPartial();
    const call = this.#call;
    if (call?.up === 'held' || call?.up === 'act' || (call?.up === 'swallow' && !call.isAnswered)) return;
    this.#wire.endUpstream();
    if (this.#upstreamGone) this.#wire.endCaller();
  }

  /** A head that its caller will not complete any more passes as far as it came. */
  #giveUpPartial(): void {
    if (this.#call === null && this.#partial.length > 0) this.#goRaw();
  }

  /** From here on bytes are passed on as they are, under one record that lasts as long as the connection. */
  #goRaw(): void {
    this.#isRaw = true;
    this.#call ??= new Call(this.#openExchange(), null);
    this.#call.acted?.requestBroken();
    const { up } = this.#call;
    for (const data of this.#partial) this.#passRequest(data);
    this.#partial = [];
    if (up === 'forward') this.#passWaiting();
  }

  #openUnread(): void {
    const exchange = this.#openExchange();
    for (const { length } of this.#partial) exchange.bytesUp += length;
    this.#call = new Call(exchange, null);
  }

  #passRaw(data: Buffer): void {
    if (this.#call === null) this.#toUpstream(data);
    else this.#passRequest(data);
  }

  #graceIsOver(): void {
    if (this.#isClosing) return this.#wire.close();
    // The callee refused and the caller said nothing: the connection itself is what was refused.
    if (this.#calls === 0) this.#openUnread();
    this.#end('reset', 'refused');
  }

  /** Ends the caller's connection, and the exchange with it. */
  #end(how: 'reset' | 'close', outcome: ExchangeOutcome): void {
    const call = this.#call;
    this.#grace.clear();
    this.#isOver = true;
    call?.exchange.finish(outcome);
    call?.acted?.dispose();
    if (how === 'reset') return this.#wire.reset();
    if (call?.requestDone !== false || this.#callerEndedUs !== null) return this.#wire.close();
    // Bytes of the caller that nobody reads would turn the end into a reset.
    this.#isClosing = true;
    this.#grace.set(monotonicUs() + CLOSING_GRACE_US);
    this.#waiting.clear();
    this.#wire.holdCaller(false);
    this.#wire.endCaller();
    this.#wire.endUpstream();
    this.#wire.holdUpstream(true);
  }

  #actedSide(): ActedSide {
    const { wire, observe } = this.#options;
    return {
      wire,
      observe,
      isOver: () => this.#isOver,
      toUpstream: (data) => this.#toUpstream(data),
      requestWentOn: () => {
        wire.holdCaller(false);
        this.#settleEnd();
      },
      settle: (call, status) => this.#conclude(call, status),
      upstreamEnded: () => this.upstreamEnded(),
      cannotFollow: () => {
        this.#call?.acted?.dispose();
        if (this.#call !== null) this.#call.acted = null;
        this.#goRaw();
      },
      end: (how, outcome) => this.#end(how, outcome),
    };
  }
}
