import type { CaseStore } from './case-store.ts';

export interface ProofOptions {
  /** How many cases; each proof has its own number where it is not given. */
  readonly runs: number | undefined;
  readonly projectFolder: string;
  /** Scratch folder of this proof; removed afterwards. */
  readonly folder: string;
  readonly cases: CaseStore;
  readonly signal: AbortSignal;
  say(line: string): void;
}

export interface Proven {
  /** Whether everything that is claimed was seen. */
  readonly holds: boolean;
  readonly markdown: string;
}

/** One claim about halfopen itself, tried out. */
export interface Proof {
  readonly name: string;
  readonly title: string;
  run(options: ProofOptions): Promise<Proven>;
}

/** A claim with its answer, as a line of a report. */
export function claim(holds: boolean, text: string): string {
  return `- ${holds ? '**holds**' : '**does not hold**'}: ${text}`;
}
