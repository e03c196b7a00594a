import { monotonicUs } from '../../clock.ts';
import type { Break, Tap, Wire } from './contract.ts';
import { Exchange, type ExchangeLog, type TapOrigin } from './exchange.ts';

/** One record for each connection. */
export class TcpTap implements Tap {
  readonly isStraight = true;
  readonly #wire: Wire;
  readonly #exchange: Exchange;
  #callerEndedUs: number | null = null;
  #calleeEndedFirst = false;

  constructor(wire: Wire, origin: TapOrigin, log: ExchangeLog) {
    this.#wire = wire;
    this.#exchange = new Exchange(origin, log, monotonicUs());
  }

  keepsBytes(): boolean {
    return false;
  }

  fromCaller(data: Buffer): void {
    this.#exchange.bytesUp += data.length;
    this.#wire.toUpstream(data);
  }

  callerEnded(): void {
    this.#callerEndedUs = monotonicUs();
    this.#wire.endUpstream();
  }

  fromUpstream(data: Buffer): void {
    this.#exchange.firstByteUs ??= monotonicUs();
    this.#exchange.bytesDown += data.length;
    this.#wire.toCaller(data);
  }

  upstreamEnded(): void {
    this.#calleeEndedFirst = this.#callerEndedUs === null;
    this.#wire.endCaller();
  }

  refused(): void {
    this.#exchange.finish('refused');
    this.#wire.reset();
  }

  broken(how: Break): void {
    if (how !== 'closed') this.#exchange.finish(how);
    else if (this.#exchange.bytesDown > 0) this.#exchange.finish('answered');
    else if (this.#callerEndedUs !== null && !this.#calleeEndedFirst) this.#exchange.finish('caller-left', this.#callerEndedUs);
    else this.#exchange.finish('truncated');
  }

  touch(fault: string, touch: string): void {
    this.#exchange.touch(fault, touch);
  }

  released(): void {
    // Rules are HTTP; a TCP edge has none.
  }

  flush(): void {
    this.#exchange.finish('unfinished');
  }
}
