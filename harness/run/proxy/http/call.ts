import type { HttpAction, RuleSpec } from '../contract.ts';
import type { Exchange } from '../tap/exchange.ts';
import type { RequestHead } from './head.ts';

/** One exchange on its way through an HTTP connection. */
export interface Call {
  readonly exchange: Exchange;
  /** null where the bytes could not be followed as HTTP. */
  readonly head: RequestHead | null;
  readonly rule: RuleSpec | null;
  requestDone: boolean;
  replyDone: boolean;
  /** What becomes of the request's bytes. */
  up: 'forward' | 'held' | 'swallow';
  /** What becomes of the reply's bytes; `delay` turns into `held` when the first one comes. */
  down: 'forward' | 'delay' | 'held' | 'swallow' | 'cut';
  /** Bytes of the body that still pass before a cut; null until the head told. */
  cutAfter: number | null;
}

/** A call that the rule, if any, is to act on. */
export function openCall(exchange: Exchange, head: RequestHead | null, rule: RuleSpec | null): Call {
  return { exchange, head, rule, requestDone: head === null, replyDone: false, ...modes(rule?.action), cutAfter: null };
}

function modes(action: HttpAction | undefined): Pick<Call, 'up' | 'down'> {
  switch (action?.kind) {
    case undefined:
      return { up: 'forward', down: 'forward' };
    case 'status':
    case 'hang':
    case 'refuse':
      return { up: 'swallow', down: 'swallow' };
    case 'delay':
      return action.before === 'request' ? { up: 'held', down: 'forward' } : { up: 'forward', down: 'delay' };
    case 'abort':
      return action.at === 'before' ? { up: 'swallow', down: 'swallow' } : { up: 'forward', down: 'cut' };
    case 'reply-lost':
      return { up: 'forward', down: 'swallow' };
    case 'reply-late':
      return { up: 'forward', down: 'delay' };
    default:
      throw new Error(`Cannot act on '${action?.kind}': not built yet`);
  }
}

/** How long the rule holds the bytes, in milliseconds. */
export function holdMs(rule: RuleSpec | null): number {
  return rule?.action.kind === 'delay' || rule?.action.kind === 'reply-late' ? rule.action.delayMs : 0;
}
