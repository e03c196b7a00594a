import type { HeldOutcome, HttpAction } from '../../contract.ts';
import type { ExchangeOutcome } from '../../../../model/recording.ts';
import type { BodySink } from '../chunked.ts';
import type { ReplyHead, RequestHead } from '../head.ts';
import type { ActingRule } from '../rules.ts';

/** A reply that the proxy makes itself. */
export type OwnReply = Omit<Extract<HeldOutcome, { readonly kind: 'status' }>, 'kind'>;

/** What an action may do to the call that it acts on. */
export interface CallControl {
  readonly request: RequestHead;
  readonly acting: ActingRule;
  /** The action does something to the call's bytes: the exchange is counted as touched. */
  touch(): void;
  /** Sets the one alarm of the call. */
  wake(delayMs: number): void;

  /** The request's bytes are kept here until `goOn`. */
  holdRequest(): void;
  /** The callee gets nothing of the request. */
  swallowRequest(): void;
  /** The request's bytes go to the action, until it sends what is to go instead of what came so far; the rest follows as it comes. */
  takeRequest(): void;
  sendRequest(data: Buffer): void;

  /** From the reply's head on the callee's bytes are kept where they are, until `goOn`. */
  holdReply(): void;
  /** What is held goes on. */
  goOn(): void;
  /** Gives the caller an interim reply. */
  interim(head: Buffer): void;
  /** Gives the caller a head, or more of it, and the status that it says. */
  passHead(head: Buffer, status: number): void;
  pass(data: Buffer): void;
  /** The caller has its whole reply; what the callee still says of it is dropped. */
  finishReply(): void;
  /** What the caller's reply says, where that is not what the callee said. */
  observe(body: Buffer): void;
  /** Nothing more is sent, and the callee's bytes are dropped; the caller may leave. */
  fallSilent(): void;
  /** Answers in the callee's place, once the request is complete. */
  answer(reply: OwnReply): void;
  /** Ends the caller's connection. */
  end(how: 'reset' | 'close', outcome: ExchangeOutcome): void;
}

/** An action at work on one call. What a hook leaves out passes as it is. */
export interface Act extends BodySink {
  /** Bytes of the request, head included, after `takeRequest`. */
  requestBytes?(data: Buffer): void;
  requestEnd?(): void;
  /** The head of the final reply, `raw` with its empty line. Interim replies have passed. */
  replyHead?(head: ReplyHead, raw: Buffer): void;
  /** The reply is complete; by default the caller's is as well. */
  replyEnd?(): void;
  /** The callee ended the connection within its reply, which ends the caller's behind what `pass` gave it. */
  replyCutShort?(): void;
  rang?(): void;
  /** The rule is out of force: lets go of what it holds. */
  release?(): void;
  /** The call is over, whatever became of it. */
  over?(): void;
  /** Where the caller ends its side there is nothing left to do. */
  readonly endsWithCaller?: boolean;
}

interface Row<A extends HttpAction> {
  readonly kind: A['kind'];
  /** The request's head is there and nothing of it has been passed on. */
  start(action: A, call: CallControl): Act;
}

/** A row of the table of HTTP actions. */
export type ActionKind<K extends HttpAction['kind'] = HttpAction['kind']> = Row<Extract<HttpAction, { readonly kind: K }>>;
