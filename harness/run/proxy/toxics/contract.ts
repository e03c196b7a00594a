import type { Random } from '../../../model/random.ts';

/** Where bytes of one direction go next: another toxic, or the far socket. */
export interface Sink {
  chunk(data: Buffer): void;
  /** The source has finished sending. */
  end(): void;
}

/** What a running toxic sees of its connection. */
export interface StageContext {
  /** The toxic's settings as they are now; they change under an update. */
  readonly attributes: Readonly<Record<string, number>>;
  /** Seeded for this toxic on this connection and direction. */
  readonly random: Random;
  readonly out: Sink;
  /** Counts the exchange under way as touched by the toxic. */
  touch(): void;
  /** The stage's queue grew or shrank past its limit. */
  flow(): void;
  /** Ends both sides of the connection in order (FIN). */
  close(): void;
  /** Ends both sides of the connection once everything before this stage's end has been passed on. */
  closeAfterEnd(): void;
  /** Ends both sides of the connection at once (RST). */
  reset(): void;
}

/** A toxic at work on one direction of one connection. */
export interface Stage extends Sink {
  /** Holds so much that the source must wait. */
  full(): boolean;
  /** The settings changed. */
  update(): void;
  /** The toxic is withdrawn: passes on at once, in order, whatever it still holds. */
  release(): void;
  /** The connection is gone: stops its timers. */
  stop(): void;
}

export interface ToxicKind {
  /** Whole numbers that the toxic takes, all 0 by default, with the least that each may be. */
  readonly attributes: Readonly<Record<string, { readonly min: number }>>;
  /** What is wrong with the settings together, or undefined. */
  problem?(attributes: Readonly<Record<string, number>>): string | undefined;
  start(context: StageContext): Stage;
}
