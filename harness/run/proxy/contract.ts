import type { Observe } from '../../model/system.ts';
import type { ExchangeRow } from '../../model/recording.ts';

/** A listening proxy on one edge. */
export interface EdgeSpec {
  readonly edge: string;
  readonly protocol: 'http' | 'tcp';
  /** `host:port` of the callee. */
  readonly upstream: string;
  readonly observe?: Observe;
}

/** A toxic as Toxiproxy's API takes it. */
export interface ToxicSpec {
  /** Name of the fault, with `#part` behind it where one fault needs several toxics on one edge. */
  readonly name: string;
  readonly type: string;
  readonly stream: 'upstream' | 'downstream';
  /** Share of the connections that it hits. @default 1 */
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/** Which exchanges an HTTP rule hits: all conditions together. */
export interface HttpTarget {
  readonly method?: string;
  /** Path with `*` for any text: `/charges/*`. */
  readonly path?: string;
  /** Headers that must have exactly this value (names without regard to case). */
  readonly headers?: Readonly<Record<string, string>>;
  /** Exact share of the matching exchanges, by seeded places in each block of 20. */
  readonly share?: number;
  /** Every n-th matching exchange. */
  readonly everyNth?: number;
  /** The first n matching exchanges. */
  readonly first?: number;
}

export type HttpAction =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Holds the request before it is passed on, or the reply before its first byte is. */
  | { readonly kind: 'delay'; readonly before: 'request' | 'response'; readonly delayMs: number }
  /** Resets the caller's connection: before the request is passed on, after the reply's head, or in the middle of its body. */
  | { readonly kind: 'abort'; readonly at: 'before' | 'after-headers' | 'mid-body' }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Passes the request on (the effect happens) and keeps the reply: for ever (`lost`, connection reset once the reply is there) or `delayMs` too long. */
  | { readonly kind: 'reply-lost' }
  | { readonly kind: 'reply-late'; readonly delayMs: number }
  /** Accepts the connection and resets it at once. */
  | { readonly kind: 'refuse' };

export interface RuleSpec {
  /** Name of the fault. */
  readonly name: string;
  readonly action: HttpAction;
  readonly target: HttpTarget;
  readonly seed: number;
}

/** What faults may ask of the proxy between the services, whichever proxy it is. */
export interface ProxyControl {
  addToxic(edge: string, toxic: ToxicSpec, signal: AbortSignal): Promise<void>;
  /** Removing what is not there is no error. */
  removeToxic(edge: string, name: string, signal: AbortSignal): Promise<void>;
  addRule(edge: string, rule: RuleSpec, signal: AbortSignal): Promise<void>;
  removeRule(edge: string, name: string, signal: AbortSignal): Promise<void>;
  /** Exchanges (or connections, on a TCP edge) that the fault of this name has touched since the proxy started. */
  touched(fault: string, signal: AbortSignal): Promise<number>;
}

/** An exchange as the proxy reports it: times on the proxy's monotonic clock, in microseconds. */
export type TapRecord = Omit<ExchangeRow, 'id'>;

/** The proxy process as an environment runs it. */
export interface ProxyProcess extends ProxyControl, AsyncDisposable {
  readonly controlUrl: string;
  /** Opens the edge's proxy; answers the address that the caller is to use. */
  open(edge: EdgeSpec, signal: AbortSignal): Promise<{ readonly host: string; readonly port: number }>;
  /** Points an open edge at another address. */
  retarget(edge: string, upstream: string, signal: AbortSignal): Promise<void>;
  /** Asks for the proxy's clock: microseconds on its monotonic clock, and how uncertain that is. */
  clock(signal: AbortSignal): Promise<{ readonly offsetUs: number; readonly uncertaintyUs: number }>;
  /** Ends open exchanges as `unfinished`, sends what is still buffered, and resolves when the last record was delivered. */
  flush(signal: AbortSignal): Promise<{ readonly lost: number }>;
}

/** The fault whose toxic this is: its name up to `#`. */
export function faultOfToxic(toxicName: string): string {
  const hash = toxicName.indexOf('#');
  return hash < 0 ? toxicName : toxicName.slice(0, hash);
}
