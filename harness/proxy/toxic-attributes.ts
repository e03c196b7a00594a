import type { ToxicType } from '../run/proxy/toxics/index.ts';

/** Every toxic by the name that the API gives it; the last four are not Toxiproxy's. */
export type ToxicName = ToxicType;

/** What each toxic takes, in the API's names and units; what is left out is 0 unless said otherwise. */
export interface ToxicAttributes {
  /** Each chunk arrives `latency` milliseconds later, spread by `jitter`; `shape` is the α of a pareto (3 where not given). */
  readonly latency: {
    readonly latency?: number;
    readonly jitter?: number;
    /** @default 'uniform' */
    readonly distribution?: 'uniform' | 'normal' | 'lognormal' | 'pareto';
    readonly shape?: number;
  };
  /** `rate` in KB/s (of 1000 bytes): of each connection, or of all together. */
  readonly bandwidth: { readonly rate?: number; readonly scope?: 'connection' | 'proxy' };
  /** The end of a stream is passed on `delay` milliseconds later. */
  readonly slow_close: { readonly delay?: number };
  /** Swallows everything; closes after `timeout` milliseconds without a chunk, 0 never. */
  readonly timeout: { readonly timeout?: number };
  /** Resets the connection `timeout` milliseconds after its first chunk. */
  readonly reset_peer: { readonly timeout?: number };
  /** Pieces of `average_size` ± `size_variation` bytes, `delay` microseconds after each. */
  readonly slicer: { readonly average_size?: number; readonly size_variation?: number; readonly delay?: number };
  /** Closes the connection after `bytes` bytes. */
  readonly limit_data: { readonly bytes?: number };
  readonly noop: Readonly<Record<string, never>>;
  /** Closes the connection (with `reset: 1`, resets it) `time` milliseconds after it, or the toxic, began. */
  readonly limit_time: { readonly time?: number; readonly reset?: 0 | 1 };
  /** Flips one bit in each of `rate` bytes of a million. */
  readonly corrupt: { readonly rate?: number };
  /** So many per cent of the segments are lost and come `rto` milliseconds late (200 where not given), as TCP repairs a loss. */
  readonly loss: { readonly loss?: number; readonly correlation?: number; readonly rto?: number };
  /** Changes nothing; counts what a toxic `of` that type on a server behind this one shows by `sign` (`bytes` where not given). */
  readonly mark: {
    readonly of?: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data';
    /** @default 'bytes' */
    readonly sign?: 'bytes' | 'cut' | 'end' | 'break';
    /** Bytes of a connection that are spared. */
    readonly after?: number;
  };
}
