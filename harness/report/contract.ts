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

/** What lies around a suite and no recording holds; who writes the reports knows it. */
export interface Surroundings {
  /** Version of halfopen. @default not said */
  readonly version?: string;
  /** The configuration's folder inside its repository, with a `/` at its end. @default '', the repository's root */
  readonly projectPrefix?: string;
  /** Where `report.html` can be opened once the job has ended, `http:` or `https:`. @default no links to it */
  readonly reportUrl?: string;
}

/** One file of a report. */
export interface ReportFile<D = unknown> {
  /** File name inside the output folder. */
  readonly file: string;
  /**
   * Where a job of a CI reads the same text: its summary page, or its log. The CLI hands the text on where there is such a place.
   *
   * @default the file alone
   */
  readonly channel?: 'step-summary' | 'log';
  render(outcome: Outcome, digests: readonly D[], surroundings?: Surroundings): string | Promise<string>;
}

/**
 * One report format. `digest` runs once a run, right after it was judged, and keeps only what `render` needs: the
 * recording is let go after it. Both are pure; a reporter prints, it never phrases and never decides.
 */
export interface Reporter<D = unknown> extends ReportFile<D> {
  readonly kind: string;
  digest(run: JudgedRun): D;
  /** Files that belong to the same report. @default none */
  readonly beside?: readonly ReportFile<D>[];
}
