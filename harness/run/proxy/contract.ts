import type { Observe } from '../../model/system.ts';
import type { ExchangeRow } from '../../model/recording.ts';

/** A listening proxy on one edge. */
export interface EdgeSpec {
  readonly edge: string;
  readonly protocol: 'http' | 'tcp';
  /** `host:port` of the callee. */
  readonly upstream: string;
  readonly observe?: Observe;
  /** `host:port` to listen on. @default a free port of 127.0.0.1 */
  readonly listen?: string;
}

/** A toxic as Toxiproxy's API takes it. */
export interface ToxicSpec {
  /** Name of the fault, with `#part` behind it where one fault needs several toxics on one edge. */
  readonly name: string;
  readonly type: string;
  readonly stream: 'upstream' | 'downstream';
  /** Share of the connections that it hits. @default 1 */
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number | string>>;
}

/**
 * Which exchanges an HTTP rule hits. `method`, `path`, `headers` and `traceId` say which exchanges match; the others choose among the
 * matching ones by number, counted from when the rule is put in force. They act in the order in which they stand here (`after`, `first`,
 * `everyNth`, `pattern`, `share`, `next`), and each numbers only what the one before let through: `everyNth: 2, share: 0.5` hits exactly
 * ten of each 20 second ones.
 */
export interface HttpTarget {
  readonly method?: string;
  /** Path with `*` for any text: `/charges/*`. */
  readonly path?: string;
  /** Headers that must have this value, with `*` for any text (names without regard to case). */
  readonly headers?: Readonly<Record<string, string>>;
  /** The trace id of the request's `traceparent`: 32 hexadecimal digits. */
  readonly traceId?: string;
  /** Spares the first k matching exchanges. */
  readonly after?: number;
  /** Only the first n matching exchanges. */
  readonly first?: number;
  /** Every n-th matching exchange. */
  readonly everyNth?: number;
  /** Hit and spared exchanges in turn, repeated: `xx.` hits two and spares the third. */
  readonly pattern?: string;
  /** Exact share: round(20 × share) of each block of 20, at seeded places. */
  readonly share?: number;
  /** Budget of n hits: none after them until the rule is put in force again. */
  readonly next?: number;
}

/** Where in its reply's way to the caller a call is stopped; `after-bytes` counts bytes of the body. */
export type ReplyPoint = 'before' | 'after-headers' | 'mid-body' | 'after-bytes';

export type HttpAction =
  /** Answers in the callee's place. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Seconds of a Retry-After header. */
      readonly retryAfterS?: number;
    }
  /** Holds the request before it is passed on, or the reply before its first byte is. */
  | { readonly kind: 'delay'; readonly before: 'request' | 'response'; readonly delayMs: number; readonly jitterMs?: number }
  /** Passes the reply's body in pieces of `pieceBytes`, each `delayMs` after the one before. */
  | { readonly kind: 'slow-body'; readonly pieceBytes: number; readonly delayMs: number }
  /** Ends the caller's connection at that point: with a reset, or (`how: 'close'`) in order. `before` keeps the request from the callee. */
  | { readonly kind: 'abort'; readonly at: ReplyPoint; readonly bytes?: number; readonly how?: 'reset' | 'close' }
  /** Goes silent at that point and stays so. @default at 'before' (the callee never sees the request) */
  | { readonly kind: 'hang'; readonly at?: ReplyPoint; readonly bytes?: number }
  /** Passes only the first `bytes` bytes of the reply's body, or that share of a body of known length, well framed: valid HTTP, broken content. */
  | { readonly kind: 'truncate'; readonly bytes?: number; readonly share?: number }
  /** Changes `bytes` bytes of the reply's body at seeded places within its first 64 KiB, or (`what: 'framing'`) sends junk where a chunk's size or the rest of the body should be, then closes. */
  | { readonly kind: 'corrupt'; readonly bytes: number; readonly what?: 'body' | 'framing' }
  /** Edits head and body of a request or a reply; a body of more than 1 MiB, or a compressed one, passes unedited and is not counted as touched unless its head was edited. */
  | {
      readonly kind: 'edit';
      readonly of: 'request' | 'response';
      readonly status?: number;
      readonly setHeaders?: Readonly<Record<string, string>>;
      readonly removeHeaders?: readonly string[];
      /** The whole new body. */
      readonly body?: string;
      /** Texts to be replaced wherever they occur. */
      readonly replace?: readonly { readonly find: string; readonly with: string }[];
      /** Values to be put at JSON pointers of a JSON body. */
      readonly json?: readonly { readonly pointer: string; readonly value: unknown }[];
    }
  /** Lets `limit` matching requests through in each window of `windowMs` (the first begins with the first request) and answers the rest with 429 and Retry-After. */
  | { readonly kind: 'quota'; readonly limit: number; readonly windowMs: number; readonly status?: number; readonly body?: string }
  /** Holds each call that it hits until it is released, at most `maxMs` (then it passes). */
  | { readonly kind: 'hold'; readonly at: 'request' | 'response'; readonly maxMs?: number }
  /** Passes the request on (the effect happens) and keeps the reply: for ever (`lost`, connection reset once the reply is there) or `delayMs` too long. */
  | { readonly kind: 'reply-lost' }
  | { readonly kind: 'reply-late'; readonly delayMs: number }
  /** Accepts the connection and resets it at once. */
  | { readonly kind: 'refuse' };

/** What becomes of a held call that is released. */
export type HeldOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'close' }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> };

/** A call that a `hold` rule holds. */
export interface HeldCall {
  /** Which of the rule's hits it is, from 1. */
  readonly ordinal: number;
  readonly method: string;
  readonly path: string;
  readonly traceId: string;
  readonly at: 'request' | 'response';
  /** Status of the reply that is held, 0 where a request is. */
  readonly status: number;
  readonly heldMs: number;
}

/** Which held calls are to be released, and how; all conditions together. */
export interface ReleaseRequest {
  /** The oldest n. @default all */
  readonly count?: number;
  /** Those of these hits. @default any */
  readonly ordinals?: readonly number[];
  /** @default { kind: 'pass' } */
  readonly outcome?: HeldOutcome;
}

export interface RuleSpec {
  /** Name of the fault. */
  readonly name: string;
  readonly action: HttpAction;
  readonly target: HttpTarget;
  readonly seed: number;
  /** Who put it in force: what one owner put in force can be withdrawn together. */
  readonly owner?: string;
  /** It is withdrawn after so many milliseconds without renewal. */
  readonly ttlMs?: number;
}

/** A rule as it is asked for: without a seed of its own it takes the proxy's. */
export type WantedRule = Omit<RuleSpec, 'seed'> & { readonly seed?: number };

/** What faults may ask of the proxy between the services, whichever proxy it is. */
export interface ProxyControl {
  addToxic(edge: string, toxic: ToxicSpec, signal: AbortSignal): Promise<void>;
  /** Removing what is not there is no error. */
  removeToxic(edge: string, name: string, signal: AbortSignal): Promise<void>;
  addRule(edge: string, rule: RuleSpec, signal: AbortSignal): Promise<void>;
  /** Calls that it holds are passed on. */
  removeRule(edge: string, name: string, signal: AbortSignal): Promise<void>;
  /** The calls that a `hold` rule holds, oldest first. Fails where there is no such rule. */
  held(edge: string, rule: string, signal: AbortSignal): Promise<readonly HeldCall[]>;
  /** Releases held calls; answers how many. Fails where there is no such rule. */
  release(edge: string, rule: string, request: ReleaseRequest, signal: AbortSignal): Promise<number>;
  /** Exchanges (or connections, on a TCP edge) that the fault of this name has touched since the proxy started. */
  touched(fault: string, signal: AbortSignal): Promise<number>;
}

/** An exchange as the proxy reports it: times on the proxy's monotonic clock, in microseconds. */
export type TapRecord = Omit<ExchangeRow, 'id'>;

/** The proxies of a run, whatever stands behind them. */
export interface RunningProxy extends ProxyControl, AsyncDisposable {
  /** The proxy's clock against the run's: microseconds on its monotonic clock, and how uncertain that is. */
  clock(signal: AbortSignal): Promise<{ readonly offsetUs: number; readonly uncertaintyUs: number }>;
  /** Ends open exchanges as `unfinished`, sends what is still buffered, and resolves when the last record was delivered. */
  flush(signal: AbortSignal): Promise<{ readonly lost: number }>;
}

/** The proxy process as an environment runs it. */
export interface ProxyProcess extends RunningProxy {
  readonly controlUrl: string;
  /** Opens the edge's proxy; answers the address that the caller is to use. */
  open(edge: EdgeSpec, signal: AbortSignal): Promise<{ readonly host: string; readonly port: number }>;
  /** Points an open edge at another address. */
  retarget(edge: string, upstream: string, signal: AbortSignal): Promise<void>;
  /**
   * Makes every proxy as if it were new: no toxic and no rule, all connections cut, listening where it did.
   *
   * @returns what was read back
   * @throws {HarnessError} if anything of it is still there
   */
  reset(signal: AbortSignal): Promise<{ readonly proxies: number; readonly connectionsCut: number }>;
}

/** A proxy of a Toxiproxy: where it listens, and where it leads. */
export interface ToxiproxySpec {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
}

/** A Toxiproxy that is not ours, through its control API. Calls that it leaves unanswered reject with FrozenProxyError. */
export interface RealToxiproxy {
  readonly controlUrl: string;
  readonly version: string;
  /** Makes the proxies that are not there, points the others at their upstream, reads them back. */
  ensure(proxies: readonly ToxiproxySpec[], signal: AbortSignal): Promise<void>;
  proxies(signal: AbortSignal): Promise<readonly (ToxiproxySpec & { readonly isEnabled: boolean; readonly toxics: readonly string[] })[]>;
  /** In force, and read back, when it resolves. */
  addToxic(proxy: string, toxic: ToxicSpec, signal: AbortSignal): Promise<void>;
  /** Removing what is not there is no error. */
  removeToxic(proxy: string, name: string, signal: AbortSignal): Promise<void>;
  /** Removing what is not there is no error. */
  removeProxy(proxy: string, signal: AbortSignal): Promise<void>;
  /** Removes every toxic and enables every proxy; resolves with the number of proxies when that was read back. */
  reset(signal: AbortSignal): Promise<number>;
}

/** Relay and Toxiproxy as one. Disposing it disposes the relay's connection, and ends a replacement that is under way. */
export interface ChainedProxies extends RunningProxy {
  /** Withdraws everything and cuts all connections, so that the next run meets nothing of this one; answers what was read back, as text. */
  reset(signal: AbortSignal): Promise<string>;
}

export interface ChainOptions {
  readonly relay: ProxyProcess;
  /** The one that stands now: it may have been replaced. */
  toxiproxy(): RealToxiproxy;
  /** Puts a new one in the place of one that does not answer any more, with the same proxies. */
  recreate(signal: AbortSignal): Promise<void>;
  /** What happened, for the record. */
  onRecreated(detail: string): void;
}

/** The fault whose toxic this is: its name up to `#`. */
export function faultOfToxic(toxicName: string): string {
  const hash = toxicName.indexOf('#');
  return hash < 0 ? toxicName : toxicName.slice(0, hash);
}
