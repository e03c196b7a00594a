import type { ExchangeOutcome, Observed } from '../../../model/recording.ts';
import { monotonicUs } from '../../clock.ts';
import type { TapRecord } from '../contract.ts';

/** Where exchanges are reported. */
export interface ExchangeLog {
  record(record: TapRecord): void;
  countTouch(fault: string): void;
}

/** Where exchanges come from: an edge, and the service instance behind it. */
export interface TapOrigin {
  readonly edge: string;
  readonly instance: string;
  readonly connection: number;
}

/** A call under way, as the tap knows it so far. */
export class Exchange {
  method = '';
  path = '';
  traceId = '';
  status = 0;
  bytesUp = 0;
  bytesDown = 0;
  observed: Observed | null = null;
  firstByteUs: number | null = null;
  readonly startedUs: number;
  readonly #origin: TapOrigin;
  readonly #log: ExchangeLog;
  #fault: string | null = null;
  #touch: string | null = null;
  #faults: Set<string> | null = null;
  #isFinished = false;

  constructor(origin: TapOrigin, log: ExchangeLog, startedUs: number) {
    this.#origin = origin;
    this.#log = log;
    this.startedUs = startedUs;
  }

  /** A fault acted on this exchange; the first one to do so names it, and each counts it once. */
  touch(fault: string, touch: string): void {
    if (this.#isFinished || this.#fault === fault || this.#faults?.has(fault) === true) return;
    if (this.#fault === null) {
      this.#fault = fault;
      this.#touch = touch;
    } else {
      this.#faults ??= new Set();
      this.#faults.add(fault);
    }
    this.#log.countTouch(fault);
  }

  /** Reports the exchange; only the first call does anything. */
  finish(outcome: ExchangeOutcome, endedUs: number = monotonicUs()): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const record: TapRecord = {
      edge: this.#origin.edge,
      instance: this.#origin.instance,
      connection: this.#origin.connection,
      startedUs: this.startedUs,
      firstByteUs: this.firstByteUs,
      endedUs,
      outcome,
      status: this.status,
      method: this.method,
      path: this.path,
      traceId: this.traceId,
      bytesUp: this.bytesUp,
      bytesDown: this.bytesDown,
      observed: this.observed,
      fault: this.#fault,
      touch: this.#touch,
    };
    this.#log.record(record);
  }
}
