import { connect, type Socket } from 'node:net';
import type { HostPort } from './address.ts';
import { adopt } from './adopt.ts';
import type { DialError } from './counters.ts';
import { Link, type LinkHooks } from './link.ts';
import { COPIED_BYTES, ReadBuffer } from './read-buffer.ts';
import type { Break, Tap, Wire } from './tap/contract.ts';
import type { Stream, Toxic } from './toxic.ts';

/** How long a callee may take to accept, in milliseconds. */
const DIAL_MS = 5000;
const NOTHING = Buffer.alloc(0);

/** What a connection needs of the proxy that it belongs to. */
export interface ConnectionOwner {
  readonly name: string;
  readonly seed: number;
  /** Where to dial now; asked again when a connection has to be dialled anew. */
  target(): HostPort;
  toxics(stream: Stream): readonly Toxic[];
  /** Grow with each change of a direction's toxics. */
  readonly changes: Readonly<Record<Stream, number>>;
  tap(connection: Connection): Tap;
  dialFailed(reason: DialError): void;
  wasReset(): void;
  closed(connection: Connection): void;
}

/** Bytes that have passed, as the kernel took and gave them. */
export interface Passed {
  upReceived: number;
  upSent: number;
  downReceived: number;
  downSent: number;
}

/**
 * A caller's connection and the one to the callee behind it. Bytes go straight from socket to socket, through the tap; a direction gets a
 * chain of toxics only once one of them hits it.
 */
export class Connection implements Wire {
  /** How many connections the proxy had accepted when this one came, itself included. Names its dice. */
  ordinal: number;
  readonly tap: Tap;
  readonly #owner: ConnectionOwner;
  readonly #callerBuffer = new ReadBuffer();
  readonly #caller: Socket;
  #upstream: Socket;
  #up: Link | null = null;
  #down: Link | null = null;
  /** The changes that the two know of. */
  readonly #known: Record<Stream, number> = { upstream: 0, downstream: 0 };
  /** Bytes of callees that a redial has replaced. */
  #replaced: { read: number; written: number } | null = null;
  #isCallerHeld = false;
  #isUpstreamHeld = false;
  #isCallerPaused = false;
  #isUpstreamPaused = false;
  #isOver = false;

  /** `accepted` is paused. */
  constructor(owner: ConnectionOwner, accepted: Socket, ordinal: number) {
    this.#owner = owner;
    this.ordinal = ordinal;
    this.tap = owner.tap(this);
    const caller = adopt(accepted, { buffer: () => this.#callerBuffer.next(), callback: (read, buffer) => this.#fromCaller(read, buffer) });
    this.#caller = caller;
    this.#upstream = this.#dial();
    this.#changed('upstream');
    this.#changed('downstream');
    caller.on('end', () => {
      if (!this.#isOver) this.tap.callerEnded();
    });
    caller.on('drain', () => this.#flowDown());
    caller.on('error', () => this.#lost('caller-left'));
    caller.on('close', () => this.#closed());
  }

  /**
   * The proxy's toxics of that direction changed. A connection on which none works takes note when its next bytes come, unless one of them
   * is not to wait for those: a thousand silent connections cost nothing.
   */
  changed(stream: Stream): void {
    if (!this.#isOver) this.#changed(stream);
  }

  /** One toxic's settings changed. */
  update(toxic: Toxic): void {
    if (!this.#isOver) (toxic.stream === 'upstream' ? this.#up : this.#down)?.update(toxic);
  }

  passed(): Passed {
    const { read, written } = this.#replaced ?? { read: 0, written: 0 };
    return {
      upReceived: this.#caller.bytesRead,
      upSent: sentBy(this.#upstream) + written,
      downReceived: this.#upstream.bytesRead + read,
      downSent: sentBy(this.#caller),
    };
  }

  /** Ends both sides at once, without a word of reset: the proxy is stopped. */
  drop(): void {
    this.#conclude('closed');
    this.#caller.destroy();
    this.#upstream.destroy();
  }

  toUpstream(data: Buffer): void {
    this.#takeNote('upstream');
    if (this.#up === null) this.#writeUpstream(data);
    else this.#up.chunk(data);
  }

  endUpstream(): void {
    this.#takeNote('upstream');
    if (this.#up !== null) this.#up.end();
    else if (!this.#upstream.destroyed) this.#upstream.end();
  }

  toCaller(data: Buffer): void {
    if (!this.#caller.destroyed && !this.#caller.write(data)) this.#flowDown();
  }

  endCaller(): void {
    if (!this.#caller.destroyed) this.#caller.end();
  }

  holdCaller(isHeld: boolean): void {
    this.#isCallerHeld = isHeld;
    this.#flowUp();
  }

  holdUpstream(isHeld: boolean): void {
    this.#isUpstreamHeld = isHeld;
    this.#flowDown();
  }

  redial(): void {
    const previous = this.#upstream;
    this.#replaced ??= { read: 0, written: 0 };
    this.#replaced.read += previous.bytesRead;
    this.#replaced.written += sentBy(previous);
    this.#down?.stop();
    this.#down = null;
    this.#upstream = this.#dial();
    previous.destroy();
    this.#known.downstream = 0;
    this.#changed('downstream');
    this.#isUpstreamPaused = false;
    this.#flowUp();
  }

  close(): void {
    if (this.#isOver) return;
    this.#conclude('closed');
    this.#caller.destroySoon();
    this.#upstream.destroySoon();
  }

  reset(): void {
    this.#conclude('reset');
    reset(this.#upstream);
    if (this.#caller.writableLength === 0 || this.#caller.destroyed) reset(this.#caller);
    else this.#caller.write(NOTHING, () => reset(this.#caller));
  }

  #writeUpstream(data: Buffer): void {
    if (!this.#upstream.destroyed && !this.#upstream.write(data)) this.#flowUp();
  }

  #fromCaller(read: number, buffer: Buffer): boolean {
    if (this.#isOver) return true;
    this.#takeNote('upstream');
    const memory = this.#callerBuffer;
    // Behind a chain of toxics whatever is passed on may wait.
    if (this.#up !== null || this.#mustCopy(read)) this.tap.fromCaller(memory.take(read, buffer));
    else {
      this.tap.fromCaller(memory.peek(read, buffer));
      if (this.#isInUse()) memory.giveAway();
    }
    return true;
  }

  #fromUpstream(memory: ReadBuffer, read: number, buffer: Buffer): boolean {
    this.#takeNote('downstream');
    if (this.#down !== null) this.#down.chunk(memory.take(read, buffer));
    else if (this.#mustCopy(read)) this.tap.fromUpstream(memory.take(read, buffer));
    else {
      this.tap.fromUpstream(memory.peek(read, buffer));
      if (this.#isInUse()) memory.giveAway();
    }
    return true;
  }

  /** A few bytes that will wait are copied: they would hold on to all the memory that they were read into. */
  #mustCopy(read: number): boolean {
    return read <= COPIED_BYTES && (!this.tap.isStraight || this.#isInUse());
  }

  /** Bytes that were read still wait for somebody. */
  #isInUse(): boolean {
    return this.#upstream.writableLength > 0 || this.#caller.writableLength > 0 || this.tap.keepsBytes();
  }

  #upstreamEnded(): void {
    this.#takeNote('downstream');
    if (this.#down === null) this.tap.upstreamEnded();
    else this.#down.end();
  }

  #changed(stream: Stream): void {
    const link = stream === 'upstream' ? this.#up : this.#down;
    const mayWait = (link === null || link.isEmpty) && !this.#owner.toxics(stream).some(({ kind }) => kind.startsAtOnce === true);
    if (!mayWait) this.#sync(stream);
  }

  #takeNote(stream: Stream): void {
    if (this.#known[stream] !== this.#owner.changes[stream]) this.#sync(stream);
  }

  /** Lets the direction's toxics that hit this connection work on it; a chain that was needed once stays. */
  #sync(stream: Stream): void {
    this.#known[stream] = this.#owner.changes[stream];
    const toxics = this.#owner.toxics(stream);
    const link = stream === 'upstream' ? this.#up : this.#down;
    if (link !== null) link.sync(toxics);
    else if (toxics.length > 0) this.#startLink(stream, toxics);
  }

  #startLink(stream: Stream, toxics: readonly Toxic[]): void {
    const { name, seed } = this.#owner;
    const isUp = stream === 'upstream';
    const hooks: LinkHooks = {
      label: `${name}/${this.ordinal}/${stream}`,
      seed,
      touch: (fault, touch) => this.tap.touch(fault, touch),
      flow: isUp ? () => this.#flowUp() : () => this.#flowDown(),
      close: () => this.close(),
      reset: () => this.#abort('reset'),
      exit: isUp
        ? {
            chunk: (data) => this.#writeUpstream(data),
            end: () => {
              if (!this.#upstream.destroyed) this.#upstream.end();
            },
          }
        : { chunk: (data) => this.tap.fromUpstream(data), end: () => this.tap.upstreamEnded() },
    };
    const link = new Link(hooks);
    if (isUp) this.#up = link;
    else this.#down = link;
    link.sync(toxics);
  }

  #dial(): Socket {
    const memory = new ReadBuffer();
    const onread = {
      buffer: () => memory.next(),
      callback: (read: number, buffer: Buffer): boolean =>
        this.#upstream === socket && !this.#isOver ? this.#fromUpstream(memory, read, buffer) : true,
    };
    const socket: Socket = connect({ ...this.#owner.target(), allowHalfOpen: true, noDelay: true, onread });
    let isConnected = false;
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      socket.destroy(new Error('no answer'));
    }, DIAL_MS);
    socket.once('connect', () => {
      isConnected = true;
      clearTimeout(deadline);
    });
    socket.on('end', () => {
      if (this.#upstream === socket && !this.#isOver) this.#upstreamEnded();
    });
    socket.on('drain', () => this.#flowUp());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#upstream !== socket || this.#isOver) return;
      if (isConnected) {
        this.#lost('reset');
      } else {
        this.#owner.dialFailed(isLate ? 'timeout' : dialError(error));
        this.tap.refused();
      }
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      if (this.#upstream === socket) this.#closed();
    });
    return socket;
  }

  #flowUp(): void {
    const mustWait = this.#isCallerHeld || this.#upstream.writableNeedDrain || this.#up?.full() === true;
    if (mustWait === this.#isCallerPaused) return;
    this.#isCallerPaused = mustWait;
    if (mustWait) this.#caller.pause();
    else this.#caller.resume();
  }

  #flowDown(): void {
    const mustWait = this.#isUpstreamHeld || this.#caller.writableNeedDrain || this.#down?.full() === true;
    if (mustWait === this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = mustWait;
    if (mustWait) this.#upstream.pause();
    else this.#upstream.resume();
  }

  /** A peer broke the connection off. */
  #lost(how: Break): void {
    if (this.#isOver) return;
    this.#owner.wasReset();
    this.#abort(how);
  }

  /** A peer is gone or a fault wants it so: both get a reset, at once. */
  #abort(how: Break): void {
    if (this.#isOver) return;
    this.#conclude(how);
    reset(this.#caller);
    reset(this.#upstream);
  }

  #closed(): void {
    if (this.#caller.destroyed && this.#upstream.destroyed) {
      this.#conclude('closed');
      this.#owner.closed(this);
    } else if (this.#caller.destroyed && !this.#caller.readableEnded && !this.#isOver) {
      this.#upstream.destroy();
    }
  }

  #conclude(how: Break): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#up?.stop();
    this.#down?.stop();
    this.tap.broken(how);
  }
}

/** Node sends the reset of a socket that still connects once it has connected; the kernel may have done so already. */
function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}

/** What the kernel has taken of what was written. */
function sentBy(socket: Socket): number {
  return Math.max(0, (socket.bytesWritten ?? 0) - (socket.destroyed ? 0 : socket.writableLength));
}

function dialError({ code }: NodeJS.ErrnoException): DialError {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'unreachable';
    default:
      return 'other';
  }
}
