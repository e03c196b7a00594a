/** What one driver's turn at one rate gave. */
export interface Turn {
  /** Requests that reached the server, over the length of the load. */
  readonly sentPerSecond: number;
  /** Share of the scheduled requests that were answered with 200. */
  readonly okRatio: number;
  /** How much later than intended a request left, as the driver has recorded it; null where it keeps no such record. */
  readonly ownLag: Spread | null;
  /** The same as the server saw requests come, counted from the most punctual of them. */
  readonly seenLag: Spread | null;
  /** What a driver took for the response time, less the time that the server says it took; null where the driver has no response times. */
  readonly excess: Spread | null;
  /** Of the driver's processes, in milliseconds for a thousand requests. */
  readonly cpuMs: number;
  /** Of the process that takes the driver's records in. */
  readonly readerCpuMs: number;
  /** Largest resident memory of the driver's processes together. */
  readonly memoryBytes: number;
}

export interface Spread {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly mostUs: number;
}

/** One turn as it is asked for. */
export interface TurnJob {
  readonly address: { readonly host: string; readonly port: number };
  readonly ratePerSecond: number;
  readonly lengthMs: number;
  /** For what it writes. */
  readonly folder: string;
}

/** What a driver can tell of its own turn; the server tells the rest. */
export interface OwnTurn extends Pick<Turn, 'ownLag' | 'excess' | 'cpuMs' | 'readerCpuMs' | 'memoryBytes' | 'okRatio'> {
  /** CPU is counted in milliseconds for the whole turn, from its first request to its last. */
  readonly cpuMs: number;
  readonly readerCpuMs: number;
}
