import { connect, type Socket } from 'node:net';
import { Link } from './link.ts';
import type { Break, Tap, Wire } from './tap/contract.ts';
import type { Stream, Toxic } from './toxic.ts';

/** How long a callee may take to accept, in milliseconds. */
const DIAL_MS = 5000;
const NOTHING = Buffer.alloc(0);

export interface ConnectionOptions {
  readonly caller: Socket;
  readonly seed: number;
  /** Names the dice of this connection: proxy and ordinal. */
  readonly label: string;
  /** Where to dial now; asked again when a connection has to be dialled anew. */
  readonly target: () => { readonly host: string; readonly port: number };
  readonly toxics: (stream: Stream) => readonly Toxic[];
  readonly tap: (wire: Wire) => Tap;
  readonly onClosed: (connection: Connection) => void;
}

/** A caller's connection and the one to the callee behind it, with both directions between them. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #caller: Socket;
  #upstream: Socket;
  readonly #up: Link;
  #down: Link;
  readonly tap: Tap;
  #isCallerHeld = false;
  #isUpstreamHeld = false;
  #isCallerPaused = false;
  #isUpstreamPaused = false;
  #isOver = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#caller = options.caller;
    this.tap = options.tap(this.#wire());
    this.#upstream = this.#dial();
    this.#up = new Link(
      {
        ...this.#hooks('upstream', () => this.#flowUp()),
        exit: {
          chunk: (data) => {
            if (!this.#upstream.destroyed && !this.#upstream.write(data)) this.#flowUp();
          },
          end: () => {
            if (!this.#upstream.destroyed) this.#upstream.end();
          },
        },
      },
      options.toxics('upstream'),
    );
    this.#down = this.#downLink();
    this.#watchCaller();
  }

  /** The proxy's toxics changed. */
  sync(stream: Stream): void {
    if (this.#isOver) return;
    (stream === 'upstream' ? this.#up : this.#down).sync(this.#options.toxics(stream));
  }

  /** One toxic's settings changed. */
  update(toxic: Toxic): void {
    if (!this.#isOver) (toxic.stream === 'upstream' ? this.#up : this.#down).update(toxic);
  }

  /** Ends both sides at once, without a word of reset: the proxy is stopped. */
  drop(): void {
    this.#conclude('closed');
    this.#caller.destroy();
    this.#upstream.destroy();
  }

  #wire(): Wire {
    return {
      toUpstream: (data) => this.#up.chunk(data),
      endUpstream: () => this.#up.end(),
      toCaller: (data) => {
        if (!this.#caller.destroyed && !this.#caller.write(data)) this.#flowDown();
      },
      endCaller: () => {
        if (!this.#caller.destroyed) this.#caller.end();
      },
      holdCaller: (isHeld) => {
        this.#isCallerHeld = isHeld;
        this.#flowUp();
      },
      holdUpstream: (isHeld) => {
        this.#isUpstreamHeld = isHeld;
        this.#flowDown();
      },
      redial: () => this.#redial(),
      reset: () => this.#resetAfterWrites(),
    };
  }

  #hooks(stream: Stream, flow: () => void): Omit<ConstructorParameters<typeof Link>[0], 'exit'> {
    return {
      label: `${this.#options.label}/${stream}`,
      seed: this.#options.seed,
      touch: (fault, touch) => this.tap.touch(fault, touch),
      flow,
      close: () => this.#close(),
      reset: () => this.#abort('reset'),
    };
  }

  #downLink(): Link {
    const exit = { chunk: (data: Buffer) => this.tap.fromUpstream(data), end: () => this.tap.upstreamEnded() };
    return new Link({ ...this.#hooks('downstream', () => this.#flowDown()), exit }, this.#options.toxics('downstream'));
  }

  #watchCaller(): void {
    const caller = this.#caller;
    caller.on('data', (data: Buffer) => this.tap.fromCaller(data));
    caller.on('end', () => this.tap.callerEnded());
    caller.on('drain', () => this.#flowDown());
    caller.on('error', () => this.#abort('caller-left'));
    caller.on('close', () => this.#closed());
  }

  #dial(): Socket {
    const socket = connect({ ...this.#options.target(), allowHalfOpen: true, noDelay: true });
    const isCurrent = (): boolean => this.#upstream === socket;
    let isConnected = false;
    const deadline = setTimeout(() => socket.destroy(new Error('no answer')), DIAL_MS);
    socket.once('connect', () => {
      isConnected = true;
      clearTimeout(deadline);
    });
    socket.on('data', (data: Buffer) => {
      if (isCurrent()) this.#down.chunk(data);
    });
    socket.on('end', () => {
      if (isCurrent()) this.#down.end();
    });
    socket.on('drain', () => this.#flowUp());
    socket.on('error', () => {
      if (!isCurrent() || this.#isOver) return;
      if (isConnected) this.#abort('reset');
      else this.tap.refused();
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      if (isCurrent()) this.#closed();
    });
    return socket;
  }

  #redial(): void {
    const previous = this.#upstream;
    this.#down.stop();
    this.#upstream = this.#dial();
    previous.destroy();
    this.#down = this.#downLink();
    this.#isUpstreamPaused = false;
    this.#flowUp();
  }

  #flowUp(): void {
    const mustWait = this.#isCallerHeld || this.#upstream.writableNeedDrain || this.#up.full();
    if (mustWait === this.#isCallerPaused) return;
    this.#isCallerPaused = mustWait;
    if (mustWait) this.#caller.pause();
    else this.#caller.resume();
  }

  #flowDown(): void {
    const mustWait = this.#isUpstreamHeld || this.#caller.writableNeedDrain || this.#down.full();
    if (mustWait === this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = mustWait;
    if (mustWait) this.#upstream.pause();
    else this.#upstream.resume();
  }

  /** A peer is gone or a fault wants it so: both get a reset, at once. */
  #abort(how: Break): void {
    if (this.#isOver) return;
    this.#conclude(how);
    reset(this.#caller);
    reset(this.#upstream);
  }

  #resetAfterWrites(): void {
    this.#conclude('reset');
    reset(this.#upstream);
    if (this.#caller.writableLength === 0 || this.#caller.destroyed) reset(this.#caller);
    else this.#caller.write(NOTHING, () => reset(this.#caller));
  }

  #close(): void {
    if (this.#isOver) return;
    this.#conclude('closed');
    this.#caller.destroySoon();
    this.#upstream.destroySoon();
  }

  #closed(): void {
    if (this.#caller.destroyed && this.#upstream.destroyed) {
      this.#conclude('closed');
      this.#options.onClosed(this);
    } else if (this.#caller.destroyed && !this.#caller.readableEnded) {
      this.#upstream.destroy();
    }
  }

  #conclude(how: Break): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#up.stop();
    this.#down.stop();
    this.tap.broken(how);
  }
}

function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
