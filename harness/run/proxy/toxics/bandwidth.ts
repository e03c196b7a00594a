import { LocalPace } from '../pace.ts';
import { watchBrim } from './brim.ts';
import { amount, type Pace, type Stage, type StageContext, type ToxicKind } from './contract.ts';
import { DelayLine, type Held } from './delay-line.ts';
import { Ring } from './ring.ts';

/** A queue holds at least as many bytes, and as many as the rate carries in QUEUED_MS, so that a late timer never finds it empty. */
const QUEUED_BYTES = 64 * 1024;
const MOST_QUEUED_BYTES = 4 * 1024 * 1024;
const QUEUED_MS = 10;
/** Pieces are at most what the rate carries in this time, as Toxiproxy cuts them. */
const PIECE_MS = 100;
/** On a shared wire they are shorter, so that no connection keeps the others waiting. */
const SHARED_PIECE_MS = 10;
const SHARED_PIECE_BYTES = 16 * 1024;
const SHARED_PIECE_LEAST_MS = 2;
/** The wire is asked for that much ahead, in microseconds and pieces, so that it never lies idle while a timer is late. */
const AHEAD_US = 4000;
const AHEAD_PIECES = 2;

interface Piece extends Held {
  readonly data: Buffer;
  /** How long the wire carries it. */
  readonly lengthUs: number;
}

/**
 * Lets `rate` kB/s (kB = 1000 B) through, 0 nothing; for each connection, or with `scope: 'proxy'` for all connections that it hits together.
 * A piece leaves when the wire has carried it.
 */
export const bandwidth: ToxicKind = {
  attributes: { rate: { min: 0 }, scope: { kind: 'choice', options: ['connection', 'proxy'], isOurs: true } },
  start: (context) => new BandwidthStage(context),
};

class BandwidthStage implements Stage {
  readonly #context: StageContext;
  readonly #tell: () => void;
  /** What has not been given a place on the wire: under a new rate it is cut by that. */
  readonly #waiting = new Ring<Buffer>();
  #waitingBytes = 0;
  readonly #line: DelayLine<Piece>;
  #aheadUs = 0;
  #ownPace: Pace = new LocalPace();
  #isEnded = false;

  constructor(context: StageContext) {
    this.#context = context;
    this.#tell = watchBrim(() => this.full(), context.flow);
    this.#line = new DelayLine<Piece>({
      leave: ({ data, lengthUs }) => {
        this.#aheadUs -= lengthUs;
        context.out.chunk(data);
      },
      left: () => this.#goOn(),
      isExact: false,
    });
  }

  chunk(data: Buffer): void {
    this.#context.touch();
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    this.#goOn();
  }

  end(): void {
    this.#isEnded = true;
    this.#goOn();
  }

  full(): boolean {
    const room = Math.min(MOST_QUEUED_BYTES, this.#bytesPerMs() * QUEUED_MS);
    return this.#waitingBytes + this.#line.bytes >= Math.max(QUEUED_BYTES, room);
  }

  update(): void {
    const [first, ...others] = this.#line.takeAll();
    this.#aheadUs = 0;
    this.#ownPace = new LocalPace();
    if (first !== undefined) this.#context.out.chunk(first.data);
    for (const { data } of others.toReversed()) this.#putBack(data);
    this.#goOn();
  }

  release(): void {
    this.#line.release();
    for (let data = this.#waiting.shift(); data !== undefined; data = this.#waiting.shift()) this.#context.out.chunk(data);
    this.#waitingBytes = 0;
    if (this.#isEnded) this.#context.out.end();
  }

  stop(): void {
    this.#line.stop();
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#isEnded = false;
  }

  #goOn(): void {
    const pace = this.#context.attributes['scope'] === 'proxy' ? this.#context.pace : this.#ownPace;
    const bytesPerMs = this.#bytesPerMs();
    while (bytesPerMs > 0 && this.#waiting.length > 0 && (this.#line.length < AHEAD_PIECES || this.#aheadUs < AHEAD_US)) {
      const data = this.#cut(bytesPerMs);
      const lengthUs = (data.length / bytesPerMs) * 1000;
      const piece: Piece = { data, lengthUs, dueUs: Infinity };
      this.#aheadUs += lengthUs;
      this.#line.push(piece);
      pace.reserve(lengthUs, (freeUs) => this.#line.settle(piece, freeUs));
    }
    if (this.#isEnded && this.#waiting.length === 0 && this.#line.length === 0) {
      this.#isEnded = false;
      this.#context.out.end();
    }
    this.#tell();
  }

  /** Takes the next piece. */
  #cut(bytesPerMs: number): Buffer {
    const data = this.#waiting.shift() as Buffer;
    this.#waitingBytes -= data.length;
    const most = this.#context.attributes['scope'] === 'proxy' ? sharedPieceBytes(bytesPerMs) : bytesPerMs * PIECE_MS;
    if (data.length <= most) return data;
    this.#putBack(data.subarray(most));
    return data.subarray(0, most);
  }

  #putBack(data: Buffer): void {
    this.#waiting.unshift(data);
    this.#waitingBytes += data.length;
  }

  #bytesPerMs(): number {
    return amount(this.#context.attributes, 'rate');
  }
}

function sharedPieceBytes(bytesPerMs: number): number {
  return Math.min(bytesPerMs * SHARED_PIECE_MS, Math.max(SHARED_PIECE_BYTES, bytesPerMs * SHARED_PIECE_LEAST_MS));
}
