import { monotonicUs } from '../../clock.ts';
import { LocalPace } from '../pace.ts';
import { Brim } from './brim.ts';
import { amount, type Pace, type Stage, type StageContext, type ToxicKind } from './contract.ts';
import { DelayLine, type Held } from './delay-line.ts';
import { Holding, roomBytes } from './holding.ts';
import { Ring } from './ring.ts';

/**
 * At least as many bytes wait behind the piece that is on the wire, and as many as the rate carries in QUEUED_MS, so that the wire does not run
 * dry while a timer or a read is late.
 */
const QUEUED_BYTES = 128 * 1024;
const MOST_QUEUED_BYTES = 4 * 1024 * 1024;
const QUEUED_MS = 50;
/** Pieces are at most what the rate carries in this time, as Toxiproxy cuts them, and what it reads at once; or a fast wire's millisecond. */
const PIECE_MS = 100;
const PIECE_BYTES = 32 * 1024;
const PIECE_LEAST_MS = 1;
/** On a shared wire they are shorter, so that no connection keeps the others waiting. */
const SHARED_PIECE_MS = 10;
const SHARED_PIECE_BYTES = 16 * 1024;
const SHARED_PIECE_LEAST_MS = 2;
/** The wire is asked for that much ahead, in microseconds and pieces, so that it never lies idle while a timer is late. */
const AHEAD_US = 4000;
const AHEAD_PIECES = 2;
/** A queue that is empty for a shorter time only waits for its source to be read on, in microseconds. */
const BREATH_US = 10_000;

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
  readonly #brim: Brim;
  /** What has not been given a place on the wire: under a new rate it is cut by that. */
  readonly #waiting = new Ring<Buffer>();
  readonly #holding = new Holding();
  readonly #line: DelayLine<Piece>;
  #aheadUs = 0;
  #ownPace: Pace = new LocalPace();
  /** Since when the wire has been wanted without a break. */
  #wantedUs = -Infinity;
  /** When the last piece should have left, and when one did that left nothing behind it. */
  #dueUs = -Infinity;
  #emptyUs = -Infinity;
  #isEnded = false;
  #isStopped = false;

  constructor(context: StageContext) {
    this.#context = context;
    this.#brim = new Brim(() => this.#isFull(), context.flow);
    this.#line = new DelayLine<Piece>({
      leave: ({ data, lengthUs, dueUs }) => {
        this.#aheadUs -= lengthUs;
        this.#dueUs = dueUs;
        context.out.chunk(data);
      },
      left: () => {
        if (this.#isEmpty()) this.#emptyUs = monotonicUs();
        this.#goOn();
      },
      isExact: false,
    });
  }

  chunk(data: Buffer): void {
    // What was passed on before it may have ended the connection.
    if (this.#isStopped) return;
    this.#context.touch();
    if (this.#isEmpty()) this.#wantedUs = this.#wantedAnewUs();
    this.#waiting.push(data);
    this.#holding.take(data.length);
    this.#goOn();
  }

  end(): void {
    this.#isEnded = true;
    this.#goOn();
  }

  full(): boolean {
    return this.#brim.isFull;
  }

  update(): void {
    const [first, ...others] = this.#line.takeAll();
    this.#aheadUs = 0;
    this.#ownPace = new LocalPace();
    this.#wantedUs = monotonicUs();
    if (first !== undefined) this.#context.out.chunk(first.data);
    if (this.#isStopped) return;
    for (const { data } of others.toReversed()) this.#putBack(data);
    this.#goOn();
  }

  release(): void {
    this.#line.release();
    for (let data = this.#waiting.shift(); data !== undefined; data = this.#waiting.shift()) this.#context.out.chunk(data);
    this.#holding.clear();
    if (this.#isEnded) this.#context.out.end();
  }

  stop(): void {
    this.#isStopped = true;
    this.#line.stop();
    this.#waiting.clear();
    this.#holding.clear();
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
      pace.reserve({ lengthUs, sinceUs: this.#wantedUs }, (freeUs) => this.#line.settle(piece, freeUs));
    }
    if (this.#isEnded && this.#isEmpty()) {
      this.#isEnded = false;
      this.#context.out.end();
    }
    this.#brim.look();
  }

  #isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#line.length === 0;
  }

  #isFull(): boolean {
    const room = Math.max(QUEUED_BYTES, Math.min(MOST_QUEUED_BYTES, this.#bytesPerMs() * QUEUED_MS));
    return this.#holding.bytes + this.#line.bytes - this.#line.firstBytes >= roomBytes(room);
  }

  /** Since when a queue that was empty wants the wire: by how much its last piece left too late is made up for if it comes back soon. */
  #wantedAnewUs(): number {
    const nowUs = monotonicUs();
    return nowUs - this.#emptyUs < BREATH_US ? nowUs - Math.max(0, this.#emptyUs - this.#dueUs) : nowUs;
  }

  /** Takes the next piece. */
  #cut(bytesPerMs: number): Buffer {
    const data = this.#waiting.shift() as Buffer;
    this.#holding.drop(data.length);
    const most = this.#context.attributes['scope'] === 'proxy' ? sharedPieceBytes(bytesPerMs) : ownPieceBytes(bytesPerMs);
    if (data.length <= most) return data;
    this.#putBack(data.subarray(most));
    return data.subarray(0, most);
  }

  #putBack(data: Buffer): void {
    this.#waiting.unshift(data);
    this.#holding.take(data.length);
  }

  #bytesPerMs(): number {
    return amount(this.#context.attributes, 'rate');
  }
}

function ownPieceBytes(bytesPerMs: number): number {
  return Math.min(bytesPerMs * PIECE_MS, Math.max(PIECE_BYTES, bytesPerMs * PIECE_LEAST_MS));
}

function sharedPieceBytes(bytesPerMs: number): number {
  return Math.min(bytesPerMs * SHARED_PIECE_MS, Math.max(SHARED_PIECE_BYTES, bytesPerMs * SHARED_PIECE_LEAST_MS));
}
