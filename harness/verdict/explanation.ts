import type { Finding } from '../model/finding.ts';

/** What a person reads of one finding. */
export interface Words {
  readonly expected: string;
  readonly measured: string;
  /** How finely it could be measured, where that matters. */
  readonly resolution?: string;
  /** One sentence, past tense: what was seen, by how much, when. */
  readonly sentence: string;
}

export type Values = Finding['explanation']['values'];

/** One row of an explanation table: the words for one code. Must not throw, whatever the values are: stored runs may be older. */
export type Explanation = (values: Values, finding: Finding) => Words;

/** The rows of one table, by code. */
export type Explanations = Readonly<Record<string, Explanation>>;
