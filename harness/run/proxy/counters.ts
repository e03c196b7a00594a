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

/** The counts of several branches together. */
export function sumOf(branches: readonly ProxyCounters[]): ProxyCounters {
  const total = (count: (counters: ProxyCounters) => number): number => branches.reduce((sum, counters) => sum + count(counters), 0);
  const touched = new Map<string, number>();
  for (const branch of branches) {
    for (const [fault, count] of Object.entries(branch.touched)) touched.set(fault, (touched.get(fault) ?? 0) + count);
  }
  return {
    upstream: { received: total(({ upstream }) => upstream.received), sent: total(({ upstream }) => upstream.sent) },
    downstream: { received: total(({ downstream }) => downstream.received), sent: total(({ downstream }) => downstream.sent) },
    accepted: total(({ accepted }) => accepted),
    open: total(({ open }) => open),
    dialErrors: {
      refused: total(({ dialErrors }) => dialErrors.refused),
      timeout: total(({ dialErrors }) => dialErrors.timeout),
      unreachable: total(({ dialErrors }) => dialErrors.unreachable),
      other: total(({ dialErrors }) => dialErrors.other),
    },
    acceptErrors: total(({ acceptErrors }) => acceptErrors),
    resets: total(({ resets }) => resets),
    touched: Object.fromEntries(touched),
  };
}

/** How many a fault has touched; its name may be anything, `__proto__` included. */
export function touchesOf({ touched }: ProxyCounters, fault: string): number {
  return Object.hasOwn(touched, fault) ? (touched[fault] ?? 0) : 0;
}
