import type { Tap, Wire } from './contract.ts';

/** Stands where a tap would on a proxy that keeps no records: passes on, and counts what toxics touch. */
export class PlainTap implements Tap {
  readonly isStraight = true;
  readonly #wire: Wire;
  readonly #countTouch: (fault: string) => void;
  #touched: Set<string> | null = null;

  constructor(wire: Wire, countTouch: (fault: string) => void) {
    this.#wire = wire;
    this.#countTouch = countTouch;
  }

  keepsBytes(): boolean {
    return false;
  }

  fromCaller(data: Buffer): void {
    this.#wire.toUpstream(data);
  }

  callerEnded(): void {
    this.#wire.endUpstream();
  }

  fromUpstream(data: Buffer): void {
    this.#wire.toCaller(data);
  }

  upstreamEnded(): void {
    this.#wire.endCaller();
  }

  /** As Toxiproxy: the caller was accepted, and its connection ends. */
  refused(): void {
    this.#wire.close();
  }

  broken(): void {
    // Nothing is recorded here.
  }

  touch(fault: string): void {
    this.#touched ??= new Set();
    if (this.#touched.has(fault)) return;
    this.#touched.add(fault);
    this.#countTouch(fault);
  }

  released(): void {
    // Rules need HTTP, and with it another tap.
  }

  flush(): void {
    // Nothing is recorded here.
  }
}
