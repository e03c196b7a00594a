import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import { Alarm } from '../toxics/alarm.ts';
import type { Break, Tap, Wire } from '../tap/contract.ts';
import { Exchange, type ExchangeLog, type TapOrigin } from '../tap/exchange.ts';
import { Backlog } from './backlog.ts';
import { holdMs, openCall, type Call } from './call.ts';
import { parseRequestHead } from './head.ts';
import { isRequestStart, MessageReader } from './reader.ts';
import { ReplyReader, touchByRule } from './reply-reader.ts';
import type { RuleSet } from './rules.ts';
import { statusReply } from './status-reply.ts';

/** How long a caller whose callee refused may take to say what it wanted, so that the record can tell. */
const REFUSED_GRACE_US = 100_000;
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
  readonly #options: HttpTapOptions;
  readonly #wire: Wire;
  readonly #request = new MessageReader(isRequestStart);
  readonly #reply: ReplyReader;
  readonly #alarm = new Alarm(() => this.#ring());
  #call: Call | null = null;
  #calls = 0;
  /** Bytes of a request whose head is not complete. */
  #partial: Buffer[] = [];
  #partialSinceUs: number | null = null;
  /** Bytes behind the request under way. */
  readonly #waiting = new Backlog();
  readonly #heldRequest = new Backlog();
  #heldReply: Buffer[] = [];
  #replyEndHeld = false;
  #callerEndedUs: number | null = null;
  #upstreamGone = false;
  #upstreamRefused = false;
  #isRaw = false;
  #isOver = false;

  constructor(options: HttpTapOptions) {
    this.#options = options;
    this.#wire = options.wire;
    this.#reply = new ReplyReader(options.observe, {
      pass: (data) => options.wire.toCaller(data),
      cannotFollow: () => this.#goRaw(),
      finished: (call, status) => this.#replyFinished(call, status),
      cut: () => this.#finishAndReset('reset'),
    });
  }

  fromCaller(data: Buffer): void {
    if (this.#isOver) return;
    if (this.#isRaw) this.#passRaw(data);
    else if (this.#waiting.bytes > 0 || this.#call?.requestDone === true) this.#wait(data);
    else this.#readRequests(data);
  }

  callerEnded(): void {
    this.#callerEndedUs = monotonicUs();
    if (this.#isOver) return;
    if (this.#call === null && this.#partial.length > 0) this.#goRaw();
    // A caller that half-closes and waits cannot be told from one that gave up; HTTP servers take it for the latter.
    if (this.#call !== null && !this.#call.replyDone && !this.#isRaw) this.#call.exchange.finish('caller-left', this.#callerEndedUs);
    if (this.#call?.up === 'swallow' && (!this.#call.requestDone || this.#call.rule?.action.kind === 'hang')) {
      this.#isOver = true;
      this.#wire.endCaller();
      this.#wire.endUpstream();
      return;
    }
    this.#settleEnd();
  }

  fromUpstream(data: Buffer): void {
    if (this.#isOver) return;
    const call = this.#call;
    if (call === null) {
      this.#wire.toCaller(data);
      return;
    }
    // Only a callee that wants to end an idle connection speaks unasked; its reason is not this request's.
    if (call.up !== 'forward') return;
    if (call.down === 'delay') {
      call.down = 'held';
      touchByRule(call);
      this.#wire.holdUpstream(true);
      this.#alarm.set(monotonicUs() + holdMs(call.rule) * 1000);
    }
    if (call.down === 'held') this.#heldReply.push(data);
    else this.#readReply(call, data);
  }

  upstreamEnded(): void {
    const call = this.#call;
    if (this.#isOver) {
      this.#wire.endCaller();
    } else if (call !== null && call.up !== 'forward') {
      this.#upstreamGone = true;
    } else if (this.#heldReply.length > 0) {
      this.#replyEndHeld = true;
    } else if (call?.down === 'swallow') {
      this.#loseReply(call);
    } else {
      if (call !== null && !call.replyDone) this.#endReply(call);
      this.#wire.endCaller();
    }
  }

  refused(): void {
    if (this.#isOver) return;
    if (this.#call?.up === 'forward') {
      this.#finishAndReset('refused');
    } else if (this.#call !== null) {
      this.#upstreamGone = true;
    } else {
      this.#upstreamRefused = true;
      this.#alarm.set(monotonicUs() + REFUSED_GRACE_US);
    }
  }

  broken(how: Break): void {
    this.#alarm.clear();
    this.#isOver = true;
    if (this.#call === null && this.#partial.length > 0) this.#openUnread();
    const exchange = this.#call?.exchange;
    if (how !== 'closed') exchange?.finish(how);
    else if (this.#isRaw && exchange !== undefined && exchange.bytesDown > 0) exchange.finish('answered');
    else exchange?.finish(this.#callerEndedUs === null ? 'truncated' : 'caller-left', this.#callerEndedUs ?? monotonicUs());
    this.#waiting.clear();
    this.#heldRequest.clear();
    this.#heldReply = [];
  }

  touch(fault: string, touch: string): void {
    this.#call?.exchange.touch(fault, touch);
  }

  released(rule: string): void {
    const call = this.#call;
    if (this.#isOver || call === null || call.rule?.name !== rule) return;
    if (call.rule.action.kind === 'hang') this.#finishAndReset('reset');
    else if (call.up === 'held') this.#releaseRequest(call);
    else if (call.down === 'held') this.#releaseReply(call);
    else if (!this.#reply.isUnderWay && call.up === 'forward') call.down = 'forward';
  }

  flush(): void {
    this.#call?.exchange.finish('unfinished');
  }

  #ring(): void {
    if (this.#call === null) this.#refuseUnasked();
    else if (this.#call.up === 'held') this.#releaseRequest(this.#call);
    else if (this.#call.down === 'held') this.#releaseReply(this.#call);
  }

  /** Reads requests until one has to wait for a reply; passes on what was read in as few pieces as possible. */
  #readRequests(bytes: Buffer): void {
    const reader = this.#request;
    let passed = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#call?.requestDone === true) {
        this.#wait(bytes.subarray(at));
        return;
      }
      at = reader.read(bytes, at);
      if (reader.state === 'headed') this.#beginRequest();
      if (reader.state === 'raw' && !this.#isRaw) this.#goRaw();
      if (this.#isOver) return;
      if (this.#isRaw) {
        this.#passRaw(bytes.subarray(passed));
        return;
      }
      if (reader.state === 'done') {
        this.#passRequest(bytes.subarray(passed, at));
        passed = at;
        this.#endRequest();
        if (this.#isOver) return;
      }
    }
    if (passed === bytes.length) return;
    const rest = passed === 0 ? bytes : bytes.subarray(passed);
    if (reader.state === 'body') {
      this.#passRequest(rest);
    } else {
      this.#partialSinceUs ??= monotonicUs();
      this.#partial.push(rest);
    }
  }

  #beginRequest(): void {
    const head = parseRequestHead(this.#request.head);
    if (head === null) {
      this.#request.state = 'raw';
      return;
    }
    this.#request.begin(head.framing, null);
    const exchange = this.#openExchange();
    exchange.method = head.method;
    exchange.path = head.path;
    exchange.traceId = head.traceId;
    const rule = this.#options.rules.decide(head);
    const call = openCall(exchange, head, rule);
    this.#call = call;
    if (call.up !== 'forward') touchByRule(call);
    if (rule?.action.kind === 'refuse') return this.#finishAndReset('refused');
    if (rule?.action.kind === 'abort' && rule.action.at === 'before') return this.#finishAndReset('reset');
    if (rule?.action.kind === 'status' && head.expects) return this.#answer(call, true);
    if (this.#upstreamRefused && call.up === 'forward') return this.#finishAndReset('refused');
    if (call.up === 'held') this.#alarm.set(monotonicUs() + holdMs(rule) * 1000);
    else if (this.#upstreamRefused) {
      this.#alarm.clear();
      this.#upstreamRefused = false;
      this.#upstreamGone = true;
    }
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
    if (call.up === 'forward') this.#toUpstream(data);
    else if (call.up === 'held') {
      this.#heldRequest.push(data);
      if (call.exchange.bytesUp > WAITING_BYTES) this.#wire.holdCaller(true);
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
    const call = this.#call;
    this.#request.reset();
    if (call === null) return;
    call.requestDone = true;
    if (call.rule?.action.kind === 'status') this.#answer(call, call.head?.closes ?? false);
    else this.#settle();
  }

  #answer(call: Call, closes: boolean): void {
    if (call.rule?.action.kind !== 'status') return;
    const reply = statusReply(call.rule.action, { method: call.head?.method ?? '', closes });
    this.#wire.toCaller(reply);
    call.exchange.status = call.rule.action.status;
    call.exchange.bytesDown = reply.length;
    call.exchange.firstByteUs = monotonicUs();
    call.exchange.finish('answered', call.exchange.firstByteUs);
    call.replyDone = true;
    if (closes) {
      this.#isOver = true;
      this.#wire.endCaller();
      this.#wire.endUpstream();
    } else {
      this.#settle();
    }
  }

  #releaseRequest(call: Call): void {
    this.#alarm.clear();
    call.up = 'forward';
    this.#toUpstream(this.#heldRequest.takeAll());
    this.#wire.holdCaller(false);
    this.#settleEnd();
  }

  #readReply(call: Call, data: Buffer): void {
    const read = this.#isRaw || call.replyDone ? 0 : this.#reply.read(call, data);
    // What comes behind a complete reply answers nothing that was asked.
    if (read < data.length && !this.#isOver) this.#reply.pass(call, read === 0 ? data : data.subarray(read));
  }

  #replyFinished(call: Call, status: number): void {
    if (call.down === 'swallow') return this.#finishAndReset('reset');
    call.exchange.finish('answered');
    if (status === 101 || (call.head?.method === 'CONNECT' && status < 300)) {
      this.#call = null;
      this.#isRaw = true;
      this.#passWaiting();
    } else {
      this.#settle();
    }
  }

  #releaseReply(call: Call): void {
    this.#alarm.clear();
    call.down = 'forward';
    const held = this.#heldReply;
    this.#heldReply = [];
    for (const data of held) {
      if (!this.#isOver) this.#readReply(call, data);
    }
    this.#wire.holdUpstream(false);
    if (this.#replyEndHeld) this.upstreamEnded();
  }

  /** The callee ended the connection with a reply under way. */
  #endReply(call: Call): void {
    if (this.#reply.endsWithConnection) this.#reply.finish(call);
    else call.exchange.finish(this.#isRaw && call.exchange.bytesDown > 0 ? 'answered' : 'truncated');
  }

  #loseReply(call: Call): void {
    if (this.#reply.endsWithConnection) this.#reply.finish(call);
    else this.#finishAndReset('reset');
  }

  #wait(data: Buffer): void {
    this.#waiting.push(data);
    if (this.#waiting.bytes > WAITING_BYTES) this.#wire.holdCaller(true);
  }

  /** Goes on with the next request once this one is over. */
  #settle(): void {
    if (this.#call?.requestDone !== true || !this.#call.replyDone) return;
    this.#call = null;
    if (this.#waiting.bytes > 0) this.#passWaiting();
    this.#settleEnd();
  }

  #passWaiting(): void {
    const bytes = this.#waiting.takeAll();
    this.#wire.holdCaller(false);
    if (bytes.length > 0) this.fromCaller(bytes);
  }

  #settleEnd(): void {
    if (this.#callerEndedUs === null || this.#isOver || this.#waiting.bytes > 0 || this.#call?.up === 'held') return;
    if (this.#call?.up === 'swallow' && !this.#call.replyDone) return;
    this.#wire.endUpstream();
    if (this.#upstreamGone) this.#wire.endCaller();
  }

  /** From here on bytes are passed on as they are, under one record that lasts as long as the connection. */
  #goRaw(): void {
    this.#isRaw = true;
    this.#call ??= openCall(this.#openExchange(), null, null);
    const { up } = this.#call;
    for (const data of this.#partial) this.#passRequest(data);
    this.#partial = [];
    if (up === 'forward') this.#passWaiting();
  }

  #openUnread(): void {
    const exchange = this.#openExchange();
    for (const { length } of this.#partial) exchange.bytesUp += length;
    this.#call = openCall(exchange, null, null);
  }

  #passRaw(data: Buffer): void {
    if (this.#call === null) this.#toUpstream(data);
    else this.#passRequest(data);
  }

  /** The callee refused and the caller said nothing: the connection itself is what was refused. */
  #refuseUnasked(): void {
    if (this.#calls === 0) this.#openUnread();
    this.#finishAndReset('refused');
  }

  #finishAndReset(outcome: 'refused' | 'reset'): void {
    this.#alarm.clear();
    this.#isOver = true;
    this.#call?.exchange.finish(outcome);
    this.#wire.reset();
  }
}
