import type { Exchange } from '../tap/exchange.ts';
import type { ActedCall } from './acted-call.ts';
import type { RequestHead } from './head.ts';

/** One exchange on its way through an HTTP connection. */
export class Call {
  readonly exchange: Exchange;
  /** null where the bytes could not be followed as HTTP. */
  readonly head: RequestHead | null;
  /** Where a rule acts on it. */
  acted: ActedCall | null = null;
  /** The whole request has come. */
  requestDone: boolean;
  /** Nothing more comes of the callee's reply. */
  replyDone = false;
  /** The caller has its whole reply. */
  isAnswered = false;
  /** What becomes of the request's bytes; `act` gives them to the rule's action. */
  up: 'forward' | 'held' | 'swallow' | 'act' = 'forward';

  constructor(exchange: Exchange, head: RequestHead | null) {
    this.exchange = exchange;
    this.head = head;
    this.requestDone = head === null;
  }
}
