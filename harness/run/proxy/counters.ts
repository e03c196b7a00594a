/** What one proxy has seen since it was made, live: an open connection counts as much as a closed one. */
export interface ProxyCounters {
  /** Bytes that came from callers, and bytes that were passed on to callees. */
  readonly upstream: { readonly received: number; readonly sent: number };
  /** Bytes that came from callees, and bytes that were passed on to callers. */
  readonly downstream: { readonly received: number; readonly sent: number };
  /** Connections accepted since the proxy was made. */
  readonly accepted: number;
  /** Connections open now. */
  readonly open: number;
  /** Connections whose callee could not be reached, by reason. */
  readonly dialErrors: Readonly<Record<DialError, number>>;
  /** Connections that could not be accepted: the table of file descriptors was full. */
  readonly acceptErrors: number;
  /** Connections that a peer broke off with a reset. */
  readonly resets: number;
  /** Connections that each toxic has touched, and exchanges that each rule has, by name. */
  readonly touched: Readonly<Record<string, number>>;
}

export type DialError = 'refused' | 'timeout' | 'unreachable' | 'other';
