/** What a tap may do to its connection. */
export interface Wire {
  toUpstream(data: Buffer): void;
  endUpstream(): void;
  toCaller(data: Buffer): void;
  endCaller(): void;
  /** Stops or goes on reading from a peer. */
  holdCaller(isHeld: boolean): void;
  holdUpstream(isHeld: boolean): void;
  /** Lets go of an upstream that ended, and dials again. */
  redial(): void;
  /** Ends both sides in order (FIN), once each has what was written to it. */
  close(): void;
  /** Ends both sides at once (RST), once the caller has what was written to it. */
  reset(): void;
}

/** How a connection came to its end, for the exchange that was under way. */
export type Break = 'refused' | 'reset' | 'caller-left' | 'closed';

/** Sits on the caller's side of a connection: sees what the caller sent and what it got. */
export interface Tap {
  /** Passes each piece on before it returns, and never keeps a part of it. */
  readonly isStraight: boolean;
  /** It still has some of the bytes that it was given. */
  keepsBytes(): boolean;
  fromCaller(data: Buffer): void;
  callerEnded(): void;
  fromUpstream(data: Buffer): void;
  upstreamEnded(): void;
  /** The callee could not be reached. */
  refused(): void;
  /** The connection is over: ends the exchange under way. */
  broken(how: Break): void;
  /** A toxic acted on the bytes under way. */
  touch(fault: string, touch: string): void;
  /** A rule is out of force: what it holds goes on. */
  released(rule: string): void;
  /** The recording stops: ends the exchange under way as unfinished. */
  flush(): void;
}
