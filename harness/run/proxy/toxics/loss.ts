import { monotonicUs } from '../../clock.ts';
import { Brim } from './brim.ts';
import { amount, type Stage, type StageContext, type ToxicKind } from './contract.ts';
import { DelayLine, type Held } from './delay-line.ts';
import { LossyChannel } from './lossy-channel.ts';

/** What an Ethernet packet carries of a TCP stream. */
const SEGMENT_BYTES = 1460;
/** What Linux waits at least before it sends a segment again, in milliseconds. */
const RTO_MS = 200;
/** A segment that was lost that often arrives all the same. */
const LOSSES = 6;
/** About a window: a sender does not get further ahead of what is lost. */
const QUEUED_BYTES = 64 * 1024;

/**
 * Packet loss as a receiver of TCP sees it: no byte is missing and none is out of order, but the stream stands still until what was lost has
 * been sent again. Each segment of 1460 B of the stream is lost by chance, and each time it is, everything from it on waits `rto` ms, twice
 * that when it is lost again, and so on.
 */
export const loss: ToxicKind = {
  attributes: {
    loss: { kind: 'number', min: 0, max: 100, isOurs: true },
    correlation: { kind: 'number', min: 0, max: 100, isOurs: true },
    rto: { min: 0, isOurs: true },
  },
  start: (context) => new LossStage(context),
};

class LossStage implements Stage {
  readonly #context: StageContext;
  readonly #brim: Brim;
  readonly #line: DelayLine<Held>;
  readonly #channel: LossyChannel;
  /** Bytes of the present segment that have come. */
  #within = 0;
  /** Until when the stream stands still. */
  #freeUs = -Infinity;

  constructor(context: StageContext) {
    this.#context = context;
    this.#brim = new Brim(() => this.#line.bytes >= QUEUED_BYTES, context.flow);
    this.#channel = new LossyChannel(context.random);
    this.#line = new DelayLine<Held>({
      leave: ({ data }) => (data === null ? context.out.end() : context.out.chunk(data)),
      left: () => this.#brim.look(),
      isExact: true,
    });
  }

  chunk(data: Buffer): void {
    let from = 0;
    let stallMs = 0;
    let at = 0;
    while (at < data.length) {
      const segmentMs = this.#within === 0 ? this.#drawStallMs() : 0;
      if (segmentMs > 0) {
        this.#pass(data.subarray(from, at), stallMs);
        from = at;
        stallMs = segmentMs;
      }
      const bytes = Math.min(SEGMENT_BYTES - this.#within, data.length - at);
      this.#within = (this.#within + bytes) % SEGMENT_BYTES;
      at += bytes;
    }
    this.#pass(data.subarray(from), stallMs);
    this.#brim.look();
  }

  end(): void {
    if (this.#line.length === 0) this.#context.out.end();
    else this.#line.push({ data: null, dueUs: -Infinity });
  }

  full(): boolean {
    return this.#brim.isFull;
  }

  /** What waits is as good as sent again. */
  update(): void {
    this.release();
    this.#freeUs = -Infinity;
    this.#brim.look();
  }

  release(): void {
    this.#line.release();
  }

  stop(): void {
    this.#line.stop();
  }

  /** How long the next segment holds the stream up, in milliseconds. */
  #drawStallMs(): number {
    const { attributes } = this.#context;
    const share = amount(attributes, 'loss') / 100;
    const correlation = amount(attributes, 'correlation') / 100;
    let stallMs = 0;
    let rtoMs = amount(attributes, 'rto', RTO_MS);
    for (let losses = 0; losses < LOSSES && this.#channel.loses(share, correlation); losses++) {
      stallMs += rtoMs;
      rtoMs *= 2;
    }
    return stallMs;
  }

  #pass(data: Buffer, stallMs: number): void {
    if (data.length === 0) return;
    const nowUs = monotonicUs();
    this.#freeUs = Math.max(this.#freeUs, nowUs) + stallMs * 1000;
    if (this.#line.length === 0 && this.#freeUs <= nowUs) {
      this.#context.out.chunk(data);
      return;
    }
    this.#context.touch();
    this.#line.push({ data, dueUs: this.#freeUs });
  }
}
