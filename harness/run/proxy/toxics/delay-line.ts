import { monotonicUs } from '../../clock.ts';
import { Alarm } from './alarm.ts';
import type { Sink } from './contract.ts';

interface Held {
  /** null is the end of the stream. */
  readonly data: Buffer | null;
  readonly arrivedUs: number;
  dueUs: number;
}

/** Chunks that wait for their moment and leave in the order in which they came. */
export class DelayLine {
  #held: Held[] = [];
  #bytes = 0;
  readonly #out: Sink;
  readonly #flow: () => void;
  readonly #alarm = new Alarm(() => this.#emitDue());

  constructor(out: Sink, flow: () => void) {
    this.#out = out;
    this.#flow = flow;
  }

  get length(): number {
    return this.#held.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the last chunk is due, or -Infinity. */
  get lastDueUs(): number {
    return this.#held.at(-1)?.dueUs ?? -Infinity;
  }

  push(data: Buffer | null, arrivedUs: number, dueUs: number): void {
    this.#held.push({ data, arrivedUs, dueUs });
    this.#bytes += data?.length ?? 0;
    if (!this.#alarm.isSet) this.#arm();
  }

  /** Lets the first chunk go and gives the others new moments. */
  reschedule(dueUs: (arrivedUs: number, data: Buffer | null) => number): void {
    this.#alarm.clear();
    this.#shift();
    for (const held of this.#held) held.dueUs = dueUs(held.arrivedUs, held.data);
    this.#arm();
    this.#flow();
  }

  releaseAll(): void {
    this.#alarm.clear();
    while (this.#held.length > 0) this.#shift();
    this.#flow();
  }

  stop(): void {
    this.#alarm.clear();
    this.#held = [];
    this.#bytes = 0;
  }

  #arm(): void {
    const first = this.#held[0];
    if (first !== undefined && Number.isFinite(first.dueUs)) this.#alarm.set(first.dueUs);
  }

  #shift(): void {
    const first = this.#held.shift();
    if (first === undefined) return;
    this.#bytes -= first.data?.length ?? 0;
    if (first.data === null) this.#out.end();
    else this.#out.chunk(first.data);
  }

  #emitDue(): void {
    const nowUs = monotonicUs() + 200;
    while (this.#held.length > 0 && (this.#held[0]?.dueUs ?? Infinity) <= nowUs) this.#shift();
    this.#arm();
    this.#flow();
  }
}
