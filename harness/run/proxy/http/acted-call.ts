import type { ExchangeOutcome } from '../../../model/recording.ts';
import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import type { Wire } from '../tap/contract.ts';
import { BodyCollector } from '../tap/observe.ts';
import { Alarm } from '../toxics/alarm.ts';
import type { Act, CallControl, OwnReply } from './actions/contract.ts';
import { startAct } from './actions/index.ts';
import { Backlog } from './backlog.ts';
import type { Call } from './call.ts';
import type { BodySink } from './chunked.ts';
import { parseReplyHead, type RequestHead } from './head.ts';
import { isReplyStart, MessageReader } from './reader.ts';
import type { ActingRule } from './rules.ts';
import { statusReply } from './status-reply.ts';

/** What a call that a rule acts on needs of its connection. */
export interface ActedSide {
  readonly wire: Wire;
  readonly observe: Observe | undefined;
  /** The connection has ended, or is about to. */
  isOver(): boolean;
  toUpstream(data: Buffer): void;
  /** A held request went on. */
  requestWentOn(): void;
  /** The caller has its reply, or the callee has said all of it: goes on with the next request if both is so. */
  settle(call: Call, status: number): void;
  /** The callee's end, which was held back, is there. */
  upstreamEnded(): void;
  /** The reply cannot be followed: all bytes pass as they are from here on. */
  cannotFollow(): void;
  /** Ends the caller's connection. */
  end(how: 'reset' | 'close', outcome: ExchangeOutcome): void;
}

export interface ActedCallOptions {
  readonly side: ActedSide;
  readonly call: Call;
  readonly request: RequestHead;
  readonly acting: ActingRule;
}

const PASS: Act = {};

/** A call that a rule acts on: follows its reply piece by piece and lets the rule's action decide on each. */
export class ActedCall implements CallControl, BodySink {
  readonly request: RequestHead;
  readonly acting: ActingRule;
  readonly #side: ActedSide;
  readonly #call: Call;
  readonly #reader = new MessageReader(isReplyStart);
  readonly #alarm = new Alarm(() => this.#rang());
  #act: Act = PASS;
  #hasActed = false;
  #ownReply: OwnReply | null = null;
  readonly #heldRequest = new Backlog();
  #heldReply: Buffer[] | null = null;
  /** The callee's reply, or its side of the connection, ended within what is held. */
  #isReplyEndHeld = false;
  #isEndHeld = false;
  /** Bytes for the caller that lie side by side and go out in one piece. */
  #outgoing: Buffer | null = null;
  #collector: BodyCollector | null = null;
  #status = 0;
  /** The caller gets nothing more of the callee's reply. */
  #isMute = false;
  #isSilent = false;
  #isDisposed = false;

  constructor({ side, call, request, acting }: ActedCallOptions) {
    this.#side = side;
    this.#call = call;
    this.request = request;
    this.acting = acting;
  }

  /** The request's head is there. */
  start(): void {
    this.#act = startAct(this);
  }

  /** Bytes of a request that is not simply forwarded. */
  requestBytes(data: Buffer): void {
    if (this.#call.up === 'act') this.#act.requestBytes?.(data);
    else if (this.#call.up === 'held') this.#heldRequest.push(data);
  }

  /** How many bytes of the request are kept here. */
  get heldBytes(): number {
    return this.#heldRequest.bytes;
  }

  requestEnd(): void {
    if (this.#ownReply !== null) this.#sendOwn(this.#ownReply, this.request.closes);
    else if (this.#call.up === 'act') this.#act.requestEnd?.();
  }

  /** The rest of the request cannot be followed. */
  requestBroken(): void {
    if (this.#ownReply !== null) this.#sendOwn(this.#ownReply, true);
    else if (this.#call.up === 'act') this.#act.release?.();
  }

  fromUpstream(data: Buffer): void {
    if (this.#heldReply !== null) this.#heldReply.push(data);
    else this.#read(data);
    this.#flush();
  }

  upstreamEnded(): void {
    if (this.#heldReply !== null) {
      this.#isEndHeld = true;
      return;
    }
    if (this.#isSilent) return;
    if (!this.#call.replyDone && this.#reader.endsWithConnection) this.#replyEnd();
    if (this.#side.isOver()) return;
    if (this.#call.isAnswered) return this.#side.wire.endCaller();
    this.#act.replyCutShort?.();
    this.#flush();
    if (this.#side.isOver()) return;
    this.#call.exchange.finish('truncated');
    this.#side.wire.endCaller();
  }

  /** The caller ended its side; answers whether there is nothing left to do. */
  callerEnded(): boolean {
    // A request that stays incomplete cannot be edited.
    if (this.#call.up === 'act') this.#act.release?.();
    return this.#isSilent || this.#act.endsWithCaller === true || (this.#call.up === 'swallow' && !this.#call.requestDone);
  }

  /** The rule is out of force. */
  released(): void {
    this.#act.release?.();
    // What it has not begun it does not begin any more.
    if (!this.#hasActed && !this.#side.isOver()) this.#act = PASS;
    this.#flush();
  }

  /** The call is over, whatever became of it. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#alarm.clear();
    this.#heldRequest.clear();
    this.#act.over?.();
  }

  touch(): void {
    this.#hasActed = true;
    this.#call.exchange.touch(this.acting.spec.name, this.acting.spec.action.kind);
  }

  wake(delayMs: number): void {
    this.#alarm.set(monotonicUs() + delayMs * 1000);
  }

  holdRequest(): void {
    this.#call.up = 'held';
  }

  swallowRequest(): void {
    this.#call.up = 'swallow';
  }

  takeRequest(): void {
    this.#call.up = 'act';
  }

  sendRequest(data: Buffer): void {
    this.#call.up = 'forward';
    this.#side.toUpstream(data);
  }

  holdReply(): void {
    this.#heldReply ??= [];
    this.#side.wire.holdUpstream(true);
  }

  goOn(): void {
    this.#alarm.clear();
    if (this.#call.up === 'held') {
      this.#call.up = 'forward';
      if (this.#heldRequest.bytes > 0) this.#side.toUpstream(this.#heldRequest.takeAll());
      this.#side.requestWentOn();
    }
    this.#replyGoesOn();
  }

  interim(head: Buffer): void {
    this.pass(head);
    this.#flush();
    this.#call.exchange.firstByteUs = null;
  }

  passHead(head: Buffer, status: number): void {
    this.#call.exchange.status = status;
    this.pass(head);
  }

  pass(data: Buffer): void {
    if (this.#isMute || this.#side.isOver() || data.length === 0) return;
    const { exchange } = this.#call;
    exchange.firstByteUs ??= monotonicUs();
    exchange.bytesDown += data.length;
    const before = this.#outgoing;
    if (before !== null && before.buffer === data.buffer && before.byteOffset + before.length === data.byteOffset) {
      this.#outgoing = Buffer.from(data.buffer, before.byteOffset, before.length + data.length);
    } else {
      this.#flush();
      this.#outgoing = data;
    }
  }

  finishReply(): void {
    if (this.#call.isAnswered || this.#side.isOver()) return;
    this.#flush();
    this.#isMute = true;
    this.#call.isAnswered = true;
    this.#call.exchange.finish('answered');
    this.#side.settle(this.#call, this.#status);
  }

  observe(body: Buffer): void {
    const { observe } = this.#side;
    if (this.#collector === null || observe === undefined) return;
    const collector = new BodyCollector();
    collector.data(body);
    this.#call.exchange.observed = collector.observe(observe);
  }

  fallSilent(): void {
    this.#flush();
    this.#isSilent = true;
    this.#isMute = true;
  }

  answer(reply: OwnReply): void {
    this.#alarm.clear();
    if (this.#heldReply !== null) {
      this.#sendOwn(reply, this.request.closes);
      return;
    }
    this.#call.up = 'swallow';
    this.#heldRequest.clear();
    this.#side.wire.holdCaller(false);
    if (this.#call.requestDone) this.#sendOwn(reply, this.request.closes);
    else if (this.request.expects) this.#sendOwn(reply, true);
    else this.#ownReply = reply;
  }

  end(how: 'reset' | 'close', outcome: ExchangeOutcome): void {
    if (this.#side.isOver()) return;
    this.#flush();
    this.#side.end(how, outcome);
  }

  sizeLine(bytes: Buffer): void {
    if (this.#act.sizeLine === undefined) this.pass(bytes);
    else this.#act.sizeLine(bytes);
  }

  chunk(size: number): void {
    this.#act.chunk?.(size);
  }

  data(bytes: Buffer): void {
    if (this.#act.data === undefined) this.pass(bytes);
    else this.#act.data(bytes);
    this.#collector?.data(bytes);
  }

  frame(bytes: Buffer): void {
    if (this.#act.frame === undefined) this.pass(bytes);
    else this.#act.frame(bytes);
  }

  #rang(): void {
    this.#act.rang?.();
    this.#flush();
  }

  #flush(): void {
    const data = this.#outgoing;
    this.#outgoing = null;
    if (data !== null) this.#side.wire.toCaller(data);
  }

  #read(bytes: Buffer): void {
    const reader = this.#reader;
    let at = 0;
    while (at < bytes.length && !this.#side.isOver()) {
      if (this.#heldReply !== null) {
        this.#heldReply.push(bytes.subarray(at));
        return;
      }
      if (this.#isBehindReply()) {
        if (this.#isSilent) return;
        // What comes behind a complete reply answers nothing that was asked.
        this.#flush();
        this.#side.wire.toCaller(bytes.subarray(at));
        return;
      }
      at = reader.read(bytes, at, this);
      if (reader.state === 'headed') this.#replyHead();
      if (reader.state === 'raw') return this.#cannotFollow(bytes.subarray(at));
      if (reader.state === 'done') this.#replyEnd();
    }
  }

  #isBehindReply(): boolean {
    return this.#call.replyDone || this.#reader.state === 'raw';
  }

  #replyHead(): void {
    const { headBytes, headFrom, headEnd } = this.#reader;
    const raw = headBytes.subarray(headFrom, headEnd + 4);
    const head = parseReplyHead(headBytes, this.request.method, headFrom, headEnd);
    if (head === null) {
      this.#reader.state = 'raw';
      this.pass(raw);
    } else if (head.status < 200 && head.status !== 101) {
      this.#reader.reset();
      this.interim(raw);
    } else {
      this.#status = head.status;
      this.#collector = this.#side.observe !== undefined && head.isJson ? new BodyCollector() : null;
      this.#reader.begin(head.framing, head.length);
      if (this.#act.replyHead === undefined) this.passHead(raw, head.status);
      else this.#act.replyHead(head, raw);
    }
  }

  #replyEnd(): void {
    if (this.#heldReply !== null) {
      this.#isReplyEndHeld = true;
      return;
    }
    const { observe } = this.#side;
    this.#call.replyDone = true;
    if (this.#collector !== null && observe !== undefined) this.#call.exchange.observed = this.#collector.observe(observe);
    if (!this.#isSilent && !this.#call.isAnswered) {
      if (this.#act.replyEnd === undefined) this.finishReply();
      else this.#act.replyEnd();
    }
    if (!this.#side.isOver()) this.#side.settle(this.#call, this.#status);
  }

  /** From here on the reply is no HTTP, or none that can be followed: the rule has no say in it any more. */
  #cannotFollow(rest: Buffer): void {
    if (this.#isSilent) return;
    if (this.#isMute) return this.end('close', 'answered');
    this.#act.replyCutShort?.();
    if (this.#side.isOver()) return;
    this.#act = PASS;
    this.pass(this.#reader.partial);
    this.pass(rest);
    this.#flush();
    this.#side.cannotFollow();
  }

  #replyGoesOn(): void {
    const held = this.#heldReply;
    if (held === null) return;
    this.#heldReply = null;
    if (this.#isReplyEndHeld) {
      this.#isReplyEndHeld = false;
      this.#replyEnd();
    }
    for (const data of held) this.fromUpstream(data);
    if (this.#heldReply !== null || this.#side.isOver()) return;
    this.#side.wire.holdUpstream(false);
    if (!this.#isEndHeld) return;
    this.#isEndHeld = false;
    this.#side.upstreamEnded();
  }

  #sendOwn(reply: OwnReply, closes: boolean): void {
    const { exchange } = this.#call;
    const data = statusReply(reply, { method: this.request.method, closes });
    this.#act = PASS;
    this.#isMute = true;
    this.#call.isAnswered = true;
    this.#side.wire.toCaller(data);
    exchange.status = reply.status;
    exchange.bytesDown += data.length;
    exchange.firstByteUs = monotonicUs();
    exchange.finish('answered', exchange.firstByteUs);
    if (closes) return this.end('close', 'answered');
    if (this.#heldReply !== null) return this.#replyGoesOn();
    this.#call.replyDone = true;
    this.#side.settle(this.#call, reply.status);
  }
}
