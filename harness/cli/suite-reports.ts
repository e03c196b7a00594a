import { join } from 'node:path';
import { suiteOutcome, type RunResult } from '../pipeline.ts';
import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { readPictures } from '../recording/index.ts';
import type { Reporter, Surroundings } from '../report/contract.ts';
import { failureOf } from './failure.ts';
import { pointLatest, writeWhole } from './output-folder.ts';
import { WrittenReports } from './written-reports.ts';

export interface SuiteReportsOptions {
  readonly reporters: readonly Reporter[];
  /** Absolute path; it exists. */
  readonly output: string;
  readonly surroundings: Surroundings;
  /** Told what went wrong: a report that cannot be written does not keep the others from being. */
  readonly onTrouble: (text: string) => void;
}

/** The reports of a suite, which see one run after the other and keep only what they need. */
export class SuiteReports {
  readonly written: WrittenReports;
  readonly #options: SuiteReportsOptions;
  readonly #digests: ReadonlyMap<Reporter, unknown[]>;
  #isTroubled = false;

  constructor(options: SuiteReportsOptions) {
    this.#options = options;
    this.#digests = new Map(options.reporters.map((reporter) => [reporter, []]));
    this.written = new WrittenReports(options);
  }

  /** Whether something could not be read or written. */
  get isTroubled(): boolean {
    return this.#isTroubled || this.written.isTroubled;
  }

  /** Writes a run's own outcome into its folder, and keeps what the reports need of it. */
  take(outcome: ScenarioOutcome, result: RunResult | null, index: number): void {
    const { output, onTrouble } = this.#options;
    try {
      if (outcome.folder !== '') {
        writeWhole(join(output, outcome.folder, 'outcome.json'), `${JSON.stringify(suiteOutcome([outcome]), null, 2)}\n`);
        pointLatest(output, outcome.folder);
      }
      if (result === null) return;
      const pictures = readPictures(join(output, outcome.folder), result.recording.events);
      for (const [reporter, kept] of this.#digests) kept.push(reporter.digest({ ...result, index, pictures }));
    } catch (error) {
      this.#isTroubled = true;
      onTrouble(failureOf(error).text);
    }
  }

  async render(outcome: Outcome): Promise<void> {
    for (const [reporter, digests] of this.#digests) {
      for (const file of [reporter, ...(reporter.beside ?? [])])
        await this.written.attempt(async () => this.written.add(file, await file.render(outcome, digests, this.#options.surroundings)));
    }
  }
}
