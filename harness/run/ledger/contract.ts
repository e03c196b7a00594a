/** Something outside of this process that must not outlive its run. */
export type Entry =
  | { readonly kind: 'container'; readonly name: string }
  | { readonly kind: 'network'; readonly name: string }
  | { readonly kind: 'volume'; readonly name: string }
  /** A compose project: all that carries its name. `files` and `folder` are what it was started with. */
  | { readonly kind: 'compose'; readonly project: string; readonly files: readonly string[]; readonly folder: string }
  /** A toxic on a Toxiproxy that somebody else runs. */
  | { readonly kind: 'toxic'; readonly controlUrl: string; readonly proxy: string; readonly toxic: string }
  /** A proxy that a run made on a Toxiproxy that somebody else runs. */
  | { readonly kind: 'proxy'; readonly controlUrl: string; readonly proxy: string }
  /** A folder for temporary files, by its absolute path. */
  | { readonly kind: 'folder'; readonly path: string };

/** Who wrote a ledger: enough to tell whether that process still runs. */
export interface Owner {
  readonly runId: string;
  readonly pid: number;
  /** When the process started, as the kernel counts it: tells it from a later one of the same number. */
  readonly startedTicks: string;
  /** The machine's boot and the process namespace in it, `<boot id>.<inode>`: process ids mean nothing outside of it. Empty where the platform tells neither. */
  readonly bootId: string;
}

/** What a run has made, on disk. */
export interface Ledger {
  readonly owner: Owner;
  /** Labels for everything of this run that can carry labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Writes the entry down, on disk when this returns; call it before the thing is made. */
  note(entry: Entry): void;
  /** It is gone. Crossing out what was never noted is no error. */
  strike(entry: Entry): void;
}

/** How one kind of entry is undone. */
export interface Undoer<E extends Entry = Entry> {
  readonly kind: E['kind'];
  /**
   * Resolves to true when it is gone because of this call, to false when there was nothing. Touches nothing that does not carry the
   * run's own mark (`RUN_LABEL` with the run's id), whatever its name. Rejects if it is still there.
   */
  undo(entry: E, owner: Owner, signal: AbortSignal): Promise<boolean>;
  /** For people: `container halfopen-1a2b-orders`. */
  describe(entry: E): string;
  /** A shell command that does it without halfopen. */
  byHand(entry: E): string;
  /** It lies with a container engine: a ledger that was written of another engine says nothing about this one. */
  readonly isOnEngine: boolean;
}

/** One undoer for each kind of entry, in the order in which kinds are undone. */
export type Undoers = { readonly [K in Entry['kind']]: Undoer<Extract<Entry, { readonly kind: K }>> };

/** Label that names the run to which a container, network or volume belongs. */
export const RUN_LABEL = 'dev.halfopen.run';
/** Label that names the process that made it: `bootId/pid/startedTicks`. */
export const OWNER_LABEL = 'dev.halfopen.owner';
