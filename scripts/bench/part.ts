/** How a bench is to be run. */
export interface BenchOptions {
  /** Shorter and rougher: every part together in about a minute. */
  readonly isQuick: boolean;
  readonly projectFolder: string;
  /** Scratch folder of this part; removed afterwards. */
  readonly folder: string;
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** One thing that is measured; `run` answers the Markdown below its heading. */
export interface BenchPart {
  readonly name: string;
  readonly title: string;
  run(options: BenchOptions): Promise<string>;
}
