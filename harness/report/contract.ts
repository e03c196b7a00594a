import type { Outcome, RunVerdict } from '../model/outcome.ts';
import type { Recording } from '../model/recording.ts';

/** One judged run as a reporter sees it. */
export interface JudgedRun {
  readonly recording: Recording;
  readonly verdict: RunVerdict;
  /** Index of the run in `Outcome.scenarios`. */
  readonly index: number;
  /** The bytes of its screenshots, by the file that the recording names. @default none at hand */
  readonly pictures?: ReadonlyMap<string, Uint8Array>;
}

/**
 * One report format. `digest` runs once a run, right after it was judged, and keeps only what `render` needs: the
 * recording is let go after it. Both are pure; a reporter prints, it never phrases and never decides.
 */
export interface Reporter<D = unknown> {
  readonly kind: string;
  /** File name inside the output folder. */
  readonly file: string;
  digest(run: JudgedRun): D;
  render(outcome: Outcome, digests: readonly D[]): string | Promise<string>;
}
