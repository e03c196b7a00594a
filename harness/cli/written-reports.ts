import { join, relative } from 'node:path';
import { HarnessError } from '../model/problem.ts';
import type { ReportFile } from '../report/contract.ts';
import { failureOf } from './failure.ts';
import { handOn } from './job.ts';
import { writeWhole } from './output-folder.ts';

export interface WrittenReportsOptions {
  /** The output folder, as an absolute path. */
  readonly output: string;
  /** Told what could not be written. */
  readonly onTrouble: (text: string) => void;
}

/** The suite's files in the output folder. */
export class WrittenReports {
  readonly #options: WrittenReportsOptions;
  readonly #texts = new Map<string, { readonly channel: ReportFile['channel']; readonly text: string }>();
  #isTroubled = false;
  constructor(options: WrittenReportsOptions) {
    this.#options = options;
  }

  /** Whether something could not be written. */
  get isTroubled(): boolean {
    return this.#isTroubled;
  }

  /** As paths from here. */
  get files(): readonly string[] {
    return [...this.#texts.keys()].map((file) => pathFromHere(join(this.#options.output, file)));
  }

  /** @throws {HarnessError} if it cannot be written, or another reporter has written it */
  add({ file, channel }: Pick<ReportFile, 'file' | 'channel'>, text: string): void {
    if (this.#texts.has(file)) throw new HarnessError(`Cannot write ${file} as another reporter has written a file of this name`);
    writeWhole(join(this.#options.output, file), text);
    this.#texts.set(file, { channel, text });
  }

  /** Says what went wrong in place of throwing it. */
  async attempt(act: () => void | Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#isTroubled = true;
      this.#options.onTrouble(failureOf(error).text);
    }
  }

  /** To the job's summary and its log, where they are. */
  async handOn(): Promise<void> {
    for (const { channel, text } of this.#texts.values()) {
      if (channel !== undefined) await this.attempt(() => handOn(channel, text, process.env));
    }
  }
}

function pathFromHere(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
