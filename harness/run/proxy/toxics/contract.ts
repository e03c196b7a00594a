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
  readonly attributes: Attributes;
  /** The same for all connections of the proxy that the toxic hits, whichever process they are in. */
  readonly pace: Pace;
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

/** A toxic's settings by name. Toxiproxy's own are always all there; ours beyond them only where they were given. */
export type Attributes = Readonly<Record<string, number | string>>;

/** A wire whose time is given out in the order in which it is asked for, to all connections of a proxy together. */
export interface Pace {
  /**
   * Reserves the wire; `granted` is told, at once or later, when the time that is wanted has passed (on the monotonic clock, in
   * microseconds). A wire that lay idle while it was wanted makes up for it: whoever wanted it was late to ask.
   */
  reserve(want: Want, granted: (freeUs: number) => void): void;
}

/** Time that is wanted of a wire, in microseconds. */
export interface Want {
  readonly lengthUs: number;
  /** Since when, on the monotonic clock. */
  readonly sinceUs: number;
}

/** What one attribute may be. */
export type AttributeRule =
  | {
      readonly kind?: 'whole';
      readonly min: number;
      readonly max?: number;
      /** Not one of Toxiproxy's: absent unless given. */
      readonly isOurs?: boolean;
    }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly isOurs: true }
  | { readonly kind: 'choice'; readonly options: readonly string[]; readonly isOurs: true };

export interface ToxicKind {
  /** What the toxic takes; Toxiproxy's own attributes are whole numbers, 0 by default. */
  readonly attributes: Readonly<Record<string, AttributeRule>>;
  /** What is wrong with the settings together, or undefined. */
  problem?(attributes: Attributes): string | undefined;
  /** Its clock runs from the moment at which it is put in force; the others' work begins with the first bytes or the end of the stream. */
  readonly startsAtOnce?: true;
  /** What it reports as its touch. @default its own type */
  touchOf?(attributes: Attributes): string;
  start(context: StageContext): Stage;
}

/** A numeric attribute, or what stands for it where it is not given. */
export function amount(attributes: Attributes, name: string, absent = 0): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : absent;
}
